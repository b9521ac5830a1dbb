"""Run budgets for a LiteLLM proxy. `callbacks: ["budget_authority_litellm.hook"]` in the proxy's
config is all that loads it.
"""

from litellm.integrations.custom_logger import CustomLogger

from .compat import require

require(CustomLogger)

# Only then: what else it imports may not be in an older release either.
from .callbacks import hook  # noqa: E402

__all__ = ["hook"]
