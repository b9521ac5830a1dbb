"""What the hook adds to a request: a proxy with it beside the same proxy without it, on loopback,
warm, in one run.

Requests go to the two in turn, so that whatever else the machine does falls on both. Each begins
when the last one is answered, or a pause after that: processors that were idle are slower. Each
figure is the median of several rounds. `bench/run` starts it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import httpx
from conftest import hook_environment, proxy_config
from fake_upstream import FakeUpstream
from harness.processes import Authority, Proxy

from budget_authority_litellm.authority import Authority as Client
from budget_authority_litellm.authority import Message
from budget_authority_litellm.settings import Settings

GOALS = "6 ms p50 and 15 ms p99 for a plain call, 8 ms p50 with 60 tools and 200 KB"
HEADINGS = (
    "request", "without p50", "with p50", "added p50", "without p99", "with p99", "added p99",
    "CPU of the proxy, without", "with", "of the authority",
)  # fmt: skip


def plain() -> dict[str, Any]:
    message = {"role": "user", "content": "Say a few words."}
    return {"model": "gpt", "messages": [message], "max_tokens": 50}


def large() -> dict[str, Any]:
    """60 tools and 200 KB in all, as an agent's request is."""
    properties = {
        f"argument_{n}": {"type": "string", "description": "word " * 8} for n in range(10)
    }
    schema = {"type": "object", "properties": properties}
    function = {"description": "word " * 40, "parameters": schema}
    tools = [{"type": "function", "function": {"name": f"f{n}", **function}} for n in range(60)]
    rest = 200_000 - len(json.dumps(tools))
    content = "Say a few words. " * (rest // 17)
    return {**plain(), "messages": [{"role": "user", "content": content}], "tools": tools}


def timed_ms(client: httpx.Client, run: str, body: bytes) -> float:
    headers = {"X-Run-Id": run, "Content-Type": "application/json"}
    began = time.perf_counter()
    with client.stream("POST", "/v1/chat/completions", content=body, headers=headers) as response:
        # Of a stream, until its first byte: the hook is done by then.
        pieces = response.iter_raw()
        next(pieces)
        took = (time.perf_counter() - began) * 1000
        for _ in pieces:
            pass
    assert response.status_code == 200, response.status_code
    return took


def warm(url: str, lifecycles: int) -> None:
    """Holds and commits straight at the authority: a JVM compiles what it runs often."""
    who = {"user_id": "ada", "team_id": "red"}
    size = {"input_bytes": 60, "max_output_tokens": 50}
    ask = {"provider": "openai", "model": "gpt-4o-mini", **who, **size}
    used = {"usage": {"input_tokens": 20, "output_tokens": 5}, "usage_quality": "exact"}

    async def one_after_another(client: Client, which: int) -> None:
        for number in range(which, lifecycles, 4):
            answer = await client.ask(ask, f"warm-{number}", f"warm-{number % 50}")
            assert answer.status == 200, answer
            path = f"/budget/reservations/{answer.body['reservation_id']}/commit"
            assert (await client.send(Message(path, used))).status == 200

    async def all_of_them() -> None:
        client = Client(Settings(url=url, key="bak_demo_gateway", timeout_ms=30_000))
        await asyncio.gather(*(one_after_another(client, which) for which in range(4)))
        await client.close()

    asyncio.run(all_of_them())


def percentile(sorted_ms: list[float], share: float) -> float:
    return sorted_ms[min(len(sorted_ms) - 1, int(len(sorted_ms) * share))]


def compare(
    clients: dict[str, httpx.Client], requests: int, body: bytes, at_once: int, pause_s: float = 0
) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {name: [] for name in clients}

    def one(number: int) -> tuple[str, float]:
        time.sleep(pause_s)
        # In turn, and now one first and now the other.
        names = list(clients) if (number // 2) % 2 else list(reversed(clients))
        name = names[number % 2]
        return name, timed_ms(clients[name], f"bench-{number % 50}-{os.getpid()}", body)

    with ThreadPoolExecutor(at_once) as pool:
        for name, took in pool.map(one, range(2 * requests)):
            times[name].append(took)
    return {name: sorted(values) for name, values in times.items()}


def row(rounds: list[dict[str, list[float]]]) -> list[str]:
    cells: list[str] = []
    for share in (0.50, 0.99):
        each = [
            [percentile(times[which], share) for which in ("without", "with")] for times in rounds
        ]
        bare = statistics.median(without for without, _ in each)
        hooked = statistics.median(with_it for _, with_it in each)
        added = statistics.median(with_it - without for without, with_it in each)
        cells += [f"{bare:.1f} ms", f"{hooked:.1f} ms", f"{added:+.1f} ms"]
    return cells


REQUESTS: tuple[tuple[str, Callable[[], dict[str, Any]], bool, int], ...] = (
    ("plain", plain, False, 1),
    ("stream, first byte", plain, True, 1),
    ("60 tools, 200 KB", large, False, 1),
    ("plain, 4 at once", plain, False, 4),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=300, help="of a round, for each proxy")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pause-ms", type=float, default=0, help="before each request")
    parser.add_argument("--warm-up", type=int, default=1500, help="requests for each proxy")
    parser.add_argument("--lifecycles", type=int, default=10_000, help="to warm the authority with")
    parser.add_argument("--rows", type=int, default=len(REQUESTS), help="how many of the table")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, FakeUpstream() as upstream:
        folder = Path(name)
        authority = Authority(folder / "authority")
        config = proxy_config(upstream.url)
        with_hook = Proxy(folder / "with", config, hook_environment(authority.url))
        without = Proxy(folder / "without", proxy_config(upstream.url, hook=False), {})
        processes = (authority, with_hook, without)
        try:
            for process in processes:
                process.start()
            warm(authority.url, options.lifecycles)
            measure({"with": with_hook, "without": without}, authority, options)
        finally:
            for process in reversed(processes):
                process.stop()


def measure(proxies: dict[str, Proxy], authority: Authority, options: argparse.Namespace) -> None:
    clients = {
        label: httpx.Client(
            base_url=proxy.url,
            headers={"Authorization": "Bearer sk-ada-red"},
            timeout=60,
            # Shorter than the proxy keeps an idle connection.
            limits=httpx.Limits(keepalive_expiry=2),
        )
        for label, proxy in proxies.items()
    }
    print(f"| {' | '.join(HEADINGS)} |\n|{' --- |' * len(HEADINGS)}")
    measured = (proxies["without"], proxies["with"], authority)
    for label, made, streaming, at_once in REQUESTS[: options.rows]:
        body = json.dumps({**made(), "stream": streaming}).encode()
        compare(clients, options.warm_up, body, at_once)
        cpu_before = [process.cpu_s() for process in measured]
        rounds = [
            compare(clients, options.requests, body, at_once, options.pause_ms / 1000)
            for _ in range(options.rounds)
        ]
        # This does not depend on what else the machine does.
        cpu = [
            f"{(process.cpu_s() - before) * 1000 / options.requests / options.rounds:.1f} ms"
            for process, before in zip(measured, cpu_before, strict=True)
        ]
        print(f"| {' | '.join([label, *row(rounds), *cpu])} |", flush=True)
    print(f"goals for what is added, one request at a time: {GOALS}")
    print(f"load of the machine: {' '.join(f'{load:.1f}' for load in os.getloadavg())}")


if __name__ == "__main__":
    main()
