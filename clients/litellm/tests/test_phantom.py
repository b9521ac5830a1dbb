"""What has made the spend counters of gateways drift: clients that leave, retries, fallbacks.

Each ends in the ledger at what the provider billed, with nothing held.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from conftest import Scene
from fake_upstream.plan import Answer, Refuse
from harness.processes import wait_until
from test_litellm_behaviour import body_of, leaves

CHAT = "/v1/chat/completions"


def test_when_clients_leave_in_a_storm_nothing_stays_held(scene: Scene, run: str) -> None:
    text = scene.plan(run, *[Answer(delay_s=2)] * 12)
    body = body_of(CHAT, text)

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda _: leaves(scene, CHAT, body, run, after=""), range(12)))
    wait_until(lambda: all(call.bill for call in scene.upstream.script.calls(run)), 60, "billed")

    wait_until(lambda: not open_of(scene, run), 60, "nothing is open")
    scene.settles(run)


def test_when_calls_fail_and_are_repeated_each_bill_counts_once(scene: Scene, run: str) -> None:
    texts = []
    for number in range(12):
        name = f"{run}-{number}"
        steps = [Refuse(500), Answer()] if number % 2 else [Refuse(503), Refuse(429), Answer()]
        texts.append((scene.plan(name, *steps), {"x-litellm-num-retries": "3"}, "gpt"))
    for number in range(12, 18):
        texts.append((scene.plan(f"{run}-{number}", Refuse(500)), {}, "falls"))

    def ask(one: tuple[str, dict[str, str], str]) -> int:
        text, headers, model = one
        return scene.post(CHAT, body_of(CHAT, text, model), run, **headers).status_code

    with ThreadPoolExecutor(18) as pool:
        statuses = list(pool.map(ask, texts))

    assert statuses == [200] * 18
    billed = sum(scene.billed(f"{run}-{number}") for number in range(18))
    scene.ledger.settles_at(run, billed)


def test_when_calls_give_no_cap_one_does_not_hold_all_that_is_left(scene: Scene) -> None:
    run = scene.ledger.new_run(limit_micro=200_000)
    text = scene.plan(run, *[Answer(delay_s=1)] * 6)
    body: dict[str, Any] = {"model": "gpt", "messages": [{"role": "user", "content": text}]}

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: scene.post(CHAT, body, run), range(6)))

    assert [answer.status_code for answer in answers] == [200] * 6
    scene.settles(run)


def open_of(scene: Scene, run: str) -> bool:
    state = scene.ledger.run(run)
    return state is not None and state["reserved_usd"] not in ("0.00", "0.000000")
