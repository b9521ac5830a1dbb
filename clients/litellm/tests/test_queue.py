"""The usage queue takes what the authority cannot be told; while it is down too, the spool does."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import Scene, hook_environment, proxy_config
from fake_upstream import FakeUpstream
from fake_upstream.plan import Answer, Refuse
from harness.ledger import Ledger
from harness.processes import Authority, Proxy, wait_until
from harness.relay import Relay

AWS = {
    "AWS_ACCESS_KEY_ID": "any",
    "AWS_SECRET_ACCESS_KEY": "any",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@pytest.fixture(scope="module")
def wire(authority: Authority) -> Iterator[Relay]:
    """To the authority over HTTP."""
    relay = Relay(authority.port)
    yield relay
    relay.close()


@pytest.fixture(scope="module")
def queue_wire(authority: Authority) -> Iterator[Relay]:
    relay = Relay(authority.sqs_port)
    yield relay
    relay.close()


@pytest.fixture(scope="module")
def queued(
    upstream: FakeUpstream,
    authority: Authority,
    wire: Relay,
    queue_wire: Relay,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Scene]:
    queue = {
        "BUDGET_AUTHORITY_QUEUE_URL": authority.queue_url.replace(
            f":{authority.sqs_port}/", f":{queue_wire.port}/"
        ),
        "BUDGET_AUTHORITY_QUEUE_TENANT_ID": "demo",
        "BUDGET_AUTHORITY_QUEUE_PRINCIPAL_ID": "gateway",
    }
    environment = hook_environment(
        wire.url, BUDGET_AUTHORITY_ON_UNREACHABLE="allow", **queue, **AWS
    )
    proxy = Proxy(tmp_path_factory.mktemp("queued"), proxy_config(upstream.url), environment)
    proxy.start()
    yield Scene(upstream, Ledger(authority.url), proxy, authority)
    proxy.stop()


@pytest.fixture(autouse=True)
def _whole_wires(queued: Scene, wire: Relay, queue_wire: Relay) -> Iterator[None]:
    yield
    wire.refuse.clear()
    queue_wire.refuse.clear()
    wait_until(lambda: spooled(queued) == [], 30, "the spool is empty")


def cut(*relays: Relay) -> None:
    for relay in relays:
        relay.refuse.set()
        relay.cut()


def spooled(scene: Scene) -> list[str]:
    """The paths of what waits there: cancellations of asks are among it, which no queue takes."""
    paths = []
    for entry in scene.proxy.spool.glob("*.json"):
        with contextlib.suppress(FileNotFoundError):
            paths.append(json.loads(entry.read_text())["path"])
    return paths


@pytest.mark.parametrize("step", [Answer(delay_s=1.0), Refuse(500)])
def test_what_cannot_be_said_over_http_is_said_by_the_queue(
    queued: Scene, wire: Relay, step: Answer | Refuse
) -> None:
    run = queued.ledger.new_run()
    text = queued.plan(
        run, Answer(delay_s=1.0) if isinstance(step, Answer) else Refuse(500, delay_s=1.0)
    )
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(queued.chat, run, text)
        wait_until(lambda: queued.calls(run), 30, "the call is at the provider")
        cut(wire)
        assert answer.result().status_code == (200 if isinstance(step, Answer) else 500)

    # A commit, or a release, while the authority is still away.
    queued.settles(run)
    assert spooled(queued) == []
    assert wire.refuse.is_set()


def test_what_went_through_without_a_hold_is_charged_by_the_queue(
    queued: Scene, wire: Relay
) -> None:
    run = queued.ledger.new_run()
    cut(wire)

    response = queued.chat(run, queued.plan(run))

    assert response.headers["x-budget-degraded"] == "authority_unreachable"
    queued.settles(run)
    wait_until(lambda: "/budget/usage" not in spooled(queued), 30, "the charge is out of the spool")
    assert wire.refuse.is_set()


def test_where_the_queue_is_away_too_the_spool_keeps_it(
    queued: Scene, wire: Relay, queue_wire: Relay
) -> None:
    run, other = queued.ledger.new_run(), queued.ledger.new_run()
    text = queued.plan(run, Answer(delay_s=1.0))
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(queued.chat, run, text)
        wait_until(lambda: queued.calls(run), 30, "the call is at the provider")
        cut(wire, queue_wire)
        assert answer.result().status_code == 200
        # A cancellation is in front of it, which only the authority can take.
        assert queued.chat(other, queued.plan(other)).status_code == 200
    wait_until(
        lambda: (
            any(path.endswith("/commit") for path in spooled(queued))
            and "/budget/usage" in spooled(queued)
        ),
        30,
        "spooled",
    )

    # The queue comes back first.
    queue_wire.refuse.clear()
    queued.settles(run)
    queued.settles(other)
    assert wire.refuse.is_set()
