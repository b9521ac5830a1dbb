"""What the proxy's process keeps: its resident memory after 500 calls of 0.5 MB and after 3,000,
with the hook and without it. `bench/memory` starts it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import httpx
from conftest import hook_environment, proxy_config
from fake_upstream import FakeUpstream
from harness.ledger import Ledger
from harness.processes import Authority, Proxy

GOAL_MB = 20
RUNS = tuple(f"memory-{number}" for number in range(100))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=3000)
    parser.add_argument("--first", type=int, default=500)
    parser.add_argument("--kilobytes", type=int, default=500)
    options = parser.parse_args()
    content = "word " * (options.kilobytes * 200)
    message = {"role": "user", "content": content}
    body = json.dumps({"model": "claude", "messages": [message], "max_tokens": 50}).encode()
    with tempfile.TemporaryDirectory() as name, FakeUpstream() as upstream:
        folder = Path(name)
        authority = Authority(folder / "authority")
        hooked = Proxy(folder / "with", proxy_config(upstream.url), hook_environment(authority.url))
        bare = Proxy(folder / "without", proxy_config(upstream.url, hook=False), {})
        try:
            authority.start()
            # What 3,000 calls of this size cost is above the limit that runs have by default.
            gateway = Ledger(authority.url).gateway
            for run in RUNS:
                body_of_run = {"run_id": run, "limit_usd": "1000.00"}
                gateway.post("/budget/runs", json=body_of_run).raise_for_status()
            print(
                f"| proxy | after {options.first} calls | after {options.calls} calls | grown by |"
            )
            print("| --- | --- | --- | --- |")
            for label, proxy in (("with the hook", hooked), ("without it", bare)):
                proxy.start()
                early = resident_mb(proxy, body, options.first, upstream)
                late = resident_mb(proxy, body, options.calls - options.first, upstream)
                cells = (label, f"{early:.0f} MB", f"{late:.0f} MB", f"{late - early:+.0f} MB")
                print(f"| {' | '.join(cells)} |", flush=True)
                proxy.stop()
            print(f"goal with the hook: at most {GOAL_MB} MB")
        finally:
            for process in (bare, hooked, authority):
                process.stop()


def resident_mb(proxy: Proxy, body: bytes, calls: int, upstream: FakeUpstream) -> float:
    headers = {"Authorization": "Bearer sk-ada-red", "Content-Type": "application/json"}
    client = httpx.Client(base_url=proxy.url, headers=headers, timeout=120)

    def ask(number: int) -> None:
        named = {"X-Run-Id": RUNS[number % len(RUNS)]}
        response = client.post("/v1/chat/completions", content=body, headers=named)
        assert response.status_code == 200, response.text

    with ThreadPoolExecutor(4) as pool:
        for _ in pool.map(ask, range(calls)):
            upstream.script.forget()
    return proxy.resident_mb()


if __name__ == "__main__":
    main()
