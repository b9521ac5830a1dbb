"""Whether a request has come to ask for more than its hold was made for."""

from __future__ import annotations

from collections.abc import Mapping

from .request import Bounds
from .tiers import MULTIPLIERS

_INPUT = ("input_tokens", "input_bytes")


def asks_for_more(asked: Bounds, now: Bounds) -> bool:
    """Whether a request may use what was not asked for. Its output cap is not compared: the one
    that was granted is written over it.
    """
    if now.get("unbounded_input") and not asked.get("unbounded_input"):
        return True
    if not asked.get("unbounded_input"):
        if sum(now.get(name, 0) for name in _INPUT) > sum(asked.get(name, 0) for name in _INPUT):
            return True
        if "input_bytes" not in asked and "input_bytes" in now:
            return True
    if now.get("choices", 1) > asked.get("choices", 1):
        return True
    if any(now.get(name) != asked.get(name) for name in MULTIPLIERS):
        return True
    if any(
        asked.get(part) == 0 and now.get(part) != 0
        for part in asked
        if part.endswith("_tokens") and part not in ("input_tokens", "max_output_tokens")
    ):
        return True
    return any(_more(asked.get(name), now.get(name)) for name in ("billed_tools", "units"))


def _more(asked: Mapping[str, int | None] | None, now: Mapping[str, int | None] | None) -> bool:
    for name, count in (now or {}).items():
        if name not in (asked or {}):
            return True
        earlier = (asked or {})[name]
        if earlier is not None and (count is None or count > earlier):
            return True
    return False
