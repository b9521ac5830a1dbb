"""The authority away, slow, or cut off in the middle of an answer: nothing is called without a
hold, and nothing that was billed is lost.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from conftest import Scene, hook_environment, proxy_config
from fake_upstream import FakeUpstream
from fake_upstream.plan import Answer, Refuse
from harness.ledger import Ledger
from harness.processes import Authority, Proxy, wait_until
from harness.relay import Relay


@pytest.fixture(scope="module")
def relay(authority: Authority) -> Iterator[Relay]:
    relay = Relay(authority.port)
    yield relay
    relay.close()


def scene_with(
    upstream: FakeUpstream, authority: Authority, folder: Path, url: str, **environment: str
) -> Scene:
    proxy = Proxy(folder, proxy_config(upstream.url), hook_environment(url, **environment))
    proxy.start()
    return Scene(upstream, Ledger(authority.url), proxy, authority)


@pytest.fixture(scope="module")
def blocking(
    upstream: FakeUpstream,
    authority: Authority,
    relay: Relay,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Scene]:
    scene = scene_with(
        upstream,
        authority,
        tmp_path_factory.mktemp("blocking"),
        relay.url,
        BUDGET_AUTHORITY_TIMEOUT_MS="3000",
    )
    yield scene
    scene.proxy.stop()


@pytest.fixture(scope="module")
def allowing(
    upstream: FakeUpstream,
    authority: Authority,
    relay: Relay,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Scene]:
    scene = scene_with(
        upstream,
        authority,
        tmp_path_factory.mktemp("allowing"),
        relay.url,
        BUDGET_AUTHORITY_ON_UNREACHABLE="allow",
        BUDGET_AUTHORITY_ENVELOPE="true",
        BUDGET_AUTHORITY_COUNT_TOKENS="true",
    )
    yield scene
    scene.proxy.stop()


@pytest.fixture(autouse=True)
def _whole_wire(relay: Relay) -> Iterator[None]:
    yield
    relay.refuse.clear()
    relay.lose_answers.clear()


def test_without_an_authority_nothing_is_called(blocking: Scene, relay: Relay) -> None:
    run = blocking.ledger.new_run()
    relay.refuse.set()
    relay.cut()

    response = blocking.chat(run, blocking.plan(run))

    assert response.status_code == 503
    assert response.json()["error"]["provider_specific_fields"]["code"] == "authority_unreachable"
    assert response.headers["retry-after"] == "2"
    assert blocking.calls(run) == 0


def test_10_an_ask_whose_answer_is_lost_is_cancelled_by_its_key(
    blocking: Scene, relay: Relay
) -> None:
    run = blocking.ledger.new_run(limit_micro=1_000_000)
    relay.lose_answers.set()
    relay.cut()

    response = blocking.chat(run, blocking.plan(run))

    assert response.status_code == 503
    assert blocking.calls(run) == 0
    # The hold was made: only the answer was lost.
    assert blocking.ledger.run(run)["reserved_usd"] != "0.00"  # type: ignore[index]
    relay.lose_answers.clear()
    blocking.ledger.settles_at(run, 0)
    wait_until(lambda: not list(blocking.proxy.spool.glob("*.json")), 30, "the spool is empty")


def test_a_settlement_that_is_not_delivered_waits_in_the_spool(
    blocking: Scene, relay: Relay
) -> None:
    run = blocking.ledger.new_run()
    text = blocking.plan(run, Answer(delay_s=1.5))

    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(blocking.chat, run, text)
        wait_until(lambda: blocking.calls(run), 30, "the call is at the provider")
        relay.refuse.set()
        relay.cut()
        assert answer.result().status_code == 200
    kept = wait_until(lambda: list(blocking.proxy.spool.glob("*.json")), 30, "spooled")

    assert len(kept) == 1
    assert kept[0].stat().st_mode & 0o077 == 0 or kept[0].parent.stat().st_mode & 0o077 == 0
    relay.refuse.clear()
    blocking.settles(run)
    wait_until(lambda: not list(blocking.proxy.spool.glob("*.json")), 30, "the spool is empty")


def test_the_spool_outlives_a_killed_proxy(
    upstream: FakeUpstream, authority: Authority, relay: Relay, folder: Path
) -> None:
    scene = scene_with(upstream, authority, folder, relay.url)
    try:
        run = scene.ledger.new_run()
        text = scene.plan(run, Answer(delay_s=1.5))
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(scene.chat, run, text)
            wait_until(lambda: scene.calls(run), 30, "the call is at the provider")
            relay.refuse.set()
            relay.cut()
            assert answer.result().status_code == 200
        wait_until(lambda: list(scene.proxy.spool.glob("*.json")), 30, "spooled")
        scene.proxy.stop(signal.SIGKILL)
        relay.refuse.clear()
        scene.proxy.start()
        # Its first request finds what the last process left.
        other = scene.ledger.new_run()
        assert scene.chat(other, scene.plan(other)).status_code == 200

        scene.settles(run)
        scene.settles(other)
    finally:
        scene.proxy.stop()


@pytest.mark.parametrize("streaming", [False, True])
def test_where_the_operator_lets_calls_through_they_are_charged_afterwards(
    allowing: Scene, relay: Relay, streaming: bool
) -> None:
    run = allowing.ledger.new_run()
    relay.refuse.set()
    relay.cut()

    response = (
        allowing.stream_chat(run, allowing.plan(run))[0]
        if streaming
        else allowing.chat(run, allowing.plan(run))
    )

    assert response.status_code == 200
    assert response.headers["x-budget-degraded"] == "authority_unreachable"
    assert allowing.calls(run) == 1
    relay.refuse.clear()
    allowing.settles(run)


def test_where_calls_are_let_through_a_block_still_blocks(allowing: Scene) -> None:
    run = allowing.ledger.new_run(limit_micro=1)

    response = allowing.chat(run, allowing.plan(run))

    assert response.status_code == 402
    assert allowing.calls(run) == 0


def test_an_envelope_tells_the_decision_in_the_body(allowing: Scene) -> None:
    run = allowing.ledger.new_run()

    response = allowing.chat(run, allowing.plan(run))

    budget = response.json()["budget"]
    assert budget["decision"] == "allow"
    assert budget["run_id"] == run
    assert budget["remaining_usd"] == response.headers["x-budget-remaining-usd"]
    assert isinstance(budget["remaining_usd"], str)
    allowing.settles(run)


def test_tokens_are_counted_where_the_operator_says_so_and_they_are_the_providers(
    allowing: Scene,
) -> None:
    run = allowing.ledger.new_run()

    counted = allowing.chat(run, "hi", max_tokens=10)
    fallen_back = allowing.chat(run, allowing.plan(run, Refuse(500)), model="falls", max_tokens=10)
    stated = allowing.chat(run, allowing.plan(run), model="claude", max_tokens=10)

    decisions = [
        allowing.ledger.decision(response.headers["x-budget-decision-id"])
        for response in (counted, fallen_back, stated)
    ]
    assert [decision["input_basis"] for decision in decisions] == ["exact", "exact", "bytes"]
    # Three around the message, its role, its text, and three before the answer: what the API says
    # of it.
    assert decisions[0]["input_tokens"] == 8


def test_an_authority_killed_in_mid_load_loses_no_bill_and_lets_nothing_through(
    upstream: FakeUpstream, folder: Path
) -> None:
    authority = Authority(folder / "authority", data=str(folder / "data"))
    authority.start()
    scene = scene_with(upstream, authority, folder / "proxy", authority.url)
    runs = [scene.ledger.new_run() for _ in range(120)]
    for run in runs:
        scene.plan(run, Answer(delay_s=0.4))
    statuses: dict[str, int] = {}
    killed = threading.Event()

    def call(run: str) -> None:
        statuses[run] = scene.chat(run, f"plan:{run}").status_code
        if len(statuses) == 30:
            authority.kill()
            killed.set()

    try:
        with ThreadPoolExecutor(12) as pool:
            list(pool.map(call, runs[:90]))
        assert killed.is_set()
        authority.start()
        with ThreadPoolExecutor(12) as pool:
            list(pool.map(call, runs[90:]))

        called = [run for run in runs if scene.calls(run)]
        assert 30 <= len(called) < 120
        assert all(statuses[run] == 503 for run in runs if run not in called)
        for run in called:
            scene.settles(run)
        for run in runs:
            if run not in called:
                scene.ledger.settles_at(run, 0)
    finally:
        scene.proxy.stop()
        authority.stop()


def test_a_call_that_lasts_longer_than_its_hold_keeps_it_alive(
    upstream: FakeUpstream, authority: Authority, folder: Path
) -> None:
    scene = scene_with(upstream, authority, folder, authority.url, BUDGET_AUTHORITY_TTL_SECONDS="4")
    try:
        run = scene.ledger.new_run()
        text = scene.plan(run, Answer(output_tokens=16, chunk_delay_s=0.5))
        began = time.monotonic()

        response, _ = scene.stream_chat(run, text)

        assert time.monotonic() - began > 6
        decision = scene.ledger.decision(response.headers["x-budget-decision-id"])
        # It was asked for with a life of four seconds.
        assert httpx.Response(200, json=decision).json()["expires_at"] > decision["created_at"]
        assert seconds_between(decision["created_at"], decision["expires_at"]) > 6
        scene.settles(run)
    finally:
        scene.proxy.stop()


def seconds_between(earlier: str, later: str) -> float:
    from datetime import datetime

    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()
