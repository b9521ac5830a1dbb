"""Run budgets for a LiteLLM proxy. `callbacks: ["budget_authority_litellm.hook"]` in the proxy's config is all that loads it."""

from .callbacks import hook

__all__ = ["hook"]
