"""Which LiteLLM this is, and whether it tells a hook what this one has to hear."""

from __future__ import annotations

import importlib.metadata
from typing import Any

OLDEST = "1.100.0"
"""The oldest release that all tests pass with; `LITELLM_VERSION=… clients/litellm/test` tries another."""

CALLBACKS = (
    "async_pre_call_hook",
    "async_pre_call_deployment_hook",
    "async_post_call_success_deployment_hook",
    "async_post_call_failure_deployment_hook",
    "async_post_call_response_headers_hook",
    "async_post_call_streaming_iterator_hook",
    "async_post_call_failure_hook",
)


class LiteLLMTooOld(RuntimeError):
    """Says which LiteLLM this is, and which is needed. No `ImportError`: the proxy would say in its place that there is no such hook."""


def require(base: type[Any]) -> None:
    """Refuses to be loaded where one of the callbacks is never called: money would be held or charged that nobody settles.

    Asked by callback and not by version, since a proxy may be a build of its operator's own.
    """
    missing = [name for name in CALLBACKS if not hasattr(base, name)]
    if missing:
        raise LiteLLMTooOld(
            f"budget-authority-litellm needs litellm {OLDEST} or later: this is {importlib.metadata.version('litellm')}, "
            f"whose proxy does not call {', '.join(missing)}"
        )
