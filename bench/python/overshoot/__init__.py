"""64 parallel calls at a budget for ten: what this project and its peers let through."""
