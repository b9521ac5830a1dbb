"""The processes that a test needs, and the arithmetic that it checks them by."""
