"""The call that every system gets, and what it costs: known to the micro-USD before it is made."""

from __future__ import annotations

from typing import Any

MODEL = "gpt-4o"
INPUT_TOKENS = 20
OUTPUT_TOKENS = 200

# The prices of gpt-4o in tenths of a micro-USD: 2.50 and 10.00 USD a million tokens.
_INPUT, _OUTPUT = 25, 100
CALL_MICRO, _REST = divmod(INPUT_TOKENS * _INPUT + OUTPUT_TOKENS * _OUTPUT, 10)
assert _REST == 0

CALLS = 64
BUDGETS_MICRO = {"10 calls": 10 * CALL_MICRO, "10.5 calls": 10 * CALL_MICRO + CALL_MICRO // 2}
"""For exactly ten calls; and for ten and a half, since few budgets are a multiple of a call."""


def messages(series: int, number: int) -> list[dict[str, str]]:
    """No two calls are the same, since a proxy may answer the same call from its cache. Numbers of
    three digits are one token each.
    """
    assert 100 <= series <= 999
    assert 0 <= number <= 899
    text = f"Write two hundred words about budget {series} of team {100 + number}."
    return [{"role": "user", "content": text}]


def body(series: int, number: int, model: str = MODEL) -> dict[str, Any]:
    return {"model": model, "messages": messages(series, number), "max_tokens": OUTPUT_TOKENS}


def require_one_of_ours(body: dict[str, Any]) -> None:
    asked = body.get("max_tokens") or body.get("max_completion_tokens")
    if asked != OUTPUT_TOKENS:
        raise ValueError(f"expected {OUTPUT_TOKENS} output tokens to be asked for, but got {asked}")
