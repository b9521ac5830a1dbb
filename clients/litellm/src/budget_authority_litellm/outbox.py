"""Delivers settlements: at once where the authority answers, else from the spool, every two seconds, until it does."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from .authority import Answer, Authority, Message, Unreachable
from .spool import Spool

log = logging.getLogger("budget_authority_litellm")

_ROUND_S = 2
_UNKNOWN_FOR_S = 3600
"""How long a settlement of something that the authority does not know is repeated: a degraded allow reaches its ledger late."""


class Outbox:
    def __init__(self, authority: Authority, spool: Spool) -> None:
        self._authority = authority
        self._spool = spool
        self._tasks: set[asyncio.Task[Any]] = set()
        self._rounds: asyncio.Task[None] | None = None

    @property
    def is_full(self) -> bool:
        return self._spool.is_full

    def post(self, message: Message) -> None:
        """Delivers in the background, after the client has its answer."""
        self.run(self._deliver(message))

    def keep(self, message: Message) -> None:
        """For a message that has to wait in any case: the authority was away a moment ago."""
        self._spool.keep(message)
        self.start()

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs work in the background and holds on to it: the loop alone would let it be collected."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("event=settlement_failed", exc_info=error)

    def start(self) -> None:
        """Starts the rounds, if there is something to send and they are not running. Needs a running loop."""
        if self._spool.is_empty or (self._rounds is not None and not self._rounds.done()):
            return
        self._rounds = asyncio.get_running_loop().create_task(self._go_round())
        self._tasks.add(self._rounds)
        self._rounds.add_done_callback(self._done)

    async def _deliver(self, message: Message) -> None:
        try:
            answer = await self._authority.send(message)
        except Unreachable:
            self.keep(message)
        except BaseException:
            # The proxy is going down with this under way.
            self._spool.keep(message)
            raise
        else:
            if _again(answer, 0):
                self.keep(message)
            elif answer.status >= 400:
                log.error("event=settlement_refused path=%s status=%d code=%s", message.path, answer.status, answer.body.get("code"))
                self._spool.keep(message)
                self.start()

    async def _go_round(self) -> None:
        while not self._spool.is_empty:
            await asyncio.sleep(_ROUND_S)
            for path, message in self._spool.entries():
                try:
                    answer = await self._authority.send(message)
                except Unreachable:
                    break
                self._judge(path, answer)

    def _judge(self, path: Path, answer: Answer) -> None:
        if answer.status < 300:
            self._spool.delivered(path)
        elif not _again(answer, _age_s(path)):
            self._spool.refuse(path, f"status {answer.status}, code {answer.body.get('code')}")


def _age_s(path: Path) -> float:
    return time.time() - int(path.name.split("-")[0]) / 1e9


def _again(answer: Answer, age_s: float) -> bool:
    """Whether the same message may fare better later: a key that is being changed, an authority that is busy or does not know the reservation yet."""
    return answer.status in (401, 403, 408, 425, 429) or answer.status >= 500 or (answer.status == 404 and age_s < _UNKNOWN_FOR_S)
