"""Anthropic's messages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aiohttp import web

from . import sse, words
from .openai import _bill, _planned_words
from .plan import Answer, BreakOff, Call, Disconnect, Hang


def bill_messages(call: Call, step: Answer | BreakOff | Hang | Disconnect) -> dict[str, Any]:
    system = call.body.get("system") or ""
    messages = (
        [{"role": "system", "content": system}, *call.body["messages"]]
        if system
        else call.body["messages"]
    )
    return _bill(step, words.count_messages(call.model, messages))


def _usage(call: Call, step: Answer | BreakOff) -> dict[str, Any]:
    """Anthropic's input_tokens leave cached input out."""
    assert call.bill is not None
    bill = call.bill
    cached = bill.get("cache_read_tokens", 0) + bill.get("cache_write_tokens", 0)
    usage: dict[str, Any] = {
        "input_tokens": bill["input_tokens"] - cached,
        "cache_creation_input_tokens": bill.get("cache_write_tokens", 0),
        "cache_read_input_tokens": bill.get("cache_read_tokens", 0),
        "output_tokens": bill["output_tokens"],
        "service_tier": "standard",
    }
    if bill.get("cache_write_1h_tokens"):
        hour = bill["cache_write_1h_tokens"]
        usage["cache_creation"] = {
            "ephemeral_1h_input_tokens": hour,
            "ephemeral_5m_input_tokens": bill["cache_write_tokens"] - hour,
        }
    if bill.get("billed_tools"):
        usage["server_tool_use"] = {"web_search_requests": bill["billed_tools"]["web_search"]}
    if isinstance(step, Answer):
        usage.update(step.usage)
    return usage


async def messages(call: Call, step: Answer | BreakOff, request: web.Request) -> web.StreamResponse:
    usage = _usage(call, step)
    count = _planned_words(step)
    head = {"id": "msg_fake", "type": "message", "role": "assistant", "model": call.model}
    if not call.body.get("stream"):
        content = [{"type": "text", "text": words.WORD * count}]
        return web.json_response(
            {
                **head,
                "content": content,
                "stop_reason": "end_turn",
                "stop_sequence": None,
                "usage": usage,
            }
        )

    def events() -> Iterator[sse.Event]:
        begun = {
            **head,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {**usage, "output_tokens": 1},
        }
        yield "message_start", {"type": "message_start", "message": begun}, 0
        yield (
            "content_block_start",
            {
                "type": "content_block_start",
                "index": 0,
                "content_block": {"type": "text", "text": ""},
            },
            0,
        )
        for _ in range(count + (1 if isinstance(step, BreakOff) else 0)):
            delta = {"type": "text_delta", "text": words.WORD}
            yield (
                "content_block_delta",
                {"type": "content_block_delta", "index": 0, "delta": delta},
                1,
            )
        yield "content_block_stop", {"type": "content_block_stop", "index": 0}, 0
        last = {"output_tokens": usage["output_tokens"]}
        last |= {name: usage[name] for name in ("server_tool_use", "iterations") if usage.get(name)}
        ended = {"stop_reason": "end_turn", "stop_sequence": None}
        yield "message_delta", {"type": "message_delta", "delta": ended, "usage": last}, 0
        yield "message_stop", {"type": "message_stop"}, 0

    return await sse.stream(call, step, request, events())
