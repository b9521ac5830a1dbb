"""An agent that has lost its way asks the same thing again and again, with an ever longer history.
Its run has one dollar.
"""

from __future__ import annotations

import os
import secrets
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "clients" / "litellm" / "tests"))

import httpx  # noqa: E402
import openai  # noqa: E402
import yaml  # noqa: E402
from fake_upstream import FakeUpstream  # noqa: E402
from fake_upstream.plan import Answer  # noqa: E402
from harness.processes import Authority, Proxy, wait_until  # noqa: E402

LIMIT = Decimal("1.00")
POLICY = {
    "downgrade": [
        {
            "models": ["claude-sonnet-4-5"],
            "from_percent": 60,
            "alternatives": [
                {
                    "model": "claude-haiku-4-5",
                    "downgrade_class": "small",
                    "policy_reason": "the run has little left",
                }
            ],
        }
    ]
}
CALLS = 200
"""How many calls the agent would make if nothing stopped it."""

BOLD, DIM, GREEN, YELLOW, RED, PLAIN = (
    ("\033[1m", "\033[2m", "\033[32m", "\033[33m", "\033[31m", "\033[0m")
    if sys.stdout.isatty()
    else ("",) * 6
)


def main() -> int:
    print(
        f"{BOLD}Starting the authority, the proxy and a provider that costs nothing …{PLAIN}",
        flush=True,
    )
    key = f"sk-{secrets.token_hex(16)}"
    with tempfile.TemporaryDirectory(prefix="budget-demo-") as name, FakeUpstream() as upstream:
        authority = Authority(Path(name) / "authority")
        environment = {
            "DEMO_UPSTREAM": upstream.url,
            "DEMO_PROXY_KEY": key,
            "BUDGET_AUTHORITY_URL": authority.url,
            "BUDGET_AUTHORITY_KEY": "bak_demo_gateway",
        }
        proxy = Proxy(
            Path(name) / "proxy", yaml.safe_load((HERE / "proxy.yaml").read_text()), environment
        )
        try:
            at_once(authority.start, proxy.start)
            return show(Operator(authority.url), upstream, proxy.url, key)
        finally:
            at_once(proxy.stop, authority.stop)


def at_once(*works: Callable[[], None]) -> None:
    """Neither process waits for the other."""
    with ThreadPoolExecutor(len(works)) as pool:
        for work in [pool.submit(work) for work in works]:
            work.result()


class Operator:
    """The authority as its operator sees it."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=30)

    def _get(self, path: str, key: str = "bak_demo_viewer", **params: str) -> dict[str, Any]:
        response = self._http.get(
            path, params=params, headers={"Authorization": f"Bearer {key}"}
        ).raise_for_status()
        return dict(response.json())

    def prepare(self, run: str) -> None:
        policy = self._get("/budget/policy", "bak_demo_admin")
        self._http.put(
            "/budget/policy",
            json={**policy, **POLICY},
            headers={"Authorization": "Bearer bak_demo_admin"},
        ).raise_for_status()
        body = {"run_id": run, "limit_usd": str(LIMIT)}
        self._http.post(
            "/budget/runs", json=body, headers={"Authorization": "Bearer bak_demo_gateway"}
        ).raise_for_status()

    def settled(self, run: str) -> dict[str, Any]:
        def nothing_held() -> dict[str, Any] | None:
            state = self._get(f"/budget/runs/{run}")
            return state if Decimal(state["reserved_usd"]) == 0 else None

        return dict(wait_until(nothing_held, 30, "the call is settled"))

    def attribution(self, run: str, decisions: int) -> list[dict[str, Any]]:
        """Filled from a stream, a moment behind the ledger: asked for until every decision is in it
        and none is open.
        """

        def whole() -> list[dict[str, Any]] | None:
            spent = self._get("/budget/attribution", group_by="model", run_id=run)
            return (
                spent["items"]
                if spent["total"]["decisions"] == decisions and spent["total"]["open"] == 0
                else None
            )

        return list(wait_until(whole, 30, "attribution has every decision"))


def show(operator: Operator, upstream: FakeUpstream, proxy_url: str, key: str) -> int:
    run = f"run-{secrets.token_hex(4)}"
    operator.prepare(run)
    upstream.script.plan(run, *[Answer(output_tokens=900)] * CALLS)
    agent = openai.OpenAI(
        base_url=f"{proxy_url}/v1", api_key=key, default_headers={"X-Run-Id": run}
    )
    print(f"\n{BOLD}A run with {LIMIT} USD. The agent would call {CALLS} times.{PLAIN}\n")
    print(f"{DIM}call  decision   served by           cost of it    left{PLAIN}")
    history = f"plan:{run} Fix the failing build. " + "The log says: error, error, error. " * 400
    left = LIMIT
    seen: list[str] = []
    began = time.monotonic()
    refused: openai.APIStatusError | None = None
    for call in range(1, CALLS + 1):
        try:
            answer = agent.chat.completions.with_raw_response.create(
                model="sonnet", max_tokens=1500, messages=[{"role": "user", "content": history}]
            )
        except openai.APIStatusError as e:
            refused = e
            break
        state = operator.settled(run)
        before, left = left, Decimal(state["remaining_usd"])
        decision = answer.headers["x-budget-decision"]
        served = upstream.script.calls(run)[-1].model
        seen.append(decision)
        print(line(call, decision, served, before - left, left), flush=True)
        history += " I still do not see it. Let me look again. " * 150
    return conclude(operator, upstream, run, refused, seen, time.monotonic() - began)


def line(call: int, decision: str, served: str, cost: Decimal, left: Decimal) -> str:
    colour = {"allow": GREEN, "downgrade": YELLOW}.get(decision, PLAIN)
    bar = "█" * int(left / LIMIT * 40)
    said = f"{call:>4}  {colour}{decision:<10}{PLAIN} {served:<19} {cost:>9.6f}"
    return f"{said}  {left:>8.6f}  {colour}{bar}{PLAIN}"


def conclude(
    operator: Operator,
    upstream: FakeUpstream,
    run: str,
    refused: openai.APIStatusError | None,
    seen: list[str],
    seconds: float,
) -> int:
    if refused is None or refused.status_code != 402:
        print(f"\nThe agent was not stopped: {refused}")
        return 1
    problem = refused.body["provider_specific_fields"]  # type: ignore[index]
    print(f"{len(seen) + 1:>4}  {RED}block      402 {problem['code']}{PLAIN}")
    print(f"\n{BOLD}{problem['detail']}{PLAIN}")
    print(f"  what would help: {', '.join(problem['remedies']) or 'nothing'}")
    print(
        f"  the provider was called {len(upstream.script.calls(run))} times "
        f"in {seconds:.0f} s and never saw this one"
    )
    print(
        f"\n{BOLD}Where the money of {run} went{PLAIN} "
        f"(GET /budget/attribution?group_by=model&run_id={run})\n"
    )
    print(
        f"{DIM}model                calls  downgraded  blocked  "
        f"input tokens  output tokens  committed{PLAIN}"
    )
    groups = operator.attribution(run, len(seen) + 1)
    for group in groups:
        counts = f"{group['calls']:>5}  {group['downgraded']:>10}  {group['blocked']:>7}"
        counts += f"  {group['input_tokens']:>12,}  {group['output_tokens']:>13,}"
        print(f"{group['model']:<20} {counts}  {group['committed_usd']:>9}")
    state = operator.settled(run)
    print(
        f"the ledger: {state['committed_usd']} of {state['limit_usd']} USD committed, "
        f"{state['reserved_usd']} held"
    )
    if sum(Decimal(group["committed_usd"]) for group in groups) != Decimal(state["committed_usd"]):
        print("\nThe attribution is not what the ledger has.")
        return 1
    if not {"allow", "downgrade"} <= set(seen) or len(upstream.script.calls(run)) != len(seen):
        print("\nThis is not what the demo is to show.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
