"""Many calls at once."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import httpx
from conftest import Scene
from fake_upstream.plan import Answer, BreakOff, Refuse, Step
from harness import prices
from harness.ledger import micro
from test_routes import ROUTES


def test_forty_mixed_calls_at_once_are_each_settled_once(scene: Scene) -> None:
    seed = random.randrange(2**32)
    print("seed", seed)
    chance = random.Random(seed)
    names = [name for name in ROUTES if name != "embeddings"]
    work: list[tuple[str, str, bool]] = []
    for _ in range(40):
        run, route, streaming = scene.ledger.new_run(), chance.choice(names), chance.random() < 0.5
        steps: list[Step] = [
            Answer(output_tokens=chance.randrange(1, 60), delay_s=chance.random() / 2)
        ]
        if chance.random() < 0.2:
            steps = [Refuse(500)]
        elif (
            streaming
            and chance.random() < 0.3
            and "by way of" not in route
            and route != "completions"
        ):
            steps = [BreakOff(after=chance.randrange(1, 6))]
        scene.plan(run, *steps)
        work.append((run, route, streaming))

    seen: dict[str, int] = {}

    def make(one: tuple[str, str, bool]) -> int:
        run, route, streaming = one
        path, model, body = ROUTES[route]
        whole = {"model": model, **body(f"plan:{run}")}
        if streaming:
            response, text = scene.stream(path, whole, run)
            seen[run] = text.count(" word")
            return response.status_code
        return scene.post(path, whole, run).status_code

    with ThreadPoolExecutor(40) as pool:
        statuses = list(pool.map(make, work))

    assert statuses.count(200) >= 20, statuses
    for run, *_ in work:
        [call] = scene.upstream.script.calls(run)
        if isinstance(call.step, BreakOff) and call.bill is not None:
            # Of a stream that broke off, what arrived can be known, and no more: the proxy's HTTP
            # client drops what it has not read by then.
            assert seen[run] <= call.step.after
            scene.ledger.settles_at(
                run, prices.charge(call.model, {**call.bill, "output_tokens": seen[run]})
            )
        else:
            scene.settles(run)


def test_of_a_hundred_calls_against_a_run_that_fits_ten_ten_reach_the_provider(
    scene: Scene,
) -> None:
    cap = 20
    probe = scene.ledger.new_run()
    first = scene.chat(probe, scene.plan(probe), model="big", max_tokens=cap)
    hold = micro(scene.ledger.decision(first.headers["x-budget-decision-id"])["estimate_usd"])
    scene.settles(probe)
    run = scene.ledger.new_run(limit_micro=10 * hold + hold // 2)
    assert len(run) == len(probe)
    # Each is billed all that was held for it, so that what comes after finds no room either.
    counted = hold_tokens(hold, cap)
    step = Answer(
        output_tokens=cap,
        delay_s=0.3,
        usage={"prompt_tokens": counted},
        bill={"input_tokens": counted},
    )
    text = scene.plan(run, *[step] * 100)

    def ask(_: int) -> httpx.Response:
        return scene.chat(run, text, model="big", max_tokens=cap)

    with ThreadPoolExecutor(100) as pool:
        responses = list(pool.map(ask, range(100)))

    statuses = sorted(response.status_code for response in responses)
    assert scene.calls(run) == 10
    assert statuses == [200] * 10 + [402] * 90
    scene.settles(run)


def hold_tokens(hold_micro: int, cap: int) -> int:
    """The input tokens of gpt-4o that cost the rest of the hold: 2.5 micro-USD each, output 10."""
    return (hold_micro - 10 * cap) * 2 // 5
