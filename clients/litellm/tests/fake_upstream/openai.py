"""OpenAI's routes: chat, completions, responses, embeddings."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from aiohttp import web

from . import sse, words
from .plan import Answer, BreakOff, Call, Disconnect, Hang


def _planned_words(step: Answer | BreakOff | Hang | Disconnect) -> int:
    match step:
        case Answer() | Hang():
            return step.output_tokens
        case BreakOff():
            return step.after
        case Disconnect():
            return 0


def _bill(
    step: Answer | BreakOff | Hang | Disconnect, input_tokens: int, choices: int = 1
) -> dict[str, Any]:
    bill: dict[str, Any] = {
        "input_tokens": input_tokens,
        "output_tokens": choices * _planned_words(step),
    }
    if isinstance(step, Answer):
        bill.update(step.bill)
    return bill


def bill_chat(call: Call, step: Answer | BreakOff | Hang | Disconnect) -> dict[str, Any]:
    counted = words.count_messages(call.model, call.body["messages"], call.body.get("tools"))
    return _bill(step, counted, int(call.body.get("n") or 1))


def bill_completion(call: Call, step: Answer | BreakOff | Hang | Disconnect) -> dict[str, Any]:
    return _bill(
        step, words.count_input(call.model, call.body["prompt"]), int(call.body.get("n") or 1)
    )


def bill_responses(call: Call, step: Answer | BreakOff | Hang | Disconnect) -> dict[str, Any]:
    given = call.body["input"]
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    return _bill(
        step,
        words.count_messages(
            call.model,
            [{"role": item["role"], "content": _text(item["content"])} for item in items],
        ),
    )


def _text(content: Any) -> str:
    return (
        content if isinstance(content, str) else "".join(part.get("text", "") for part in content)
    )


def bill_embeddings(call: Call, step: Answer | BreakOff | Hang | Disconnect) -> dict[str, Any]:
    return {**_bill(step, words.count_input(call.model, call.body["input"])), "output_tokens": 0}


def _usage(call: Call, step: Answer | BreakOff) -> dict[str, Any]:
    assert call.bill is not None
    bill = call.bill
    said = {
        "prompt_tokens": bill["input_tokens"],
        "completion_tokens": bill["output_tokens"],
        "total_tokens": bill["input_tokens"] + bill["output_tokens"],
    }
    return {**said, **(step.usage if isinstance(step, Answer) else {})}


def _tier(step: Answer | BreakOff) -> dict[str, Any]:
    return (
        {"service_tier": step.service_tier}
        if isinstance(step, Answer) and step.service_tier
        else {}
    )


def _tool_call(step: Answer | BreakOff) -> list[dict[str, Any]]:
    name = step.tool_call if isinstance(step, Answer) else None
    function = {"name": name, "arguments": "{}"}
    return (
        [{"index": 0, "id": "call_fake", "type": "function", "function": function}] if name else []
    )


async def chat(call: Call, step: Answer | BreakOff, request: web.Request) -> web.StreamResponse:
    usage = _usage(call, step)
    head = {"id": "chatcmpl-fake", "created": int(time.time()), "model": call.model, **_tier(step)}
    choices = int(call.body.get("n") or 1)
    calls = _tool_call(step)
    reason = "tool_calls" if calls else "stop"
    count = 0 if calls else _planned_words(step)
    if not call.body.get("stream"):
        message = {"role": "assistant", "content": words.WORD * count}
        message |= {"tool_calls": calls} if calls else {}  # type: ignore[dict-item]
        return web.json_response(
            {
                **head,
                "object": "chat.completion",
                "choices": [
                    {"index": i, "message": message, "finish_reason": reason}
                    for i in range(choices)
                ],
                "usage": usage,
            }
        )
    asked = (call.body.get("stream_options") or {}).get("include_usage") is True
    told = asked and isinstance(step, Answer) and step.usage_in_stream

    def events() -> Iterator[sse.Event]:
        chunk = {**head, "object": "chat.completion.chunk"}
        spare = {"usage": None} if told else {}
        for i in range(choices):
            yield (
                None,
                {
                    **chunk,
                    **spare,
                    "choices": [
                        {
                            "index": i,
                            "delta": {"role": "assistant", "content": ""},
                            "finish_reason": None,
                        }
                    ],
                },
                0,
            )
            # A stream that is to break off must have something left to break off from.
            for _ in range(count + (1 if isinstance(step, BreakOff) else 0)):
                yield (
                    None,
                    {
                        **chunk,
                        **spare,
                        "choices": [
                            {"index": i, "delta": {"content": words.WORD}, "finish_reason": None}
                        ],
                    },
                    1,
                )
            delta = {"tool_calls": calls} if calls else {}
            tokens = usage["completion_tokens"] if calls else 0
            yield (
                None,
                {
                    **chunk,
                    **spare,
                    "choices": [{"index": i, "delta": delta, "finish_reason": None}],
                },
                tokens,
            )
            yield (
                None,
                {**chunk, **spare, "choices": [{"index": i, "delta": {}, "finish_reason": reason}]},
                0,
            )
        if told:
            yield None, {**chunk, "choices": [], "usage": usage}, 0
        yield None, "[DONE]", 0

    return await sse.stream(call, step, request, events())


async def completion(
    call: Call, step: Answer | BreakOff, request: web.Request
) -> web.StreamResponse:
    usage = _usage(call, step)
    head = {
        "id": "cmpl-fake",
        "object": "text_completion",
        "created": int(time.time()),
        "model": call.model,
    }
    count = _planned_words(step)
    choices = int(call.body.get("n") or 1)
    if not call.body.get("stream"):
        texts = [
            {"index": i, "text": words.WORD * count, "finish_reason": "stop", "logprobs": None}
            for i in range(choices)
        ]
        return web.json_response({**head, "choices": texts, "usage": usage})
    asked = (call.body.get("stream_options") or {}).get("include_usage") is True
    told = asked and isinstance(step, Answer) and step.usage_in_stream

    def events() -> Iterator[sse.Event]:
        for _ in range(count + (1 if isinstance(step, BreakOff) else 0)):
            yield (
                None,
                {
                    **head,
                    "choices": [
                        {"index": 0, "text": words.WORD, "finish_reason": None, "logprobs": None}
                    ],
                },
                1,
            )
        yield (
            None,
            {
                **head,
                "choices": [{"index": 0, "text": "", "finish_reason": "stop", "logprobs": None}],
            },
            0,
        )
        if told:
            yield None, {**head, "choices": [], "usage": usage}, 0
        yield None, "[DONE]", 0

    return await sse.stream(call, step, request, events())


async def responses(
    call: Call, step: Answer | BreakOff, request: web.Request
) -> web.StreamResponse:
    assert call.bill is not None
    usage: dict[str, Any] = {
        "input_tokens": call.bill["input_tokens"],
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": call.bill["output_tokens"],
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": call.bill["input_tokens"] + call.bill["output_tokens"],
    }
    if isinstance(step, Answer):
        usage.update(step.usage)
    count = _planned_words(step)
    text = {"type": "output_text", "text": words.WORD * count, "annotations": []}
    searches = [
        {
            "type": "web_search_call",
            "id": f"ws_{i}",
            "status": "completed",
            "action": {"type": "search", "query": "q"},
        }
        for i in range(step.tool_uses if isinstance(step, Answer) else 0)
    ]
    message = {
        "type": "message",
        "id": "msg_fake",
        "status": "completed",
        "role": "assistant",
        "content": [text],
    }
    whole = {
        "id": "resp_fake",
        "object": "response",
        "created_at": int(time.time()),
        "status": "completed",
        "model": call.model,
        "output": [*searches, message],
        "usage": usage,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "max_output_tokens": call.body.get("max_output_tokens"),
        "previous_response_id": None,
        "reasoning": None,
        "text": {"format": {"type": "text"}},
        "truncation": "disabled",
        "user": None,
        **_tier(step),
    }
    if call.body.get("background"):
        whole["id"] = f"resp_{call.plan}"
        STORED[whole["id"]] = whole
        if not call.body.get("stream"):
            return web.json_response(
                {**whole, "status": "queued", "output": [], "usage": None, "background": True}
            )
    if not call.body.get("stream"):
        return web.json_response(whole)

    def events() -> Iterator[sse.Event]:
        begun = {**whole, "status": "in_progress", "output": [], "usage": None}
        yield (
            "response.created",
            {"type": "response.created", "sequence_number": 0, "response": begun},
            0,
        )
        for n in range(count + (1 if isinstance(step, BreakOff) else 0)):
            delta = {
                "type": "response.output_text.delta",
                "sequence_number": n + 1,
                "item_id": "msg_fake",
                "output_index": 0,
                "content_index": 0,
            }
            yield "response.output_text.delta", {**delta, "delta": words.WORD, "logprobs": []}, 1
        ended = {"type": "response.completed", "sequence_number": count + 2}
        told = isinstance(step, Answer) and step.usage_in_stream
        yield (
            "response.completed",
            {**ended, "response": whole if told else {**whole, "usage": None}},
            0,
        )

    return await sse.stream(call, step, request, events())


STORED: dict[str, Any] = {}
"""Responses that are made in the background, by their ids."""


async def stored(request: web.Request) -> web.StreamResponse:
    return web.json_response(STORED[request.match_info["id"]])


async def embeddings(
    call: Call, step: Answer | BreakOff, request: web.Request
) -> web.StreamResponse:
    assert call.bill is not None
    counted = call.bill["input_tokens"]
    given = call.body["input"]
    several = isinstance(given, list) and bool(given) and not isinstance(given[0], int)
    data = [
        {"object": "embedding", "index": i, "embedding": [0.0, 1.0]}
        for i in range(len(given) if several else 1)
    ]
    usage = {"prompt_tokens": counted, "total_tokens": counted}
    return web.json_response({"object": "list", "data": data, "model": call.model, "usage": usage})
