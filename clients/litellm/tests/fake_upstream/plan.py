"""What the provider is told to do, and what it did.

A request carries the name of its plan in its text (`plan:<name>`), so a test decides what happens
to it however it travels: over a retry, a fallback, another route. A plan is a list of steps, one
for each call that arrives; when they are used up the provider answers normally.
"""

from __future__ import annotations

import re
import threading
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PLAN_NAME = re.compile(r"plan:([A-Za-z0-9_-]+)")


@dataclass(frozen=True)
class Answer:
    """Answers in full: `output_tokens` words, whatever else the usage shall say, after `delay_s`,
    with `chunk_delay_s` before each piece of a stream.
    """

    output_tokens: int = 5
    delay_s: float = 0
    chunk_delay_s: float = 0
    usage: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the provider's own usage object that replace what it would say."""
    bill: Mapping[str, Any] = field(default_factory=dict)
    """The same in the words of the ledger, so that the bill is stated apart from how the provider
    spells it.
    """
    usage_in_stream: bool = True
    """False for a provider that never tells the usage of a stream, whatever it is asked."""
    tool_uses: int = 0
    tool_call: str | None = None
    """Name of a function that the answer calls, in place of words (chat)."""
    service_tier: str | None = None


@dataclass(frozen=True)
class Refuse:
    """Answers with an error status, after `delay_s`, and bills nothing."""

    status: int = 500
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0


@dataclass(frozen=True)
class Hang:
    """Takes the request, works on it, and says nothing until the caller is gone: billed in full,
    `output_tokens` included.
    """

    output_tokens: int = 5


@dataclass(frozen=True)
class Disconnect:
    """Takes the request and drops the connection without a word: billed its input."""


@dataclass(frozen=True)
class BreakOff:
    """Streams `after` words and drops the connection: billed the input and those words."""

    after: int = 3


Step = Answer | Refuse | Hang | Disconnect | BreakOff


@dataclass
class Call:
    """One request that arrived, and its bill: the parts of usage by the ledger's names, or None
    where nothing is billed.
    """

    plan: str | None
    route: str
    model: str
    body: dict[str, Any]
    headers: dict[str, str]
    step: Step
    bill: dict[str, Any] | None = None
    ended: str = "open"


class Script:
    """The plans and the calls. Safe to use from the test's thread while the provider runs in
    another.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._plans: dict[str, list[Step]] = defaultdict(list)
        self._calls: list[Call] = []
        self._strays: list[str] = []

    def plan(self, name: str, *steps: Step) -> None:
        with self._lock:
            self._plans[name].extend(steps)

    def next_step(self, name: str | None) -> Step:
        with self._lock:
            steps = self._plans.get(name or "")
            return steps.pop(0) if steps else Answer()

    def arrived(self, call: Call) -> None:
        with self._lock:
            self._calls.append(call)

    def strayed(self, what: str) -> None:
        with self._lock:
            self._strays.append(what)

    def strays(self) -> list[str]:
        """Methods and paths of what arrived at none of the routes."""
        with self._lock:
            return list(self._strays)

    def forget(self) -> None:
        """Drops the calls, whose bodies may be large."""
        with self._lock:
            self._calls.clear()

    def calls(self, plan: str | None = None) -> list[Call]:
        with self._lock:
            return [call for call in self._calls if plan is None or call.plan == plan]
