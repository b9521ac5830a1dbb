"""What the proxy does and says when it starts."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from conftest import Scene, deployment, hook_environment
from fake_upstream import FakeUpstream
from fake_upstream.plan import Answer
from harness import prices
from harness.ledger import Ledger
from harness.processes import Authority, Proxy, wait_until


def config(upstream: str, **settings: Any) -> dict[str, Any]:
    return {
        "model_list": [deployment("gpt", "openai/gpt-4o-mini", upstream)],
        # In this order the callbacks are made before the hook's settings are read.
        "litellm_settings": {
            "callbacks": ["budget_authority_litellm.hook"],
            "budget_authority": settings,
        },
        "general_settings": {"custom_auth": "proxy_auth.authenticate", "master_key": "sk-master"},
    }


def start_and_end(proxy: Proxy) -> None:
    proxy.start()
    # It may have answered once before its config was whole.
    wait_until(proxy.has_ended, 30, "ended")


@pytest.mark.parametrize(
    ("environment", "settings", "named"),
    [
        ({"BUDGET_AUTHORITY_ON_UNREACHABLE": "maybe"}, {}, "BUDGET_AUTHORITY_ON_UNREACHABLE"),
        ({"BUDGET_AUTHORITY_TIMEOUT": "3"}, {}, "BUDGET_AUTHORITY_TIMEOUT is not a setting"),
        ({}, {"unknown_field": "refuse"}, "budget_authority.unknown_field"),
        ({"BUDGET_AUTHORITY_SPOOL": "/dev/null/spool"}, {}, "BUDGET_AUTHORITY_SPOOL"),
        ({"BUDGET_AUTHORITY_KEY": ""}, {}, "BUDGET_AUTHORITY_KEY is required"),
    ],
)
def test_when_a_setting_is_wrong_the_proxy_ends(
    folder: Path, environment: dict[str, str], settings: dict[str, Any], named: str
) -> None:
    asked = {**hook_environment("http://127.0.0.1:9"), **environment}
    proxy = Proxy(folder / "proxy", config("http://127.0.0.1:9", **settings), asked)
    try:
        with pytest.raises(AssertionError, match="ended with 1"):
            start_and_end(proxy)
    finally:
        proxy.stop()

    [line] = [it for it in proxy.tail().splitlines() if it.startswith("budget-authority-litellm:")]
    assert named in line


@pytest.mark.parametrize(
    ("key", "said"),
    [("bak_demo_viewer", "event=key_cannot_ask"), ("bak_nobody", "event=key_refused")],
)
def test_when_a_key_cannot_ask_it_is_said_at_start(
    authority: Authority, folder: Path, key: str, said: str
) -> None:
    environment = hook_environment(authority.url, BUDGET_AUTHORITY_TIMEOUT_MS="30000")
    environment["BUDGET_AUTHORITY_KEY"] = key
    proxy = Proxy(folder / "proxy", config("http://127.0.0.1:9"), environment)
    try:
        proxy.start()
        wait_until(lambda: said in proxy.tail(), 30, said)
    finally:
        proxy.stop()
    assert "BUDGET_AUTHORITY_KEY" in proxy.tail()


def test_when_the_proxy_starts_its_spool_is_delivered(
    authority: Authority, ledger: Ledger, folder: Path
) -> None:
    run = ledger.new_run()
    usage = {"input_tokens": 1000, "output_tokens": 10}
    body = {"run_id": run, "provider": "openai", "model": "gpt-4o", "usage": usage}
    message = {"path": "/budget/usage", "body": body, "idempotency_key": run}
    spool = folder / "proxy" / "spool"
    spool.mkdir(parents=True)
    (spool / f"{time.time_ns():020d}-left.json").write_text(json.dumps(message))
    environment = hook_environment(authority.url, BUDGET_AUTHORITY_TIMEOUT_MS="30000")
    proxy = Proxy(folder / "proxy", config("http://127.0.0.1:9"), environment)
    try:
        proxy.start()
        ledger.settles_at(run, prices.charge("gpt-4o", usage))
        wait_until(lambda: not list(spool.glob("*.json")), 30, "the spool is empty")
    finally:
        proxy.stop()


def test_when_many_calls_last_their_holds_are_extended(
    upstream: FakeUpstream, authority: Authority, folder: Path
) -> None:
    environment = hook_environment(
        authority.url, BUDGET_AUTHORITY_TIMEOUT_MS="30000", BUDGET_AUTHORITY_TTL_SECONDS="4"
    )
    proxy = Proxy(folder / "proxy", config(upstream.url), environment)
    try:
        proxy.start()
        scene = Scene(upstream, Ledger(authority.url), proxy, authority)
        runs = [scene.ledger.new_run() for _ in range(12)]
        texts = [scene.plan(run, Answer(delay_s=8)) for run in runs]
        with ThreadPoolExecutor(len(runs)) as pool:
            answers = list(pool.map(scene.chat, runs, texts))

        for run, answer in zip(runs, answers, strict=True):
            assert answer.status_code == 200, answer.text
            scene.settles(run)
            decision = scene.ledger.decision(answer.headers["x-budget-decision-id"])
            assert decision["state"] == "committed"
    finally:
        proxy.stop()
