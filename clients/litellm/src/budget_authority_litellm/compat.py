"""Which LiteLLM this is, and whether it tells a hook what this one has to hear."""

from __future__ import annotations

import importlib.metadata
import logging
import re
from typing import Any

OLDEST = "1.106.2"
NEWEST = "1.108.7"
"""The ends of the range that all tests pass with; `LITELLM_VERSION=… clients/litellm/test` tries
another. Those before 1.106.0 count streams of text completions by themselves where the provider
told nothing, and those before 1.100.0 say nothing of a failed attempt.
"""

log = logging.getLogger("budget_authority_litellm")

CALLBACKS = (
    "async_pre_call_hook",
    "async_pre_call_deployment_hook",
    "async_post_call_success_deployment_hook",
    "async_post_call_failure_deployment_hook",
    "async_post_call_response_headers_hook",
    "async_post_call_streaming_iterator_hook",
    "async_post_call_failure_hook",
)


class LiteLLMUnsuitable(RuntimeError):
    """Says which LiteLLM this is, and what is needed. No `ImportError`: the proxy would say in its
    place that there is no such hook.
    """


def require(base: type[Any], version: str | None = None) -> None:
    """Refuses to be loaded where money would be held or charged that nobody settles, or not what
    the provider billed.

    :param base: litellm's own base class of hooks
    :param version: that of the litellm at hand, unless it is said
    """
    version = version or importlib.metadata.version("litellm")
    needed = f"budget-authority-litellm needs litellm {OLDEST} or later: this is {version}"
    if _numbers(version) < _numbers(OLDEST):
        raise LiteLLMUnsuitable(needed)
    if _numbers(version) > _numbers(NEWEST):
        log.warning("event=litellm_not_tested version=%s newest_tested=%s", version, NEWEST)
    missing = [name for name in CALLBACKS if not hasattr(base, name)]
    if missing:
        # A build of somebody's own, or a later release without them.
        raise LiteLLMUnsuitable(f"{needed}, whose proxy does not call {', '.join(missing)}")


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)[:3]]
