"""Calls that all start at one moment, and what became of each."""

from __future__ import annotations

import asyncio
import enum
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import aiohttp

from . import workload


class Outcome(enum.Enum):
    PASSED = "passed"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True)
class Result:
    outcome: Outcome
    status: int
    """Of HTTP: the model's, or that of the refusal; 0 where the connection broke."""
    ms: float = 0


@dataclass(frozen=True)
class Wave:
    results: tuple[Result, ...]
    billed: int
    """Calls that reached the model."""

    def count(self, outcome: Outcome) -> int:
        return sum(result.outcome is outcome for result in self.results)

    def ms(self, outcome: Outcome) -> list[float]:
        return [result.ms for result in self.results if result.outcome is outcome]

    def statuses(self) -> Counter[int]:
        return Counter(result.status for result in self.results)


Call = Callable[[int], Awaitable[Result]]
"""Makes the call with this number and says what became of it; the time is measured here."""


async def run(call: Call, billed: Callable[[], Awaitable[int]]) -> Wave:
    before = await billed()
    go = asyncio.Event()

    async def one(number: int) -> Result:
        await go.wait()
        began = time.perf_counter()
        try:
            result = await call(number)
        except aiohttp.ClientConnectionError:
            result = Result(Outcome.FAILED, 0)
        return Result(result.outcome, result.status, (time.perf_counter() - began) * 1000)

    tasks = [asyncio.create_task(one(number)) for number in range(workload.CALLS)]
    # Each of them waits before the first starts.
    await asyncio.sleep(0)
    go.set()
    results = await asyncio.gather(*tasks)
    return Wave(tuple(results), await billed() - before)


def percentile(values: list[float], share: float) -> float:
    """The smallest value that this share of them does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-int(len(ordered) * share * 100) // 100) - 1)]
