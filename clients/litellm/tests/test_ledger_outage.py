"""The authority answers, and its ledger is unavailable: a tenant that fails open goes on, and every
bill is in the ledger afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import Scene
from fake_upstream.plan import Answer, BreakOff, Refuse
from harness import prices
from harness.ledger import Ledger
from harness.processes import Authority, wait_until


@pytest.fixture(autouse=True)
def _given_back(authority: Authority) -> Iterator[None]:
    yield
    give_back(authority)


def give_back(authority: Authority) -> None:
    authority.fault("queue", "up")
    authority.fault("ledger", "up")
    # A breaker of the authority's lets no call through to the ledger for a moment.
    wait_until(
        lambda: Ledger(authority.url).gateway.get("/budget/runs/nobody").status_code == 404,
        30,
        "the ledger is back",
    )


def spooled(scene: Scene) -> int:
    return len(list(scene.proxy.spool.glob("*.json")))


def test_what_goes_through_is_in_the_ledger_afterwards(scene: Scene, authority: Authority) -> None:
    runs = {
        name: scene.ledger.new_run()
        for name in ("plain", "stream", "cut", "refused", "retried", "fallback", "messages")
    }
    authority.fault("ledger", "down")

    with ThreadPoolExecutor(len(runs)) as pool:
        streaming = [
            pool.submit(scene.stream_chat, runs["stream"], scene.plan(runs["stream"])),
            pool.submit(scene.stream_chat, runs["cut"], scene.plan(runs["cut"], BreakOff(after=3))),
        ]
        plain = {
            "plain": pool.submit(scene.chat, runs["plain"], scene.plan(runs["plain"])),
            "refused": pool.submit(
                scene.chat, runs["refused"], scene.plan(runs["refused"], Refuse(500))
            ),
            "retried": pool.submit(
                scene.chat,
                runs["retried"],
                scene.plan(runs["retried"], Refuse(500), Answer()),
                num_retries=1,
            ),
            "fallback": pool.submit(
                scene.chat,
                runs["fallback"],
                scene.plan(runs["fallback"], Refuse(500)),
                model="falls",
            ),
            "messages": pool.submit(
                scene.post,
                "/v1/messages",
                {
                    "model": "claude",
                    "max_tokens": 50,
                    "messages": [{"role": "user", "content": scene.plan(runs["messages"])}],
                },
                runs["messages"],
            ),
        }
        answers = {name: answer.result() for name, answer in plain.items()}
        streams = [answer.result() for answer in streaming]

    assert {name: answer.status_code for name, answer in answers.items()} == {
        name: 500 if name == "refused" else 200 for name in plain
    }
    degraded = [
        answers["plain"],
        answers["retried"],
        answers["fallback"],
        answers["messages"],
        *(response for response, _ in streams),
    ]
    assert [answer.headers["x-budget-degraded"] for answer in degraded] == [
        "ledger_unavailable"
    ] * len(degraded)
    wait_until(lambda: spooled(scene) >= len(runs), 30, "the settlements wait")
    give_back(authority)

    for name, run in runs.items():
        if name != "cut":
            scene.settles(run)
    [call] = scene.upstream.script.calls(runs["cut"])
    assert call.bill is not None
    scene.ledger.settles_at(
        runs["cut"],
        prices.charge(call.model, {**call.bill, "output_tokens": streams[1][1].count(" word")}),
    )
    assert [call.model for call in scene.upstream.script.calls(runs["fallback"])] == [
        "gpt-4o-mini",
        "gpt-4o",
    ]
    wait_until(lambda: spooled(scene) == 0, 60, "the spool is empty")
    assert not (scene.proxy.spool / "refused").exists()


@pytest.mark.parametrize("fails_over", [False, True])
def test_a_ledger_that_goes_away_under_a_call_is_told_when_it_is_back(
    scene: Scene, authority: Authority, run: str, fails_over: bool
) -> None:
    text = scene.plan(run, Refuse(500, delay_s=1.0) if fails_over else Answer(delay_s=1.0))
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(scene.chat, run, text, model="falls")
        wait_until(lambda: scene.calls(run), 30, "the call is at the provider")
        authority.fault("ledger", "down")
        # The hold of the first cannot be moved to the second, which goes through as the tenant
        # wants it.
        assert answer.result().status_code == 200
    assert scene.calls(run) == (2 if fails_over else 1)
    wait_until(lambda: spooled(scene), 30, "the settlement waits")
    give_back(authority)

    scene.settles(run)


def test_where_the_queue_is_away_too_nothing_is_called(
    scene: Scene, authority: Authority, run: str
) -> None:
    authority.fault("ledger", "down")
    authority.fault("queue", "down")

    response = scene.chat(run, scene.plan(run))

    # As in a tenant that fails closed.
    assert response.status_code == 503, response.text
    assert response.json()["error"]["provider_specific_fields"]["code"] == "ledger_unavailable"
    assert "retry-after" in response.headers
    assert scene.calls(run) == 0
