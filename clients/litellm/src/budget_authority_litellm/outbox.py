"""Delivers settlements: to the authority where it answers, else to its queue if there is one, else
from the spool, every two seconds, until one has them.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Coroutine
from enum import Enum, auto
from pathlib import Path
from typing import Any

from .authority import Authority, Message, Unreachable
from .spool import Spool
from .usage_queue import UsageQueue

log = logging.getLogger("budget_authority_litellm")

_AFTER_ANSWER_S = 0.02
"""A delivery begins so late: by then the client has its answer, and does not wait for this work of
the loop.
"""
_ROUND_S = 2
_UNKNOWN_FOR_S = 3600
"""How long a settlement of something that the authority does not know is repeated: a degraded allow
reaches its ledger late.
"""


class Delivery:
    """A message on its way in the background."""

    def __init__(self, task: asyncio.Task[None], hurry: asyncio.Event) -> None:
        self._task, self._hurry = task, hurry

    async def end(self) -> None:
        """Returns when the message is told, or written down to be told later. The delivery begins
        now.
        """
        self._hurry.set()
        await asyncio.wait([self._task])


class Outbox:
    def __init__(self, authority: Authority, spool: Spool, queue: UsageQueue | None = None) -> None:
        self._authority = authority
        self._spool = spool
        self._queue = queue
        self._tasks: set[asyncio.Task[Any]] = set()
        self._rounds: asyncio.Task[None] | None = None

    @property
    def is_full(self) -> bool:
        return self._spool.is_full

    def post(self, message: Message) -> Delivery:
        """Delivers in the background, after the client has its answer."""
        hurry = asyncio.Event()
        return Delivery(self.run(self._deliver(message, hurry)), hurry)

    def post_surely(self, message: Message) -> None:
        """The same for what no hold stands behind: it is written down first, since a proxy that is
        killed meanwhile would leave no trace of it.
        """
        self.run(self._deliver(message, asyncio.Event(), surely=True))

    async def keep(self, message: Message) -> None:
        """For a message that has to wait in any case: the authority was unavailable just now."""
        await self._write(message)
        self.start()

    async def _write(self, message: Message) -> Path:
        # The disk takes its time to have it for certain: not the loop's, where calls wait.
        return await asyncio.to_thread(self._spool.keep, message)

    def run(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Runs work in the background and keeps a reference to it: the loop alone keeps none."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("event=settlement_failed", exc_info=error)

    def start(self) -> None:
        """Starts the rounds, if there is something to send and they are not running. Needs a
        running loop.
        """
        if self._spool.is_empty or (self._rounds is not None and not self._rounds.done()):
            return
        self._rounds = self.run(self._go_round())

    async def _deliver(self, message: Message, hurry: asyncio.Event, surely: bool = False) -> None:
        kept = await self._write(message) if surely else None
        try:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(hurry.wait(), _AFTER_ANSWER_S)
            fate = await self._tell(message, 0)
        except BaseException:
            # The proxy is going down with this under way.
            if kept is None:
                self._spool.keep(message)
            raise
        if kept is None and fate is not _Fate.DONE:
            kept = await self._write(message)
        if kept is not None:
            self._settle_entry(kept, fate)
            self.start()

    async def _go_round(self) -> None:
        while not self._spool.is_empty:
            await asyncio.sleep(_ROUND_S)
            away = False
            for path, message in self._spool.entries():
                fate = await self._tell(message, _age_s(path), away)
                self._settle_entry(path, fate)
                if fate is _Fate.NOBODY_THERE:
                    away = True
                    if self._queue is None or self._queue.may_take(message):
                        break

    def _settle_entry(self, path: Path, fate: _Fate) -> None:
        if fate is _Fate.DONE:
            self._spool.delivered(path)
        elif fate is _Fate.REFUSED:
            self._spool.refuse(path, "the authority refused it")

    async def _tell(self, message: Message, age_s: float, away: bool = False) -> _Fate:
        """Tells the authority, or its queue where it is `away` or too busy."""
        try:
            if away:
                raise Unreachable("it did not answer a moment ago", sent=False)
            answer = await self._authority.send(message)
        except Unreachable:
            return _Fate.DONE if await self._is_taken_by_queue(message) else _Fate.NOBODY_THERE
        if answer.status < 300:
            return _Fate.DONE
        if answer.status >= 500 or answer.status in (408, 425, 429):
            return _Fate.DONE if await self._is_taken_by_queue(message) else _Fate.LATER
        if answer.status in (401, 403) or (answer.status == 404 and age_s < _UNKNOWN_FOR_S):
            # A key that is being changed; a reservation that the ledger does not know yet. The
            # queue would deliver it too soon, and give up.
            return _Fate.LATER
        log.error(
            "event=settlement_refused path=%s status=%d code=%s",
            message.path,
            answer.status,
            answer.body.get("code"),
        )
        return _Fate.REFUSED

    async def _is_taken_by_queue(self, message: Message) -> bool:
        return self._queue is not None and await self._queue.take(message)


class _Fate(Enum):
    """What became of a message."""

    DONE = auto()
    LATER = auto()
    """The same message may fare better later."""
    NOBODY_THERE = auto()
    """So may every other, but for what the queue takes."""
    REFUSED = auto()


def _age_s(path: Path) -> float:
    return time.time() - int(path.name.split("-")[0]) / 1e9
