"""What the provider tells is what is charged; what it bills by use is held."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import Scene, hook_environment, policy, proxy_config
from fake_upstream import FakeUpstream
from fake_upstream.plan import Answer
from harness import prices
from harness.ledger import Ledger
from harness.processes import Authority, Proxy, wait_until

COMPACTION = {
    "iterations": [
        {"type": "compaction", "input_tokens": 180_000, "output_tokens": 3_500},
        {"type": "message", "input_tokens": 23_000, "output_tokens": 1_000},
    ],
    "input_tokens": 23_000,
    "output_tokens": 1_000,
}


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/chat/completions"])
@pytest.mark.parametrize("streaming", [False, True])
def test_when_an_answer_was_compacted_its_iterations_are_charged(
    scene: Scene, run: str, path: str, streaming: bool
) -> None:
    told = {"cache_read_tokens": 0, "cache_write_tokens": 0}
    text = scene.plan(run, Answer(usage=COMPACTION, bill=told))
    body = {"model": "haiku", "max_tokens": 2_000, "messages": [{"role": "user", "content": text}]}

    if streaming:
        scene.stream(path, body, run)
    else:
        assert scene.post(path, body, run).status_code == 200

    bill = {"input_tokens": 203_000, "output_tokens": 4_500}
    scene.ledger.settles_at(run, prices.charge("claude-haiku-4-5", bill))


@pytest.mark.parametrize("streaming", [False, True])
def test_when_the_total_is_above_both_sides_it_is_output(
    scene: Scene, run: str, streaming: bool
) -> None:
    usage = {"prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 325}
    text = scene.plan(run, Answer(usage=usage))

    if streaming:
        scene.stream_chat(run, text)
    else:
        assert scene.chat(run, text).status_code == 200

    bill = {"input_tokens": 20, "output_tokens": 305}
    scene.ledger.settles_at(run, prices.charge("gpt-4o-mini", bill))


def test_when_a_response_is_made_in_the_background_a_get_tells_it(scene: Scene, run: str) -> None:
    body = {"model": "gpt", "input": scene.plan(run), "background": True, "max_output_tokens": 900}

    begun = scene.post("/v1/responses", body, run)

    assert begun.status_code == 200, begun.text
    assert begun.json()["status"] == "queued"
    decision = scene.ledger.decision(begun.headers["x-budget-decision-id"])
    assert decision["state"] == "reserved"
    ended = scene.client.get(f"/v1/responses/{begun.json()['id']}", headers={"X-Run-Id": run})
    assert ended.json()["status"] == "completed", ended.text
    scene.settles(run)
    decision = scene.ledger.decision(begun.headers["x-budget-decision-id"])
    assert decision["usage_quality"] == "exact"


def begin_in_background(scene: Scene, run: str) -> tuple[str, str]:
    """A response that streams, of which its client sees the beginning: its id, its decision's."""
    step = Answer(output_tokens=40, chunk_delay_s=0.2)
    body = {"model": "gpt", "input": scene.plan(run, step), "max_output_tokens": 900}
    seen = ""
    with scene.client.stream(
        "POST",
        "/v1/responses",
        json={**body, "background": True, "stream": True},
        headers={"X-Run-Id": run},
    ) as response:
        for piece in response.iter_text():
            seen += piece
            if seen.count("output_text.delta") > 3:
                break
    name = re.search(r'"id": ?"(resp_[^"]+)"', seen)
    assert name is not None, seen
    return name.group(1), response.headers["x-budget-decision-id"]


def test_when_a_client_leaves_a_background_response_a_get_tells_it(scene: Scene, run: str) -> None:
    name, decision = begin_in_background(scene, run)

    time.sleep(1)
    assert scene.ledger.decision(decision)["state"] == "reserved"
    ended = scene.client.get(f"/v1/responses/{name}", headers={"X-Run-Id": run})

    assert ended.json()["status"] == "completed", ended.text
    scene.settles(run)


def test_when_a_background_response_lasts_its_hold_is_extended(
    upstream: FakeUpstream, authority: Authority, folder: Path
) -> None:
    environment = hook_environment(
        authority.url,
        BUDGET_AUTHORITY_TIMEOUT_MS="30000",
        BUDGET_AUTHORITY_TTL_SECONDS="4",
        BUDGET_AUTHORITY_MAX_CALL_SECONDS="12",
    )
    proxy = Proxy(folder / "proxy", proxy_config(upstream.url), environment)
    try:
        proxy.start()
        scene = Scene(upstream, Ledger(authority.url), proxy, authority)
        run = scene.ledger.new_run()
        body = {"model": "gpt", "input": scene.plan(run), "background": True}
        begun = scene.post("/v1/responses", {**body, "max_output_tokens": 900}, run)
        decision = begun.headers["x-budget-decision-id"]

        def quality() -> str | None:
            return str(scene.ledger.decision(decision)["usage_quality"])

        time.sleep(8)
        assert scene.ledger.decision(decision)["state"] == "reserved"
        # Nobody has asked for it in the longest time of a call: then its estimate is charged.
        wait_until(lambda: quality() == "missing", 30, "charged at its estimate")
        estimate = scene.ledger.committed(run)
        assert estimate > scene.billed(run)
        # What is told later takes its place.
        scene.client.get(f"/v1/responses/{begun.json()['id']}").raise_for_status()
        wait_until(lambda: quality() == "exact", 30, "charged by its usage")
        wait_until(lambda: scene.ledger.committed(run) == scene.billed(run), 30, "corrected")
    finally:
        proxy.stop()


def test_when_another_call_names_a_background_response_it_stays_held(
    upstream: FakeUpstream, authority: Authority, folder: Path
) -> None:
    config = proxy_config(upstream.url)
    # So that a client is told the ids that the proxy itself goes by.
    config["general_settings"]["disable_responses_id_security"] = True
    environment = hook_environment(authority.url, BUDGET_AUTHORITY_TIMEOUT_MS="30000")
    proxy = Proxy(folder / "proxy", config, environment)
    try:
        proxy.start()
        scene = Scene(upstream, Ledger(authority.url), proxy, authority)
        run, other = scene.ledger.new_run(), scene.ledger.new_run()
        name, decision = begin_in_background(scene, run)
        text = scene.plan(other, *[Answer(output_tokens=1)] * 2)

        assert scene.chat(other, text, max_tokens=5, response_id=name).status_code == 200
        body = {"model": "gpt", "input": text, "max_output_tokens": 16, "response_id": name}
        assert scene.post("/v1/responses", body, other).status_code == 200

        scene.settles(other)
        assert scene.ledger.decision(decision)["state"] == "reserved"
        scene.client.get(f"/v1/responses/{name}", headers={"X-Run-Id": run}).raise_for_status()
        scene.settles(run)
    finally:
        proxy.stop()


@pytest.mark.parametrize(
    ("more", "asked"),
    [
        ({"extra_body": {"service_tier": "flex"}}, {"service_tier": "flex"}),
        ({"serviceTier": {"type": "flex"}}, {"service_tier": "flex"}),
    ],
)
def test_when_a_tier_is_spelled_otherwise_it_is_asked_for(
    scene: Scene, run: str, more: dict[str, Any], asked: dict[str, str]
) -> None:
    response = scene.chat(run, scene.plan(run), model="o3", max_tokens=50, **more)

    decision = scene.ledger.decision(response.headers["x-budget-decision-id"])
    assert {name: decision[name] for name in asked} == asked


@pytest.mark.parametrize(
    "more",
    [
        {"performanceConfig": {"latency": "optimized"}},
        {"extra_body": {"performanceConfig": {"latency": "optimized"}}},
        {"tools": [{"type": "function", "function": {"name": "f"}, "googleSearch": {}}]},
        {"tools": [{"googleSearchRetrieval": {}}]},
        {"tools": [{"codeExecution": {}}]},
        {"search_parameters": {"mode": "on"}},
    ],
)
def test_when_a_field_bills_by_use_it_is_not_called_unbounded(
    scene: Scene, run: str, more: dict[str, Any]
) -> None:
    response = scene.chat(run, scene.plan(run), max_tokens=50, **more)

    assert response.status_code == 402, response.text
    assert scene.calls(run) == 0


@pytest.mark.parametrize("told", [{"inference_geo": "us"}, {"speed": "fast"}])
def test_when_the_provider_tells_where_or_how_fast_it_is_charged(
    scene: Scene, run: str, told: dict[str, str]
) -> None:
    usage = {"input_tokens": 1_000, "output_tokens": 100, **told}
    text = scene.plan(run, Answer(usage=usage))
    body = {"model": "opus", "max_tokens": 200, "messages": [{"role": "user", "content": text}]}

    response = scene.post("/v1/messages", body, run)

    assert response.status_code == 200, response.text
    plain = prices.charge("claude-opus-4-8", {"input_tokens": 1_000, "output_tokens": 100})
    factor = {"us": (11, 10), "fast": (2, 1)}[next(iter(told.values()))]
    scene.ledger.settles_at(run, -(-plain * factor[0] // factor[1]))


def test_when_runs_without_id_share_one_a_day_calls_share_it(scene: Scene) -> None:
    body = {"model": "gpt", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 10}

    with policy(scene.ledger, runs_without_id="per_key_and_day"):
        answers = [scene.post("/v1/chat/completions", body, None) for _ in range(3)]

    assert len({answer.headers["x-run-id"] for answer in answers}) == 1


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages", "/v1/responses"])
@pytest.mark.parametrize("retry", ["0", "1"])
def test_when_waiting_helps_the_sdk_is_told_to_retry_once(
    scene: Scene, path: str, retry: str
) -> None:
    run = scene.ledger.new_run(limit_micro=1_600)
    # A call in flight holds nearly all: when it ends, this one fits.
    held = {"provider": "openai", "model": "gpt-4o-mini", "input_tokens": 10_000}
    headers = {"Idempotency-Key": run, "X-Run-Id": run}
    body = {**held, "max_output_tokens": 16}
    scene.ledger.gateway.post("/budget/decisions", json=body, headers=headers).raise_for_status()

    response = scene.post(
        path, asking(path, scene.plan(run)), run, **{"x-stainless-retry-count": retry}
    )

    assert response.status_code == 402, response.text
    problem = response.json()["error"]["provider_specific_fields"]
    assert problem["remedies"][0] == "wait"
    assert response.headers["x-should-retry"] == ("true" if retry == "0" else "false")
    if path == "/v1/messages":
        assert response.json()["error"]["type"] == problem["code"]
        assert problem["code"] in response.json()["error"]["message"]


def asking(path: str, text: str) -> dict[str, Any]:
    model = "gpt"
    if path == "/v1/responses":
        return {"model": model, "input": text, "max_output_tokens": 400}
    return {"model": model, "max_tokens": 400, "messages": [{"role": "user", "content": text}]}
