"""Counts what no provider told: the input of a call that was cut off, and the output until then. Off the event loop, since a tokenizer takes its time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import litellm

from .catalog import Target
from .request import Bounds, text_bytes
from .routes import Kind
from .stream import Watch
from .usage import Usage


async def of_cut_off(kind: Kind, request: Mapping[str, Any], target: Target, bounds: Bounds, watch: Watch) -> Usage:
    """Usage of quality `estimated`: the whole input, told or counted, and what was written. Units are charged at their bound."""
    usage: Usage = dict(watch.input_told() or {})
    if not usage:
        stated = bounds.get("input_tokens")
        usage = {"input_tokens": stated if isinstance(stated, int) else await asyncio.to_thread(_count_input, kind, request, target.model)}
    written = watch.written
    usage["output_tokens"] = await asyncio.to_thread(_count_text, target.model, written) if written else 0
    for part in ("reasoning_tokens", "output_audio_tokens", "output_image_tokens"):
        usage.pop(part, None)
    if bounds.get("units"):
        usage["units"] = bounds["units"]
    tools = {name: uses for name, uses in (bounds.get("billed_tools") or {}).items() if uses}
    if tools:
        usage["billed_tools"] = tools
    return usage


def _count_input(kind: Kind, request: Mapping[str, Any], model: str) -> int:
    try:
        match kind:
            case Kind.CHAT:
                return int(litellm.token_counter(model=model, messages=request.get("messages"), tools=request.get("tools")))
            case Kind.MESSAGES:
                system = request.get("system")
                first = [{"role": "system", "content": _text(system)}] if system else []
                return int(litellm.token_counter(model=model, messages=[*first, *_as_messages(request.get("messages"))]))
            case Kind.RESPONSES:
                instructions = request.get("instructions")
                first = [{"role": "system", "content": str(instructions)}] if instructions else []
                return int(litellm.token_counter(model=model, messages=[*first, *_as_messages(request.get("input"))]))
            case Kind.COMPLETION | Kind.EMBEDDING:
                value = request.get("prompt") if kind is Kind.COMPLETION else request.get("input")
                return sum(_count_text(model, text) for text in (value if isinstance(value, list) else [value]))
            case _:
                return text_bytes(kind, request)
    except Exception:
        # The tokenizers do not take everything that a provider takes. Bytes are a bound.
        return text_bytes(kind, request)


def _as_messages(given: Any) -> list[dict[str, str]]:
    if isinstance(given, str):
        return [{"role": "user", "content": given}]
    return [{"role": str(item.get("role") or "user"), "content": _text(item.get("content") or item)} for item in given or () if isinstance(item, Mapping)]


def _text(content: Any) -> str:
    """All strings under it: what counts as text, whatever the part is called."""
    if isinstance(content, str):
        return content
    if isinstance(content, Mapping):
        return "".join(_text(value) for name, value in content.items() if name not in ("type", "role", "id", "call_id"))
    return "".join(_text(part) for part in content) if isinstance(content, list | tuple) else ""


def _count_text(model: str, text: Any) -> int:
    return int(litellm.token_counter(model=model, text=str(text)))
