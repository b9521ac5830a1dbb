"""Reads a request into the bounds that an ask states.

Whatever is not certain is left out or stated as unbounded, so that the authority takes the dearest
case: a hold below the bill lets a run overspend, one above it is given back a moment later.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from . import content, tiers, tools
from .content import Content
from .fields import TEXT_FIELDS, UNBOUNDED_FIELDS
from .routes import Kind

Bounds = dict[str, Any]

CAP_FIELDS = {
    Kind.CHAT: ("max_completion_tokens", "max_tokens"),
    Kind.RESPONSES: ("max_output_tokens",),
    Kind.MESSAGES: ("max_tokens",),
    Kind.COMPLETION: ("max_tokens",),
}
"""Where a request states its output cap; the first that it states counts. The last is the one that
every provider is given through the proxy.
"""

STREAMED = frozenset(CAP_FIELDS)
"""The kinds whose answers litellm streams. On other routes it does nothing with `stream`, but takes
the answer for a stream then, and no hook is told of its end.
"""

ALSO_MEASURED = (
    "web_search_options", "plugins", "mcp_servers", "search_parameters", "max_tool_calls",
    "cache_control", "cache_control_injection_points",
)  # fmt: skip
"""What `measure` reads beside the fields that are counted."""

_LEAST_OF_A_RESPONSE = 16
"""OpenAI takes no smaller cap of a response, and litellm raises it to this."""

_PROVIDERS_TOOLS_TOKENS = 1024
"""What providers add to the prompt where a request has tools, beyond the tools themselves:
Anthropic documents 313 to 804.
"""

_LEAST_AUDIO_BYTES_A_SECOND = 750
"""Opus at its lowest rate, 6 kbit/s: a file of so many bytes is no longer than this."""

_IMAGE_TOKENS = 8192
"""OpenAI documents at most 6,240 output tokens for an image."""


@dataclass(frozen=True)
class Measured:
    """What takes time to find out about a request, whichever deployment it goes to."""

    of: Mapping[str, Any]
    content: Content
    billed: tools.BilledTools
    text_bytes: int
    marks_cache: bool
    marks_an_hour: bool

    def is_of(self, data: Mapping[str, Any]) -> bool:
        """Whether a request still says the same. What is the same object is not looked into."""
        return all(
            data.get(name) is value or data.get(name) == value for name, value in self.of.items()
        )


def measure(kind: Kind, data: Mapping[str, Any]) -> Measured:
    """Reads all that a request sends, once."""
    asks = kind in CAP_FIELDS
    content_fields = ("messages", "input", "system", "prompt") if asks else ()
    text = _as_json(kind, data) if kind is not Kind.TRANSCRIPTION else b""
    beside = [data.get("cache_control"), data.get("cache_control_injection_points")]
    around = json.dumps(beside, default=str)
    marked = any(beside) or (b"cache_control" in text and _contains(data, kind, "cache_control"))
    hour = '"1h"' in around or (b'"1h"' in text and _contains(data, kind, "1h"))
    found = content.look_at([data.get(name) for name in content_fields])
    found.unknown |= kind is Kind.RESPONSES and content.refers_to_stored(data.get("input"))
    return Measured(
        {name: data.get(name) for name in (*TEXT_FIELDS[kind], *ALSO_MEASURED)},
        found,
        tools.read(data),
        len(text),
        marked,
        hour,
    )


def bounds_of(
    kind: Kind,
    data: Mapping[str, Any],
    row: Mapping[str, Any] | None,
    measured: Measured | None = None,
    unbounded: bool = False,
) -> Bounds:
    """The fields of an ask that say what the request may use.

    :param row: litellm's row of the model, read for which prices it has and not for what they are
    :param measured: of this very request, where it was measured before
    :param unbounded: whether the client has said what nothing bounds
    """
    if measured is None:
        measured = measure(kind, data)
    found, billed = measured.content, measured.billed
    unbounded = unbounded or any(data.get(name) for name in UNBOUNDED_FIELDS[kind])
    bounds: Bounds = {
        **_input(kind, data, measured, row, unbounded),
        **_parts(kind, data, measured, row),
    }
    bounds.update(_output(kind, data))
    uses = {**(tools.always_used(row) if kind in CAP_FIELDS else {}), **billed.bounds}
    if uses:
        bounds["billed_tools"] = uses
    bounds.update(tiers.of_request(data, row))
    units = _units(kind, data, row)
    if units:
        bounds["units"] = units
    requires = _requires(kind, data, found)
    if requires:
        bounds["requires"] = requires
    return bounds


def cap_of(kind: Kind, data: Mapping[str, Any]) -> Any:
    """The client's output cap; None where it gave none."""
    return next(
        (data[name] for name in CAP_FIELDS.get(kind, ()) if data.get(name) is not None), None
    )


def write_cap(kind: Kind, data: dict[str, Any], most: int) -> None:
    """Lowers the request's output cap to `most`, or states it where the request has none."""
    names = CAP_FIELDS.get(kind, ())
    stated = [name for name in names if data.get(name) is not None]
    for name in stated or names[-1:]:
        given = data.get(name)
        data[name] = (
            min(given, most) if isinstance(given, int) and not isinstance(given, bool) else most
        )


def text_bytes(kind: Kind, data: Mapping[str, Any]) -> int:
    """UTF-8 bytes of all that is sent as text."""
    return len(_as_json(kind, data))


def _as_json(kind: Kind, data: Mapping[str, Any]) -> bytes:
    """The JSON around the text stands for what the provider's own template adds."""
    sent = {name: data[name] for name in TEXT_FIELDS[kind] if data.get(name) is not None}
    try:
        return orjson.dumps(sent, default=str, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:
        # It takes no half of a surrogate pair, no integer above 64 bits, and little nesting.
        text = json.dumps(sent, ensure_ascii=False, default=str, separators=(",", ":"))
        return text.encode("utf-8", "surrogatepass")


def _input(
    kind: Kind,
    data: Mapping[str, Any],
    measured: Measured,
    row: Mapping[str, Any] | None,
    unbounded: bool,
) -> Bounds:
    if kind in (Kind.SPEECH, Kind.TRANSCRIPTION) and _has_units_alone(row):
        return {"input_tokens": 0}
    brings_more = not measured.content.only_text or measured.billed.run_by_provider
    if unbounded or (kind in CAP_FIELDS and (brings_more or _has_stored_history(data))):
        return {"unbounded_input": True}
    if kind in (Kind.IMAGE_EDIT, Kind.TRANSCRIPTION):
        return {"unbounded_input": True}
    ids = None
    if kind in (Kind.EMBEDDING, Kind.COMPLETION):
        ids = _token_ids(data.get("input" if kind is Kind.EMBEDDING else "prompt"))
    if ids is not None:
        return {"input_tokens": ids}
    overhead = _PROVIDERS_TOOLS_TOKENS if data.get("tools") or data.get("functions") else 0
    return {"input_bytes": measured.text_bytes + overhead}


def _has_units_alone(row: Mapping[str, Any] | None) -> bool:
    by_unit = _priced(row, "character") or _priced(row, "second")
    return by_unit and not _priced(row, "token")


def _has_stored_history(data: Mapping[str, Any]) -> bool:
    """A stored prompt is named where a text would be."""
    return isinstance(data.get("prompt"), Mapping)


def _token_ids(value: Any) -> int | None:
    """How many, if the input is token ids or lists of them and nothing else."""
    if not isinstance(value, list) or not value:
        return None
    if all(isinstance(item, int) for item in value):
        return len(value)
    if all(
        isinstance(item, list) and all(isinstance(inner, int) for inner in item) for item in value
    ):
        return sum(len(item) for item in value)
    return None


def _parts(
    kind: Kind, data: Mapping[str, Any], measured: Measured, row: Mapping[str, Any] | None
) -> Bounds:
    """What the request cannot contain is ruled out, or the estimate takes its price."""
    found = measured.content
    if kind in (Kind.IMAGE, Kind.IMAGE_EDIT):
        images = _count(data.get("n"))
        return (
            {
                "output_image_tokens": _IMAGE_TOKENS * images,
                "output_audio_tokens": 0,
                "input_audio_tokens": 0,
            }
            if _priced(row, "token")
            else {}
        )
    if kind in (Kind.SPEECH, Kind.TRANSCRIPTION):
        return {}
    parts: Bounds = {}
    if not (found.audio or found.unknown):
        parts["input_audio_tokens"] = 0
    if not (found.image or found.file or found.unknown):
        parts["input_image_tokens"] = 0
    modalities = data.get("modalities") or ()
    if "audio" not in modalities and not data.get("audio"):
        parts["output_audio_tokens"] = 0
    if "image" not in modalities and not any(
        isinstance(tool, Mapping) and tool.get("type") == "image_generation"
        for tool in data.get("tools") or ()
    ):
        parts["output_image_tokens"] = 0
    if not measured.marks_cache and "claude" in str((row or {}).get("key", "")):
        # Claude writes to its cache only where it is told to; others write by themselves.
        parts["cache_write_tokens"] = 0
    elif not measured.marks_an_hour:
        parts["cache_write_1h_tokens"] = 0
    return parts


def _contains(data: Mapping[str, Any], kind: Kind, text: str) -> bool:
    return any(_holds(data.get(name), text) for name in TEXT_FIELDS[kind])


def _holds(value: Any, text: str) -> bool:
    if isinstance(value, Mapping):
        return any(
            key == text or inner == text or _holds(inner, text) for key, inner in value.items()
        )
    return isinstance(value, list | tuple) and any(_holds(item, text) for item in value)


def _output(kind: Kind, data: Mapping[str, Any]) -> Bounds:
    bounds: Bounds = {}
    cap = cap_of(kind, data)
    if cap is not None:
        bounds["max_output_tokens"] = (
            max(cap, _LEAST_OF_A_RESPONSE)
            if kind is Kind.RESPONSES and isinstance(cap, int)
            else cap
        )
    choices = 1
    if kind is Kind.CHAT:
        choices = _count(data.get("n"))
    elif kind is Kind.COMPLETION:
        prompt = data.get("prompt")
        several = (
            len(prompt)
            if isinstance(prompt, list) and prompt and not isinstance(prompt[0], int)
            else 1
        )
        choices = several * max(_count(data.get("n")), _count(data.get("best_of")))
    elif kind in (Kind.IMAGE, Kind.IMAGE_EDIT):
        bounds["max_output_tokens"] = _IMAGE_TOKENS
        choices = _count(data.get("n"))
    if choices != 1:
        bounds["choices"] = choices
    return bounds


def _count(value: Any) -> int:
    try:
        return max(1, int(value))
    except (TypeError, ValueError):
        return 1


def _units(kind: Kind, data: Mapping[str, Any], row: Mapping[str, Any] | None) -> dict[str, int]:
    """Bounds on units, for those that the row prices: one that it does not price would make the
    request unpriced.
    """
    match kind:
        case Kind.IMAGE | Kind.IMAGE_EDIT:
            units = {"images": _count(data.get("n"))} if _priced(row, "image") else {}
            return {
                **units,
                **(
                    {"pixels": pixels}
                    if (pixels := _pixels(data)) and _priced(row, "pixel")
                    else {}
                ),
            }
        case Kind.SPEECH:
            return (
                {"characters": len(str(data.get("input") or ""))}
                if _priced(row, "character")
                else {}
            )
        case Kind.TRANSCRIPTION:
            return {"seconds": _most_seconds(data)} if _priced(row, "second") else {}
        case Kind.RERANK:
            return {"queries": _most_queries(data)} if _priced(row, "query") else {}
        case _:
            return {}


def _priced(row: Mapping[str, Any] | None, unit: str) -> bool:
    """Whether the row has a price by this unit. A model that litellm does not know is taken to be
    priced by its kind's own unit, not by tokens.
    """
    if row is None:
        return unit != "token"
    names = {
        "token": ("cost_per_token", "cost_per_image_token", "cost_per_audio_token"),
        "second": ("cost_per_second", "cost_per_audio_per_second"),
    }
    ends = names.get(unit, (f"cost_per_{unit}",))
    return any(
        name.endswith(ends) and value for name, value in row.items() if isinstance(name, str)
    )


def _pixels(data: Mapping[str, Any]) -> int:
    width, _, height = str(data.get("size") or "1024x1024").partition("x")
    return (
        int(width) * int(height) * _count(data.get("n"))
        if width.isdecimal() and height.isdecimal()
        else 0
    )


def _most_seconds(data: Mapping[str, Any]) -> int:
    return math.ceil(_file_bytes(data.get("file")) / _LEAST_AUDIO_BYTES_A_SECOND) + 1


def _file_bytes(file: Any) -> int:
    if isinstance(file, tuple) and len(file) > 1:
        file = file[1]
    if isinstance(file, bytes):
        return len(file)
    if hasattr(file, "seek") and hasattr(file, "tell"):
        at = file.tell()
        end = file.seek(0, 2)
        file.seek(at)
        return int(end)
    # Unknown: the most that OpenAI takes.
    return 25 * 1024 * 1024


def _most_queries(data: Mapping[str, Any]) -> int:
    """Cohere bills a search unit for a query with up to 100 documents, each counted once for every
    500 tokens of it and the query.
    """
    query = len(str(data.get("query") or "").encode())
    documents = data.get("documents") or ()
    pieces = sum(
        max(1, math.ceil((len(json.dumps(item, default=str).encode()) + query) / 500))
        for item in documents
    )
    return max(1, math.ceil(pieces / 100))


def _requires(kind: Kind, data: Mapping[str, Any], found: Content) -> dict[str, bool]:
    if kind not in CAP_FIELDS:
        return {}
    text = data.get("text")
    formats = (
        data.get("response_format"),
        text.get("format") if isinstance(text, Mapping) else None,
        data.get("output_format"),
    )
    needs = {
        "tools": bool(data.get("tools") or data.get("functions")),
        "json_schema": any(
            isinstance(it, Mapping) and it.get("type") == "json_schema" for it in formats
        )
        or isinstance(formats[0], type),
        "vision": found.image,
        "audio_input": found.audio,
        "pdf_input": found.file,
        "reasoning": bool(
            data.get("reasoning_effort") or data.get("reasoning") or data.get("thinking")
        ),
    }
    return {name: True for name, needed in needs.items() if needed}
