"""How the provider counts: with OpenAI's own tokenizers, by its published rule for chat messages,
so that its bill is no invention of the test.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import litellm

WORD = " word"
"""One token in every encoding used here."""


def count_text(model: str, text: str) -> int:
    return litellm.token_counter(model=model, text=text)


def count_messages(model: str, messages: list[Any], tools: Any = None) -> int:
    return _count_messages(model, json.dumps([messages, tools]))


@lru_cache(maxsize=64)
def _count_messages(model: str, asked: str) -> int:
    """A bench asks the same again and again."""
    messages, tools = json.loads(asked)
    return litellm.token_counter(model=model, messages=messages, tools=tools)


def count_input(model: str, value: Any) -> int:
    """Strings, lists of them, token ids, lists of these: what completions and embeddings take."""
    if isinstance(value, str):
        return count_text(model, value)
    if isinstance(value, list):
        return sum(1 if isinstance(item, int) else count_input(model, item) for item in value)
    return count_text(model, str(value))
