"""Counts what no provider told: the input of a call that is asked for, or was cut off, and the
output until then. Off the event loop, since a tokenizer takes its time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import litellm
import tiktoken

from .catalog import Target
from .request import Bounds, text_bytes
from .routes import Kind
from .stream import Watch
from .usage import Usage


async def of_cut_off(
    kind: Kind, request: Mapping[str, Any], target: Target, bounds: Bounds, watch: Watch
) -> Usage:
    """Usage of quality `estimated`: the whole input, told or counted, and what was written. Units
    are charged at their bound.
    """
    usage: Usage = dict(watch.input_told() or {})
    if not usage:
        stated = bounds.get("input_tokens")
        usage = {
            "input_tokens": stated
            if isinstance(stated, int)
            else await asyncio.to_thread(_count_input, kind, request, target.model)
        }
    written = watch.written
    usage["output_tokens"] = (
        await asyncio.to_thread(_count_text, target.model, written) if written else 0
    )
    for part in ("reasoning_tokens", "output_audio_tokens", "output_image_tokens"):
        usage.pop(part, None)
    if bounds.get("units"):
        usage["units"] = bounds["units"]
    tools = {name: uses for name, uses in (bounds.get("billed_tools") or {}).items() if uses}
    if tools:
        usage["billed_tools"] = tools
    return usage


def is_partly_unseen(request: Mapping[str, Any], target: Target) -> bool:
    """Whether output that is billed may not have been in the stream: what a model reasons, where
    its provider shows a summary at most, and what a response goes on to write in the background.
    """
    if request.get("background"):
        return True
    row = target.row() or {}
    if target.provider not in _REASONS_UNSEEN or not row.get("supports_reasoning"):
        return False
    thinking, reasoning = request.get("thinking"), request.get("reasoning")
    if isinstance(thinking, Mapping) and thinking.get("type") == "disabled":
        return False
    stated = request.get("reasoning_effort") or reasoning
    effort = stated.get("effort") if isinstance(stated, Mapping) else stated
    return (effort or row.get("default_reasoning_effort")) not in ("none", "disable")


_OPENAI = frozenset({"openai", "azure", "azure_text", "text-completion-openai"})
_REASONS_UNSEEN = _OPENAI | {"gemini", "vertex_ai-language-models"}
_PLAIN_ROLES = frozenset({"system", "developer", "user", "assistant"})
_ADDS_TO_A_CHAT = ("tools", "functions", "response_format", "prediction", "audio")


async def counted(kind: Kind, request: Mapping[str, Any], target: Target, bounds: Bounds) -> Bounds:
    """The bounds with the input's tokens in place of its bytes, where that is exact."""
    if "input_bytes" not in bounds or not is_exact(kind, request, target):
        return bounds
    tokens = await asyncio.to_thread(_count_input, kind, request, target.model)
    return {
        "input_tokens": tokens,
        **{name: value for name, value in bounds.items() if name != "input_bytes"},
    }


def is_exact(kind: Kind, request: Mapping[str, Any], target: Target) -> bool:
    """Whether the tokenizer is the provider's own, and nothing is added to the request that nobody
    outside has seen: OpenAI's models on text.
    """
    if target.provider not in _OPENAI:
        return False
    try:
        tiktoken.encoding_name_for_model(target.model.removeprefix("azure/"))
    except KeyError:
        return False
    match kind:
        case Kind.CHAT:
            messages = request.get("messages")
            plain = isinstance(messages, list) and all(_is_plain(message) for message in messages)
            return (
                plain
                and not any(request.get(name) for name in _ADDS_TO_A_CHAT)
                and not (target.row() or {}).get("supports_reasoning")
            )
        case Kind.COMPLETION | Kind.EMBEDDING:
            value = request.get("prompt" if kind is Kind.COMPLETION else "input")
            texts = value if isinstance(value, list) else [value]
            return not request.get("suffix") and all(isinstance(text, str) for text in texts)
        case _:
            return False


def _is_plain(message: Any) -> bool:
    return (
        isinstance(message, Mapping)
        and set(message) == {"role", "content"}
        and message["role"] in _PLAIN_ROLES
        and isinstance(message["content"], str)
    )


def _count_input(kind: Kind, request: Mapping[str, Any], model: str) -> int:
    try:
        match kind:
            case Kind.CHAT:
                return int(
                    litellm.token_counter(
                        model=model, messages=request.get("messages"), tools=request.get("tools")
                    )
                )
            case Kind.MESSAGES:
                system = request.get("system")
                first = [{"role": "system", "content": _text(system)}] if system else []
                return int(
                    litellm.token_counter(
                        model=model, messages=[*first, *_as_messages(request.get("messages"))]
                    )
                )
            case Kind.RESPONSES:
                instructions = request.get("instructions")
                first = [{"role": "system", "content": str(instructions)}] if instructions else []
                return int(
                    litellm.token_counter(
                        model=model, messages=[*first, *_as_messages(request.get("input"))]
                    )
                )
            case Kind.COMPLETION | Kind.EMBEDDING:
                value = request.get("prompt") if kind is Kind.COMPLETION else request.get("input")
                return sum(
                    _count_text(model, text)
                    for text in (value if isinstance(value, list) else [value])
                )
            case _:
                return text_bytes(kind, request)
    except Exception:
        # The tokenizers do not take everything that a provider takes. Bytes are a bound.
        return text_bytes(kind, request)


def _as_messages(given: Any) -> list[dict[str, str]]:
    if isinstance(given, str):
        return [{"role": "user", "content": given}]
    return [
        {"role": str(item.get("role") or "user"), "content": _text(item.get("content") or item)}
        for item in given or ()
        if isinstance(item, Mapping)
    ]


def _text(content: Any) -> str:
    """All strings under it: what counts as text, whatever the part is called."""
    if isinstance(content, str):
        return content
    if isinstance(content, Mapping):
        return "".join(
            _text(value)
            for name, value in content.items()
            if name not in ("type", "role", "id", "call_id")
        )
    return "".join(_text(part) for part in content) if isinstance(content, list | tuple) else ""


def _count_text(model: str, text: Any) -> int:
    return int(litellm.token_counter(model=model, text=str(text)))
