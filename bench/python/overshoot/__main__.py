"""64 parallel calls at a budget for ten, and 64 more, at each system in turn. `bench/overshoot`
starts it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import aiohttp
from harness.processes import REPOSITORY, Process, free_port

from . import wave, workload
from .systems import SYSTEMS, Direct, LeftOut, System
from .wave import Outcome, Wave

HEADINGS = (
    "system", "budget", "billed, first wave", "second wave", "over the budget, micro-USD",
    "held afterwards, micro-USD", "passed calls p50", "p99", "added p50", "refused p50", "failed",
)  # fmt: skip


@dataclass
class Measured:
    limit_micro: int
    first: list[Wave] = field(default_factory=list)
    second: list[Wave] = field(default_factory=list)
    held: list[int | None] = field(default_factory=list)

    def ms(self, outcome: Outcome) -> list[float]:
        return [ms for one in (*self.first, *self.second) for ms in one.ms(outcome)]

    def over(self) -> list[int]:
        pairs = zip(self.first, self.second, strict=True)
        spent = [(one.billed + two.billed) * workload.CALL_MICRO for one, two in pairs]
        return [max(0, micro - self.limit_micro) for micro in spent]

    def failed(self) -> dict[int, int]:
        statuses: dict[int, int] = {}
        for one in (*self.first, *self.second):
            for result in one.results:
                if result.outcome is Outcome.FAILED:
                    statuses[result.status] = statuses.get(result.status, 0) + 1
        return statuses


class Bench:
    def __init__(self, options: argparse.Namespace, http: aiohttp.ClientSession, url: str) -> None:
        self._options, self._http, self._url = options, http, url
        self._series = 100

    async def billed(self) -> int:
        async with self._http.get(f"{self._url}/calls") as response:
            return int((await response.json())["calls"])

    async def warm_up(self, system: System) -> None:
        spare = await system.new_budget(None)
        for _ in range(self._options.warm_up):
            warm = await self._wave(system, spare)
            if warm.count(Outcome.PASSED) != workload.CALLS:
                raise RuntimeError(
                    f"{system.name}: without a limit every call must pass, but the statuses were"
                    f" {dict(warm.statuses())}"
                )

    async def measure(self, system: System, limit_micro: int) -> Measured:
        measured = Measured(limit_micro)
        for _ in range(self._options.repeat):
            budget = await system.new_budget(limit_micro)
            first = await self._wave(system, budget)
            await asyncio.sleep(self._options.pause)
            second = await self._wave(system, budget)
            await asyncio.sleep(self._options.pause)
            measured.first.append(first)
            measured.second.append(second)
            billed = (first.billed + second.billed) * workload.CALL_MICRO
            measured.held.append(await system.held_micro(budget, billed))
        return measured

    async def _wave(self, system: System, budget: Any) -> Wave:
        await system.connect(budget)
        self._series += 1
        return await wave.run(system.call(budget, self._series), self.billed)


def row(system: System, budget: str, measured: Measured, direct_p50: float | None) -> str:
    passed = measured.ms(Outcome.PASSED)
    refused = measured.ms(Outcome.REFUSED)
    p50 = wave.percentile(passed, 0.50) if passed else None
    held = [value for value in measured.held if value is not None]
    failed = measured.failed()
    cells = (
        system.name,
        budget if system.has_budget else "none",
        numbers([one.billed for one in measured.first]),
        numbers([one.billed for one in measured.second]),
        numbers(measured.over()) if system.has_budget else "",
        numbers(held),
        millis(p50),
        millis(wave.percentile(passed, 0.99) if passed else None),
        millis(None if p50 is None or direct_p50 is None else p50 - direct_p50),
        millis(wave.percentile(refused, 0.50) if refused else None),
        ", ".join(f"{status}: {count}" for status, count in sorted(failed.items())) or "none",
    )
    return f"| {' | '.join(cells)} |"


def numbers(values: list[int]) -> str:
    return ", ".join(f"{value:,}" for value in values)


def millis(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f} ms"


def print_settings(options: argparse.Namespace) -> None:
    def output(*command: str) -> str:
        try:
            done = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY)
        except FileNotFoundError:
            return "not installed"
        return (done.stdout or done.stderr).strip().splitlines()[0]

    print(
        f"{workload.CALLS} calls at once, each billed {workload.CALL_MICRO:,} micro-USD"
        f" ({workload.INPUT_TOKENS} tokens in, {workload.OUTPUT_TOKENS} out, {workload.MODEL});"
        " budgets "
        + ", ".join(
            f"{name} ({micro:,} micro-USD)" for name, micro in workload.BUDGETS_MICRO.items()
        )
    )
    print(
        f"the model takes {options.delay * 1000:.0f} ms; {options.pause:.0f} s between waves;"
        f" {options.warm_up} waves before, {options.repeat} repetitions"
    )
    print(f"budget-authority {output('git', 'describe', '--always', '--dirty')}")
    print(f"litellm {metadata.version('litellm')}, workers of the proxy: {options.workers}")
    print(output("redis-server", "--version"))
    for name in ("CYCLES_SERVER_JAR", "CYCLES_ADMIN_JAR"):
        print(Path(os.environ.get(name, "not given")).name)
    print(f"Python {platform.python_version()}, {os.cpu_count()} processors")


async def main(options: argparse.Namespace) -> None:
    upstream = f"http://127.0.0.1:{options.port}"
    folder = REPOSITORY / "target" / "overshoot"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    model = Process(
        "the model",
        [sys.executable, "-m", "overshoot.upstream", str(options.port), str(options.delay)],
        {"PYTHONPATH": os.pathsep.join(sys.path)},
        folder / "upstream.log",
        f"{upstream}/calls",
    )
    # Shorter than any of them keeps an idle connection.
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=2)
    timeout = aiohttp.ClientTimeout(total=120)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as http:
        try:
            model.start()
            await measure_all(Bench(options, http, upstream), options, folder, http, upstream)
        finally:
            model.stop()


async def measure_all(
    bench: Bench,
    options: argparse.Namespace,
    folder: Path,
    http: aiohttp.ClientSession,
    upstream: str,
) -> None:
    print(f"\n| {' | '.join(HEADINGS)} |\n|{' --- |' * len(HEADINGS)}", flush=True)
    direct_p50: float | None = None
    left_out: list[str] = []
    for number, kind in enumerate(SYSTEMS):
        if options.only and kind.__name__ not in options.only:
            continue
        system = kind(folder / f"{number}", http, upstream, options.workers)
        try:
            async with system.running():
                await bench.warm_up(system)
                for budget, micro in workload.BUDGETS_MICRO.items():
                    measured = await bench.measure(system, micro)
                    if isinstance(system, Direct):
                        direct_p50 = wave.percentile(measured.ms(Outcome.PASSED), 0.50)
                    print(row(system, budget, measured, direct_p50), flush=True)
                    if not system.has_budget:
                        break
        except LeftOut as reason:
            left_out.append(f"left out: {system.name}: {reason}")
    print("\n".join(left_out))
    print(f"load of the machine: {' '.join(f'{load:.1f}' for load in os.getloadavg())}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--warm-up", type=int, default=3, help="waves without a limit")
    parser.add_argument("--delay", type=float, default=0.3, help="seconds that the model takes")
    parser.add_argument("--pause", type=float, default=5, help="seconds after each wave")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="of each proxy")
    parser.add_argument("--only", nargs="*", help=", ".join(kind.__name__ for kind in SYSTEMS))
    arguments = parser.parse_args()
    arguments.port = free_port()
    print_settings(arguments)
    asyncio.run(main(arguments))
