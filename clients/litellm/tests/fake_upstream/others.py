"""Images, audio, rerank and moderation: what is billed by other things than tokens, or free."""

from __future__ import annotations

import time
from typing import Any

from aiohttp import web

from . import words
from .plan import Answer, BreakOff, Call, Disconnect, Hang

AnyStep = Answer | BreakOff | Hang | Disconnect


def _stated(step: AnyStep, bill: dict[str, Any]) -> dict[str, Any]:
    return {**bill, **(step.bill if isinstance(step, Answer) else {})}


def bill_image(call: Call, step: AnyStep) -> dict[str, Any]:
    if call.model.startswith("gpt-image"):
        return _stated(
            step,
            {
                "input_tokens": words.count_text("gpt-4o", str(call.body["prompt"])),
                "output_tokens": 272,
                "output_image_tokens": 272,
            },
        )
    return _stated(
        step,
        {"input_tokens": 0, "output_tokens": 0, "units": {"images": int(call.body.get("n") or 1)}},
    )


async def image(call: Call, step: Answer | BreakOff, request: web.Request) -> web.StreamResponse:
    assert call.bill is not None
    answer: dict[str, Any] = {
        "created": int(time.time()),
        "data": [{"b64_json": "aGk="}] * int(call.body.get("n") or 1),
    }
    if call.model.startswith("gpt-image"):
        given, made = call.bill["input_tokens"], call.bill["output_tokens"]
        answer["usage"] = {
            "input_tokens": given, "output_tokens": made, "total_tokens": given + made,
            "input_tokens_details": {"text_tokens": given, "image_tokens": 0},
            "output_tokens_details": {"text_tokens": 0, "image_tokens": made},
        }  # fmt: skip
    return web.json_response(answer)


def bill_speech(call: Call, step: AnyStep) -> dict[str, Any]:
    return _stated(
        step,
        {
            "input_tokens": 0,
            "output_tokens": 0,
            "units": {"characters": len(str(call.body["input"]))},
        },
    )


async def speech(call: Call, step: Answer | BreakOff, request: web.Request) -> web.StreamResponse:
    return web.Response(body=b"ID3 fake audio", content_type="audio/mpeg")


def bill_transcription(call: Call, step: AnyStep) -> dict[str, Any]:
    return _stated(step, {"input_tokens": 0, "output_tokens": 0, "units": {"seconds": 3}})


async def transcription(
    call: Call, step: Answer | BreakOff, request: web.Request
) -> web.StreamResponse:
    assert call.bill is not None
    usage = {"type": "duration", "seconds": call.bill.get("units", {}).get("seconds", 0)}
    return web.json_response(
        {"text": "a word", "duration": float(usage["seconds"]), "usage": usage}
    )


def bill_rerank(call: Call, step: AnyStep) -> dict[str, Any]:
    return _stated(step, {"input_tokens": 0, "output_tokens": 0, "units": {"queries": 1}})


async def rerank(call: Call, step: Answer | BreakOff, request: web.Request) -> web.StreamResponse:
    results = [{"index": i, "relevance_score": 0.5} for i in range(len(call.body["documents"]))]
    return web.json_response(
        {"id": "rr_fake", "results": results, "meta": {"billed_units": {"search_units": 1}}}
    )


def bill_nothing(call: Call, step: AnyStep) -> dict[str, Any]:
    return {}


async def moderation(
    call: Call, step: Answer | BreakOff, request: web.Request
) -> web.StreamResponse:
    result = {"flagged": False, "categories": {}, "category_scores": {}}
    return web.json_response({"id": "modr_fake", "model": call.model, "results": [result]})


async def search(_: web.Request) -> web.StreamResponse:
    """One piece of a vector store; not billed by the search."""
    found = {
        "file_id": "file_fake",
        "filename": "fake",
        "score": 0.9,
        "content": [{"type": "text", "text": "what was found"}],
    }
    return web.json_response(
        {
            "object": "vector_store.search_results.page",
            "search_query": "q",
            "data": [found],
            "has_more": False,
            "next_page": None,
        }
    )
