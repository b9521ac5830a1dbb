"""What the hook adds to a request: a proxy with it beside the same proxy without it, on loopback, warm, in one run.

Requests go to the two in turn, so that whatever else the machine does falls on both. `bench/run` starts it.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import httpx
from conftest import hook_environment, proxy_config
from fake_upstream import FakeUpstream
from harness.processes import Authority, Proxy

GOAL_MS = {"p50": 10, "p99": 50}


def timed_ms(client: httpx.Client, run: str, streaming: bool) -> float:
    body = {"model": "gpt", "messages": [{"role": "user", "content": "Say a few words."}], "max_tokens": 50, "stream": streaming}
    began = time.perf_counter()
    with client.stream("POST", "/v1/chat/completions", json=body, headers={"X-Run-Id": run}) as response:
        # Of a stream, until its first byte: the hook is done by then.
        pieces = response.iter_raw()
        next(pieces)
        took = (time.perf_counter() - began) * 1000
        for _ in pieces:
            pass
    assert response.status_code == 200, response.status_code
    return took


def percentile(sorted_ms: list[float], share: float) -> float:
    return sorted_ms[min(len(sorted_ms) - 1, int(len(sorted_ms) * share))]


def compare(clients: dict[str, httpx.Client], requests: int, streaming: bool, at_once: int) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {name: [] for name in clients}

    def one(number: int) -> tuple[str, float]:
        # In turn, and now one first and now the other.
        names = list(clients) if (number // 2) % 2 else list(reversed(clients))
        name = names[number % 2]
        return name, timed_ms(clients[name], f"bench-{number % 50}-{os.getpid()}", streaming)

    with ThreadPoolExecutor(at_once) as pool:
        for name, took in pool.map(one, range(2 * requests)):
            times[name].append(took)
    return {name: sorted(values) for name, values in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=1000, help="for each proxy and kind, after warming up")
    parser.add_argument("--warm-up", type=int, default=300)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, FakeUpstream() as upstream:
        folder = Path(name)
        authority = Authority(folder / "authority")
        with_hook = Proxy(folder / "with", proxy_config(upstream.url), hook_environment(authority.url))
        without = Proxy(folder / "without", proxy_config(upstream.url, hook=False), {})
        processes = (authority, with_hook, without)
        try:
            for process in processes:
                process.start()
            # Shorter than the proxy keeps an idle connection.
            kept = httpx.Limits(keepalive_expiry=2)
            clients = {
                label: httpx.Client(base_url=proxy.url, headers={"Authorization": "Bearer sk-ada-red"}, timeout=60, limits=kept)
                for label, proxy in (("with", with_hook), ("without", without))
            }
            print("| request | without p50 | with p50 | added p50 | without p99 | with p99 | added p99 | CPU of the proxy, without | with | of the authority |")
            print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
            measured = (without, with_hook, authority)
            for label, streaming, at_once in (("plain", False, 1), ("stream, first byte", True, 1), ("plain, 4 at once", False, 4)):
                compare(clients, options.warm_up, streaming, at_once)
                cpu_before = [process.cpu_s() for process in measured]
                times = compare(clients, options.requests, streaming, at_once)
                row = [label]
                for share in (0.50, 0.99):
                    bare, hooked = (percentile(times[which], share) for which in ("without", "with"))
                    row += [f"{bare:.1f} ms", f"{hooked:.1f} ms", f"{hooked - bare:+.1f} ms"]
                # This does not depend on what else the machine does.
                row += [f"{(process.cpu_s() - before) * 1000 / options.requests:.1f} ms" for process, before in zip(measured, cpu_before, strict=True)]
                print(f"| {' | '.join(row)} |", flush=True)
            print(f"goal for what is added: {GOAL_MS['p50']} ms p50, {GOAL_MS['p99']} ms p99, one request at a time")
        finally:
            for process in reversed(processes):
                process.stop()


if __name__ == "__main__":
    main()
