"""Responses that a provider makes in the background: their usage is told by a later `GET`.

Until then their hold is extended. After the longest time of a call the estimate is charged, and
a usage report that comes later still takes its place. This is kept in memory: after a restart
the hold expires, and its estimate is charged.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .routes import Kind
from .usage import Usage, get, of_response

_UNFINISHED = frozenset({"queued", "in_progress"})
_KEPT = 10_000
_KEPT_FOR_S = 86_400


@dataclass
class Later:
    """A response whose usage is not told yet."""

    settle: Callable[[Usage | None], None]
    """Commits its hold: exactly, or at its estimate."""
    keep_alive: Callable[[], Awaitable[None]]
    row: Mapping[str, Any] | None
    since: float = field(default_factory=time.monotonic)
    charged: bool = False


class Background:
    def __init__(self, max_call_seconds: int) -> None:
        self._max_call_seconds = max_call_seconds
        self._waiting: dict[str, Later] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, response: Any, later: Later) -> None:
        while len(self._waiting) >= _KEPT:
            self._charge(self._waiting.pop(next(iter(self._waiting))))
        self._waiting[_provider_id(get(response, "id"))] = later

    def told(self, response: Any, stated_id: Any = None) -> None:
        """Settles what a stored response tells the usage of."""
        if get(response, "status") in _UNFINISHED:
            return
        for name in (stated_id, get(response, "id")):
            later = self._waiting.get(_provider_id(name))
            usage = None if later is None else of_response(Kind.RESPONSES, response, {}, later.row)
            if later is not None and usage is not None:
                del self._waiting[_provider_id(name)]
                later.settle(usage)
                return

    def due(self) -> Iterator[Awaitable[None]]:
        """Extends the holds of those that are waited for, and charges what has taken too long."""
        now = time.monotonic()
        for name, later in list(self._waiting.items()):
            if now - later.since > self._max_call_seconds:
                self._charge(later)
            else:
                yield later.keep_alive()
            if now - later.since > self._max_call_seconds + _KEPT_FOR_S:
                del self._waiting[name]

    def _charge(self, later: Later) -> None:
        if not later.charged:
            later.charged = True
            later.settle(None)


def is_unfinished(kind: Kind, response: Any) -> bool:
    """Whether the provider has only begun."""
    return kind is Kind.RESPONSES and get(response, "status") in _UNFINISHED


def _provider_id(name: Any) -> str:
    """The provider's own id: the proxy writes into it which deployment has the response."""
    from litellm.responses.utils import ResponsesAPIRequestUtils

    try:
        decoded = ResponsesAPIRequestUtils._decode_responses_api_response_id(str(name))
    except Exception:
        # An id that is none of litellm's.
        return str(name)
    return str(get(decoded, "response_id") or name)
