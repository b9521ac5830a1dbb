"""Reads what a provider says was used, in whichever of its spellings, into the ledger's parts.

`input_tokens` is the whole input, cached parts included, and `output_tokens` the whole output,
reasoning included. litellm's cost is never read: it is a float, 0 for a model without a price, and
sometimes wrong.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from . import tiers
from .routes import Kind

Usage = dict[str, Any]


def get(value: Any, *path: str) -> Any:
    """A field of nested objects or mappings; None where any of them lacks it."""
    for name in path:
        if value is None:
            return None
        value = value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)
    return value


def of_response(
    kind: Kind, response: Any, request: Mapping[str, Any], row: Mapping[str, Any] | None
) -> Usage | None:
    """What a whole answer says; None where it does not say enough to be charged by."""
    match kind:
        case Kind.SPEECH:
            characters = (row or {}).get("input_cost_per_character")
            return (
                {**_nothing(), "units": {"characters": len(str(request.get("input") or ""))}}
                if characters
                else None
            )
        case Kind.TRANSCRIPTION:
            return _of_transcription(response, row)
        case Kind.RERANK:
            return _of_rerank(response)
        case Kind.IMAGE | Kind.IMAGE_EDIT:
            return _of_image(response, row)
        case Kind.MODERATION:
            return _nothing()
    usage = of_usage(get(response, "usage"))
    if usage is None:
        return None
    usage.update(_multipliers({"service_tier": get(response, "service_tier")}))
    _add_tool_calls(usage, get(response, "output"))
    return usage


_TOLD_BY_TOKENS = (Kind.CHAT, Kind.RESPONSES, Kind.MESSAGES, Kind.COMPLETION, Kind.EMBEDDING)


def of_answer(kind: Kind, answer: Any) -> Usage | None:
    """The same of an answer as the provider has sent it; None where it is none or tells nothing."""
    if kind not in _TOLD_BY_TOKENS or not isinstance(answer, str):
        return None
    try:
        response = json.loads(answer)
    except ValueError:
        return None
    return of_response(kind, response, {}, None) if isinstance(response, Mapping) else None


def of_usage(usage: Any) -> Usage | None:
    """OpenAI's usage of chat (`prompt_tokens`) and of responses (`input_tokens`), and Anthropic's,
    where cached input is beside `input_tokens`.
    """
    if usage is None:
        return None
    if get(usage, "prompt_tokens") is not None:
        return _of_openai(
            usage,
            "prompt_tokens",
            "completion_tokens",
            "prompt_tokens_details",
            "completion_tokens_details",
        )
    if get(usage, "input_tokens") is None:
        return None
    anthropic = get(usage, "input_tokens_details") is None and (
        get(usage, "cache_read_input_tokens") is not None
        or get(usage, "cache_creation_input_tokens") is not None
    )
    if anthropic:
        return of_anthropic(usage)
    return _of_openai(
        usage, "input_tokens", "output_tokens", "input_tokens_details", "output_tokens_details"
    )


def of_anthropic(usage: Any) -> Usage:
    """Of an answer that was sampled in several iterations (compaction, an advisor), the top-level
    counts are those of its message alone; every iteration is billed.
    """
    top = _of_iteration(usage)
    beside = [
        _of_iteration(iteration)
        for iteration in get(usage, "iterations") or ()
        if get(iteration, "type") != "message"
    ]
    whole = {name: count + sum(other[name] for other in beside) for name, count in top.items()}
    result: Usage = {**whole}
    searches = _number(get(usage, "server_tool_use", "web_search_requests"))
    if searches:
        result["billed_tools"] = {"web_search": searches}
    return _without_zeros({**result, **_multipliers(usage)})


def _of_iteration(usage: Any) -> dict[str, int]:
    read = _number(get(usage, "cache_read_input_tokens"))
    hour = _number(get(usage, "cache_creation", "ephemeral_1h_input_tokens"))
    written = _number(get(usage, "cache_creation_input_tokens"))
    return {
        "input_tokens": _number(get(usage, "input_tokens")) + read + written,
        "output_tokens": _number(get(usage, "output_tokens")),
        "cache_read_tokens": read,
        "cache_write_tokens": max(written, hour),
        "cache_write_1h_tokens": hour,
    }


def _multipliers(usage: Any) -> dict[str, str]:
    """The tier, the region and the speed that a provider says it has served at."""
    tier = get(usage, "service_tier")
    served = tiers.tier_told(tier) if isinstance(tier, str) else None
    told = {name: get(usage, name) for name in ("inference_geo", "speed")}
    return {**tiers.of_usage(told), **({"service_tier": served} if served else {})}


def _of_openai(
    usage: Any, given: str, made: str, given_parts: str, made_parts: str
) -> Usage | None:
    inputs, outputs = get(usage, given_parts), get(usage, made_parts)
    whole_in, whole_out = _number(get(usage, given)), _number(get(usage, made))
    if whole_in == 0 and whole_out == 0:
        # What litellm fills in where it was told nothing.
        return None
    # Gemini's thinking, by its OpenAI-compatible API, is in the total alone.
    whole_out += max(0, _number(get(usage, "total_tokens")) - whole_in - whole_out)
    written = max(
        _number(get(inputs, "cache_write_tokens")),
        _number(get(inputs, "cache_creation_tokens")),
        _number(get(usage, "cache_creation_input_tokens")),
    )
    result: Usage = {
        "input_tokens": whole_in,
        "output_tokens": whole_out,
        "cache_read_tokens": max(
            _number(get(inputs, "cached_tokens")), _number(get(usage, "cache_read_input_tokens"))
        ),
        "cache_write_tokens": written,
        "cache_write_1h_tokens": _number(
            get(inputs, "cache_creation_token_details", "ephemeral_1h_input_tokens")
        ),
        "input_audio_tokens": _number(get(inputs, "audio_tokens")),
        "input_image_tokens": _number(get(inputs, "image_tokens")),
        "reasoning_tokens": _number(get(outputs, "reasoning_tokens")),
        "output_audio_tokens": _number(get(outputs, "audio_tokens")),
        "output_image_tokens": _number(get(outputs, "image_tokens")),
    }
    searches = max(
        _number(get(usage, "server_tool_use", "web_search_requests")),
        _number(get(inputs, "web_search_requests")),
    )
    maps = _number(get(inputs, "google_maps_grounding_requests"))
    tools = {name: uses for name, uses in (("web_search", searches), ("google_maps", maps)) if uses}
    if tools:
        result["billed_tools"] = tools
    return _fitting(_without_zeros({**result, **_multipliers(usage)}))


def _fitting(usage: Usage) -> Usage:
    """Parts of one cut may not exceed their whole; where a provider's do, the whole was told
    without them.
    """
    for whole, cut in (
        ("input_tokens", ("cache_read_tokens", "cache_write_tokens")),
        ("input_tokens", ("input_audio_tokens", "input_image_tokens")),
        ("output_tokens", ("reasoning_tokens", "output_audio_tokens", "output_image_tokens")),
    ):
        usage[whole] = max(usage[whole], sum(usage.get(part, 0) for part in cut))
    if usage.get("cache_write_1h_tokens", 0) > usage.get("cache_write_tokens", 0):
        usage["cache_write_tokens"] = usage["cache_write_1h_tokens"]
        return _fitting(usage)
    return usage


_CALLS = {
    "web_search_call": "web_search",
    "file_search_call": "file_search",
    "code_interpreter_call": "code_interpreter",
}


def _add_tool_calls(usage: Usage, output: Any) -> None:
    """A response lists the calls of billed tools among its output; a code interpreter is billed by
    container, not by call.
    """
    counted: dict[str, int] = {}
    containers: set[str] = set()
    for item in output if isinstance(output, list) else ():
        name = _CALLS.get(str(get(item, "type")))
        if name == "code_interpreter":
            containers.add(str(get(item, "container_id")))
        elif name == "web_search" and get(item, "action", "type") not in (None, "search"):
            # Opening and reading a page that was found is not billed again.
            continue
        elif name is not None:
            counted[name] = counted.get(name, 0) + 1
    if containers:
        counted["code_interpreter"] = len(containers)
    if counted:
        usage["billed_tools"] = {**usage.get("billed_tools", {}), **counted}


def _of_transcription(response: Any, row: Mapping[str, Any] | None) -> Usage | None:
    told = get(response, "usage")
    by_tokens = _number(get(told, "input_tokens")) or _number(get(told, "total_tokens"))
    if by_tokens:
        details = get(told, "input_token_details")
        return _without_zeros(
            {
                "input_tokens": _number(get(told, "input_tokens")),
                "output_tokens": _number(get(told, "output_tokens")),
                "input_audio_tokens": _number(get(details, "audio_tokens")),
            }
        )
    seconds = get(told, "seconds") or get(response, "duration")
    if seconds is None or not any(name.endswith("cost_per_second") for name in row or {}):
        return None
    return {**_nothing(), "units": {"seconds": math.ceil(seconds)}}


def _of_rerank(response: Any) -> Usage | None:
    units = get(response, "meta", "billed_units", "search_units")
    tokens = get(response, "meta", "billed_units", "total_tokens") or get(
        response, "meta", "tokens", "input_tokens"
    )
    if units is None and tokens is None:
        return None
    return {
        "input_tokens": _number(tokens),
        "output_tokens": 0,
        **({"units": {"queries": _number(units)}} if units is not None else {}),
    }


def _of_image(response: Any, row: Mapping[str, Any] | None) -> Usage | None:
    told = get(response, "usage")
    if _number(get(told, "input_tokens")) or _number(get(told, "output_tokens")):
        made = _number(get(told, "output_tokens"))
        text = _number(get(told, "output_tokens_details", "text_tokens"))
        return _without_zeros(
            {
                "input_tokens": _number(get(told, "input_tokens")),
                "output_tokens": made,
                "input_image_tokens": _number(get(told, "input_tokens_details", "image_tokens")),
                "output_image_tokens": made - text,
            }
        )
    if not any(name.endswith("cost_per_image") and price for name, price in (row or {}).items()):
        return None
    return {**_nothing(), "units": {"images": len(get(response, "data") or ())}}


def _nothing() -> Usage:
    return {"input_tokens": 0, "output_tokens": 0}


def _number(value: Any) -> int:
    return (
        int(value)
        if isinstance(value, int | float) and not isinstance(value, bool) and value > 0
        else 0
    )


def _without_zeros(usage: Usage) -> Usage:
    return {
        name: value
        for name, value in usage.items()
        if value != 0 or name in ("input_tokens", "output_tokens")
    }
