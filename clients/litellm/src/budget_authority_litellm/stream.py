"""Watches a stream go by: what the provider says was used, and what it has written until now."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
from collections.abc import Iterator, Mapping
from typing import Any

from . import tiers, usage
from .routes import Kind
from .usage import Usage, get

_DELTAS = (
    "output_text.delta",
    "refusal.delta",
    "arguments.delta",
    "reasoning_text.delta",
    "reasoning_summary_text.delta",
    "code.delta",
    "input.delta",
)
_REST_WITHIN_S = 2
_ENDS = ("response.completed", "response.incomplete", "response.failed")


class Watch:
    """Sees every chunk of one attempt, in the shape that its route has: chat and completion
    objects, events of responses, Anthropic's bytes.
    """

    def __init__(self) -> None:
        self._written: list[str] = []
        self._told: Usage | None = None
        self._begun: dict[str, Any] = {}
        self._ended = False
        self._unread = b""
        self._finished = False
        self._layers: list[Any] = []
        self._others: list[Any] = []
        self._tier: str | None = None
        self.response_id: str | None = None
        """Of a response, the id that it can be asked for by."""

    @property
    def written(self) -> str:
        return "".join(self._written)

    def input_told(self) -> Usage | None:
        """What an Anthropic stream says of its input at its beginning; None where nothing is known
        yet.
        """
        if self._begun:
            return usage.of_anthropic({**self._begun, "output_tokens": 0})
        begun = _of_chunks(self._collected())
        return (
            {**begun, "output_tokens": 0}
            if begun is not None and begun["input_tokens"] > 0
            else None
        )

    def told(self, followed: bool = False) -> Usage | None:
        """The usage that the provider told; None where it told none. litellm fills in a count of
        its own then, which is not the bill.

        :param followed: whether another call goes on with the stream, so that the client was not
            shown the end of this one
        """
        if self._ended:
            return self._told
        completed = self._completed()
        if completed is not None:
            return completed
        chunks = self._collected()
        if chunks:
            # What a provider told is in the chunks that litellm keeps, whether or not the client
            # is shown it.
            finished = self._finished or (followed and any(map(_is_last, chunks)))
            told = _of_chunks(chunks) if finished else None
            told = None if told is None else _merged(told, self._told or {})
        else:
            told = self._told
        return (
            None
            if told is None
            else {**told, **({"service_tier": self._tier} if self._tier else {})}
        )

    def follow(self, response: Any, others: list[Any]) -> None:
        """Remembers the stream, in one of whose wrappers litellm keeps the provider's own chunks.

        :param others: what attempts before this one were told by, in the same stream
        """
        # At once: a generator that has ended does not say any more what it has passed on.
        self._layers, self._others = list(layers(response)), others

    async def read_to_end(self) -> None:
        """Where the proxy has run tools, it has not read this stream past its last word: what
        follows is the usage.
        """
        for layer in self._all_layers():
            rest = getattr(getattr(layer, "_custom_iterator", None), "stream_wrapper", None)
            if rest is None or any(rest is other for other in self._others):
                continue
            self._others = [*self._others, rest]
            with contextlib.suppress(Exception):
                await asyncio.wait_for(self._see_rest(rest), _REST_WITHIN_S)

    async def _see_rest(self, stream: Any) -> None:
        async for chunk in stream:
            self.see(chunk)

    def told_by(self) -> list[Any]:
        """What this attempt was told by, which tells nothing of another."""
        return [*self._others, *self._lists(), *self._ends()]

    def _collected(self) -> list[Any]:
        return max(self._lists(), key=len, default=[])

    def _lists(self) -> list[list[Any]]:
        found = [getattr(layer, "chunks", None) for layer in self._all_layers()]
        return [kept for kept in found if isinstance(kept, list) and not self._is_of_another(kept)]

    def _ends(self) -> list[Any]:
        having = [layer for layer in self._all_layers() if hasattr(layer, "__dict__")]
        found = [vars(layer).get("completed_response") for layer in having]
        return [end for end in found if end is not None and not self._is_of_another(end)]

    def _all_layers(self) -> list[Any]:
        """A stream that calls the model again has another within it then."""
        return [inner for layer in self._layers for inner in layers(layer)]

    def _is_of_another(self, kept: Any) -> bool:
        return any(kept is other for other in self._others)

    def _completed(self) -> Usage | None:
        """What the last event of a response says, where the client is not shown it."""
        for end in self._ends():
            told = _of_last_event(end)
            if told is not None:
                return told
        return None

    def see(self, chunk: Any) -> None:
        if isinstance(chunk, bytes | str):
            self._see_events(chunk if isinstance(chunk, bytes) else chunk.encode())
        elif (kind := _event_type(chunk)) is not None:
            self._see_response_event(kind, chunk)
        else:
            self._see_choices(chunk)

    def _see_choices(self, chunk: Any) -> None:
        for choice in get(chunk, "choices") or ():
            delta = get(choice, "delta")
            self._finished = self._finished or bool(get(choice, "finish_reason"))
            self._write(
                get(choice, "text"),
                get(delta, "content"),
                get(delta, "reasoning_content"),
                get(delta, "refusal"),
            )
            for call in get(delta, "tool_calls") or ():
                self._write(get(call, "function", "name"), get(call, "function", "arguments"))
        told = usage.of_usage(get(chunk, "usage"))
        if told is not None:
            self._told = told
        tier = get(chunk, "service_tier")
        if isinstance(tier, str):
            self._tier = tiers.tier_told(tier)

    def _see_response_event(self, kind: str, event: Any) -> None:
        if self.response_id is None and (name := get(event, "response", "id")):
            self.response_id = str(name)
        if kind.endswith(_DELTAS):
            self._write(get(event, "delta"))
        elif kind in _ENDS:
            told = _of_last_event(event)
            if told is not None:
                self._told, self._ended = told, True

    def _see_events(self, data: bytes) -> None:
        self._unread += data
        *whole, self._unread = self._unread.replace(b"\r\n", b"\n").split(b"\n\n")
        for event in _payloads(whole):
            match event.get("type"):
                case "message_start":
                    self._begun = dict(get(event, "message", "usage") or {})
                case "content_block_delta":
                    delta = event.get("delta")
                    self._write(
                        get(delta, "text"), get(delta, "thinking"), get(delta, "partial_json")
                    )
                case "message_delta":
                    self._see_message_delta(event)
                case str(kind):
                    self._see_response_event(kind, event)
                case _:
                    self._see_choices(event)

    def _see_message_delta(self, event: Mapping[str, Any]) -> None:
        """Its counts are cumulative and replace those at the beginning."""
        later = {
            name: value for name, value in (event.get("usage") or {}).items() if value is not None
        }
        if "output_tokens" in later:
            self._told = usage.of_anthropic({**self._begun, **later})
            self._ended = self._told["input_tokens"] > 0 or self._told["output_tokens"] > 0

    def _write(self, *texts: Any) -> None:
        self._written.extend(text for text in texts if isinstance(text, str) and text)


def _event_type(chunk: Any) -> str | None:
    kind = get(chunk, "type")
    kind = getattr(kind, "value", kind)
    return kind if isinstance(kind, str) and kind.startswith("response.") else None


def _of_last_event(event: Any) -> Usage | None:
    response = get(event, "response")
    # litellm's own count has no details; the API's always has.
    details = ("input_tokens_details", "output_tokens_details")
    if all(get(response, "usage", name) is None for name in details):
        return None
    return usage.of_response(Kind.RESPONSES, response, {}, None)


def _is_last(chunk: Any) -> bool:
    return any(get(choice, "finish_reason") for choice in get(chunk, "choices") or ())


def _payloads(frames: list[bytes]) -> Iterator[Mapping[str, Any]]:
    for frame in frames:
        data = b"\n".join(
            line[5:].strip() for line in frame.split(b"\n") if line.startswith(b"data:")
        )
        try:
            payload = json.loads(data)
        except ValueError:
            continue
        if isinstance(payload, Mapping):
            yield payload


_WITHIN = (
    "_source", "inner", "completion_stream", "_stream", "stream", "_async_generator",
    # A stream that runs the proxy's own tools, and the calls of the model behind it.
    "_original_wrapper", "_custom_iterator", "stream_wrapper", "follow_up_stream", "base_iterator",
)  # fmt: skip


def _of_chunks(chunks: list[Any]) -> Usage | None:
    """Counts in a stream are cumulative: of each part the largest is the last word."""
    merged: Usage = {}
    for told in filter(None, (usage.of_usage(get(chunk, "usage")) for chunk in chunks)):
        merged = _merged(merged, told)
    return merged or None


def _merged(earlier: Usage, later: Usage) -> Usage:
    counts = {
        name: max(earlier.get(name, 0), value)
        for name, value in later.items()
        if isinstance(value, int)
    }
    return {**earlier, **later, **counts}


def is_from_cache(response: Any) -> bool:
    """Whether litellm answers a stream from its own cache, so that no provider was called."""
    return any(
        getattr(layer, "custom_llm_provider", None) == "cached_response"
        for layer in layers(response)
    )


def layers(response: Any) -> Iterator[Any]:
    """A stream and what it wraps."""
    waiting: list[Any] = [response]
    seen: set[int] = set()
    while waiting:
        layer = waiting.pop(0)
        if layer is None or id(layer) in seen or len(seen) > 30:
            continue
        seen.add(id(layer))
        yield layer
        waiting.extend(getattr(layer, name, None) for name in _WITHIN)
        if inspect.isasyncgen(layer) and layer.ag_frame is not None:
            # A stream is passed on by generators too, which hold their source in a variable.
            held = layer.ag_frame.f_locals
            waiting.append(held.get("response"))
            waiting.extend(value for value in held.values() if hasattr(value, "_custom_iterator"))


def without_usage(chunk: Any) -> Any:
    """The chunk as a client that did not ask for usage expects it; None for one that carries
    nothing else.
    """
    if get(chunk, "usage") is None:
        return chunk
    for choice in get(chunk, "choices") or ():
        delta = get(choice, "delta")
        if (
            get(choice, "finish_reason")
            or get(choice, "text")
            or get(delta, "content")
            or get(delta, "tool_calls")
        ):
            chunk.usage = None
            return chunk
    return None
