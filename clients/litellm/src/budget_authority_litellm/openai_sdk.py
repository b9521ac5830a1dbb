"""Keeps OpenAI's SDK from repeating a call by itself."""

from __future__ import annotations

from typing import Any

import openai


def disable_retries() -> None:
    """The SDK repeats a call that failed twice, and no hook hears of it, though each may bill.
    litellm tells it not to where `max_retries` is 0, but on the routes of images it does not hand
    that on, and on that of embeddings it takes 0 for no word at all. Every client of the SDK in
    this process is one of litellm's, so what it is told is not heard.
    """
    for client in (openai.AsyncOpenAI, openai.OpenAI):
        client.max_retries = property(lambda _: 0, _ignore)  # type: ignore[assignment]


def _ignore(_: Any, told: int) -> None: ...
