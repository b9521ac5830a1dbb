"""What loses or doubles money on a real proxy unless the hook sees to it."""

from __future__ import annotations

import json
import socket
import time
from typing import Any
from urllib.parse import urlsplit

import pytest
from conftest import Scene
from fake_upstream.plan import Answer, BreakOff, Disconnect, Hang, Refuse
from harness import prices
from harness.processes import wait_until

from budget_authority_litellm import hook

WAY = ["/v1/chat/completions", "/v1/responses", "/v1/messages"]


def body_of(path: str, text: str, model: str | None = None) -> dict[str, Any]:
    if path == "/v1/responses":
        return {"model": model or "gpt", "input": text, "max_output_tokens": 100}
    return {
        "model": model or ("claude" if path == "/v1/messages" else "gpt"),
        "max_tokens": 100,
        "messages": [{"role": "user", "content": text}],
    }


def leaves(
    scene: Scene,
    path: str,
    body: dict[str, Any],
    run: str,
    after: str,
    within_s: float = 60,
    of: str | None = None,
) -> None:
    """A client that closes its connection once it has seen `after` (or once the upstream has its
    call, where that is empty).

    :param of: the plan of its call, where it is not named as the run is
    """
    at = urlsplit(scene.proxy.url)
    payload = json.dumps(body).encode()
    head = "".join(
        f"{line}\r\n"
        for line in (
            f"POST {path} HTTP/1.1",
            "Host: x",
            "Authorization: Bearer sk-ada-red",
            f"X-Run-Id: {run}",
            "Content-Type: application/json",
        )
    )
    with socket.create_connection(
        (at.hostname or "", at.port or 0), timeout=within_s
    ) as connection:
        connection.sendall(f"{head}Content-Length: {len(payload)}\r\n\r\n".encode() + payload)
        seen = b""
        while after and after.encode() not in seen:
            received = connection.recv(65536)
            assert received, seen
            seen += received
        if not after:
            wait_until(lambda: scene.calls(of or run), within_s, "the upstream has the call")


def test_1_the_pre_call_hook_is_on_the_registered_class_itself() -> None:
    assert "async_pre_call_hook" in vars(type(hook))


def test_2_a_client_that_switches_logging_off_is_charged_all_the_same(
    scene: Scene, run: str
) -> None:
    assert "_PROXY_" in type(hook).__name__

    assert scene.chat(run, scene.plan(run), **{"no-log": True}).status_code == 200

    scene.settles(run)


@pytest.mark.parametrize("path", WAY)
def test_3_a_failed_attempt_that_is_retried_releases_nothing(
    scene: Scene, run: str, path: str
) -> None:
    text = scene.plan(run, Refuse(500), Refuse(503), Answer())

    response = scene.post(path, body_of(path, text), run, **{"x-litellm-num-retries": "3"})

    assert response.status_code == 200, response.text
    assert scene.calls(run) == 3
    scene.settles(run)
    assert scene.ledger.decision(response.headers["x-budget-decision-id"])["state"] == "committed"


@pytest.mark.parametrize("streaming", [False, True])
def test_4_a_fallback_is_charged_as_the_model_that_served(
    scene: Scene, run: str, streaming: bool
) -> None:
    text = scene.plan(run, Refuse(500))

    response = (
        scene.stream_chat(run, text, model="falls")[0]
        if streaming
        else scene.chat(run, text, model="falls")
    )

    assert response.status_code == 200
    assert [call.model for call in scene.upstream.script.calls(run)] == ["gpt-4o-mini", "gpt-4o"]
    scene.settles(run)


def test_4_a_fallback_of_the_clients_is_charged_as_the_model_that_served(
    scene: Scene, run: str
) -> None:
    response = scene.chat(run, scene.plan(run, Refuse(500)), fallbacks=["big"])

    assert response.status_code == 200, response.text
    assert [call.model for call in scene.upstream.script.calls(run)] == ["gpt-4o-mini", "gpt-4o"]
    scene.settles(run)


@pytest.mark.parametrize("fallbacks", [None, ["big"]])
@pytest.mark.parametrize("path", WAY)
def test_4_a_fallback_that_does_not_fit_is_refused_before_it_is_called(
    scene: Scene, path: str, fallbacks: list[str] | None
) -> None:
    run = scene.ledger.new_run(limit_micro=3_000)
    body = body_of(path, scene.plan(run, Refuse(500)), "gpt" if fallbacks else "falls")
    cap = "max_output_tokens" if path == "/v1/responses" else "max_tokens"

    response = scene.post(
        path, {**body, cap: 4000, **({"fallbacks": fallbacks} if fallbacks else {})}, run
    )

    assert response.status_code == 402, response.text
    assert "ceiling" in response.text
    # The first decision let the call through; what the client holds is not its answer.
    assert "x-budget-decision" not in response.headers
    assert path == "/v1/messages" or response.headers["x-run-id"] == run
    assert [call.model for call in scene.upstream.script.calls(run)] == ["gpt-4o-mini"]
    scene.ledger.settles_at(run, 0)


def test_4_a_fallback_that_brings_another_request_is_asked_for_anew(scene: Scene) -> None:
    run = scene.ledger.new_run(limit_micro=2_000)
    text = scene.plan(run, Refuse(500))
    other = {
        "model": "gpt",
        "messages": [{"role": "user", "content": f"plan:{run} " + "word " * 20_000}],
    }

    response = scene.chat(run, text, max_tokens=100, fallbacks=[other])

    assert response.status_code == 402, response.text
    assert scene.calls(run) == 1
    scene.ledger.settles_at(run, 0)


def test_5_several_models_in_one_request_are_refused(scene: Scene, run: str) -> None:
    response = scene.chat(run, scene.plan(run), model="gpt,big")

    assert response.status_code == 400
    assert scene.calls(run) == 0


def test_6_the_providers_sdk_does_not_repeat_the_call_on_its_own(scene: Scene, run: str) -> None:
    response = scene.chat(run, scene.plan(run, Refuse(500)), max_retries=5)

    assert response.status_code == 500
    assert scene.calls(run) == 1
    scene.settles(run)


@pytest.mark.parametrize("step", [Refuse(500), Disconnect()])
@pytest.mark.parametrize(
    ("path", "model", "text_in"),
    [
        ("/v1/embeddings", "embed", "input"),
        ("/v1/completions", "instruct", "prompt"),
        ("/v1/images/generations", "image", "prompt"),
        ("/v1/audio/speech", "speech", "input"),
    ],
)
def test_6_nor_does_it_on_routes_where_litellm_has_a_number_of_its_own(
    scene: Scene, run: str, path: str, model: str, text_in: str, step: Refuse | Disconnect
) -> None:
    body = {
        "model": model,
        text_in: scene.plan(run, step),
        **({"voice": "alloy"} if model == "speech" else {}),
    }

    response = scene.post(path, body, run)

    assert response.status_code == 500, response.text
    assert scene.calls(run) == 1
    wait_until(lambda: scene.ledger.committed(run) >= scene.billed(run), 30, "charged")
    scene.ledger.settles_at(run, scene.ledger.committed(run))


def test_6_and_13_an_attempt_that_may_have_billed_is_charged_beside_the_retry(
    scene: Scene, run: str
) -> None:
    text = scene.plan(run, Disconnect(), Answer())

    response = scene.post(
        "/v1/chat/completions",
        body_of("/v1/chat/completions", text),
        run,
        **{"x-litellm-num-retries": "1"},
    )

    assert response.status_code == 200, response.text
    lost, served = scene.upstream.script.calls(run)
    assert lost.bill is not None
    assert served.bill is not None
    # Nobody saw how much of it was written: its input and the cap.
    worst = prices.charge(lost.model, {**lost.bill, "output_tokens": 100})
    scene.ledger.settles_at(run, worst + prices.charge(served.model, served.bill))


def test_7_a_hit_in_the_proxys_cache_costs_nothing(scene: Scene, run: str) -> None:
    for streaming in (False, True):
        body = {
            **body_of("/v1/chat/completions", scene.plan(run) + str(streaming)),
            "cache": {"use-cache": True},
        }
        for round_ in (1, 2, 3):
            if streaming:
                scene.stream("/v1/chat/completions", body, run)
            else:
                assert scene.post("/v1/chat/completions", body, run).status_code == 200
            if round_ == 1:
                # The cache is written after the answer.
                scene.settles(run)
                time.sleep(0.5)
    assert scene.calls(run) == 2
    scene.settles(run)


@pytest.mark.parametrize("path", WAY)
def test_7_a_client_that_leaves_in_mid_stream_is_charged_what_was_written(
    scene: Scene, run: str, path: str
) -> None:
    text = scene.plan(run, Answer(output_tokens=200, chunk_delay_s=0.3))

    leaves(scene, path, {**body_of(path, text), "stream": True}, run, after=" word")

    [call] = wait_until(
        lambda: [c for c in scene.upstream.script.calls(run) if c.ended == "caller gone"],
        60,
        "the upstream saw the client leave",
    )
    assert call.bill is not None
    # A word or two may be on the wire when the client leaves: billed, and seen by nobody.
    seen = [
        prices.charge(
            call.model, {**call.bill, "output_tokens": call.bill["output_tokens"] - unseen}
        )
        for unseen in (0, 1, 2)
    ]
    wait_until(lambda: scene.ledger.committed(run) in seen, 30, f"charged one of {seen}")
    scene.ledger.settles_at(run, scene.ledger.committed(run))


def test_7_a_client_that_leaves_before_a_plain_answer_is_charged_for_it(
    scene: Scene, run: str
) -> None:
    text = scene.plan(run, Answer(delay_s=1))

    leaves(scene, "/v1/chat/completions", body_of("/v1/chat/completions", text), run, after="")

    wait_until(lambda: scene.billed(run), 30, "billed")
    scene.settles(run)


@pytest.mark.parametrize("path", WAY)
def test_7_a_stream_that_breaks_off_is_charged_its_input_and_what_was_written(
    scene: Scene, run: str, path: str
) -> None:
    _, text = scene.stream(path, body_of(path, scene.plan(run, BreakOff(after=4))), run)

    [call] = scene.upstream.script.calls(run)
    assert call.bill is not None
    arrived = text.count(" word")
    assert 1 <= arrived <= 4
    scene.ledger.settles_at(run, prices.charge(call.model, {**call.bill, "output_tokens": arrived}))


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/responses"])
@pytest.mark.parametrize("step", [Answer(output_tokens=200, chunk_delay_s=0.3), BreakOff(after=4)])
def test_7_when_a_cut_off_stream_reasons_unseen_its_cap_is_charged(
    scene: Scene, run: str, path: str, step: Answer | BreakOff
) -> None:
    body = {**body_of(path, scene.plan(run, step), "o3"), "stream": True}

    if isinstance(step, Answer):
        leaves(scene, path, body, run, after=" word")
        wait_until(lambda: scene.upstream.script.calls(run)[0].ended == "caller gone", 60, "left")
    else:
        scene.stream(path, body, run)

    [call] = scene.upstream.script.calls(run)
    assert call.bill is not None
    scene.ledger.settles_at(run, prices.charge("o3", {**call.bill, "output_tokens": 100}))


@pytest.mark.parametrize("effort", [None, "none"])
def test_7_when_a_cut_off_stream_did_not_reason_what_was_seen_is_charged(
    scene: Scene, run: str, effort: str | None
) -> None:
    text = scene.plan(run, BreakOff(after=4))
    more = {"reasoning_effort": effort} if effort else {}

    _, said = scene.stream_chat(run, text, "openai/gpt-5.1", max_tokens=100, **more)

    [call] = scene.upstream.script.calls(run)
    assert call.bill is not None
    arrived = said.count(" word")
    assert 1 <= arrived <= 4
    scene.ledger.settles_at(run, prices.charge("gpt-5.1", {**call.bill, "output_tokens": arrived}))


def test_8_a_pass_through_route_is_refused(scene: Scene, run: str) -> None:
    response = scene.post(
        "/anthropic/v1/messages", body_of("/v1/messages", scene.plan(run), "claude-sonnet-4-5"), run
    )

    assert response.status_code == 403, response.text
    assert "budget" in response.text
    assert scene.calls(run) == 0


def test_9_a_call_id_that_the_client_repeats_opens_no_door(scene: Scene, run: str) -> None:
    decisions = set()
    for _ in range(3):
        response = scene.post(
            "/v1/chat/completions",
            body_of("/v1/chat/completions", scene.plan(run)),
            run,
            **{"x-litellm-call-id": "mine", "Idempotency-Key": "mine"},
        )
        assert response.status_code == 200
        decisions.add(response.headers["x-budget-decision-id"])
    assert len(decisions) == 3
    scene.settles(run)


@pytest.mark.parametrize("bucket", ["metadata", "litellm_metadata"])
@pytest.mark.parametrize("path", WAY)
def test_9_a_token_of_the_hook_in_the_clients_metadata_finds_nothing(
    scene: Scene, run: str, path: str, bucket: str
) -> None:
    body = {**body_of(path, scene.plan(run)), bucket: {"budget_authority_call": "guess"}}

    response = scene.post(path, body, run)

    assert response.status_code == 200, response.text
    assert response.headers["x-budget-decision"] == "allow"
    # Some routes hand the client's metadata on; the hook's own never leaves the proxy.
    sent = json.dumps(scene.upstream.script.calls(run)[0].body)
    assert sent.count("budget_authority_call") == sent.count('"guess"')
    scene.settles(run)


def test_11_a_wildcard_route_is_named_by_the_model_that_it_stands_for(
    scene: Scene, run: str
) -> None:
    response = scene.chat(run, scene.plan(run), model="openai/gpt-4o")

    assert response.status_code == 200, response.text
    assert (
        scene.ledger.decision(response.headers["x-budget-decision-id"])["requested_model"]
        == "gpt-4o"
    )
    scene.settles(run)


def test_11_a_group_of_several_prices_is_held_at_the_dearest_and_charged_at_what_served(
    scene: Scene, run: str
) -> None:
    estimates = set()
    for _ in range(8):
        response = scene.chat(run, scene.plan(run), model="mixed", max_tokens=50)
        assert response.status_code == 200
        decision = scene.ledger.decision(response.headers["x-budget-decision-id"])
        assert decision["requested_model"] == "gpt-4o"
        estimates.add(decision["requested_model"])
    assert {call.model for call in scene.upstream.script.calls(run)} == {"gpt-4o", "gpt-4o-mini"}
    scene.settles(run)


@pytest.mark.parametrize("options", [None, {"include_usage": False}, {"include_usage": True}])
@pytest.mark.parametrize(
    ("path", "model"),
    [("/v1/chat/completions", "gpt"), ("/v1/completions", "instruct"), ("/v1/completions", "gpt")],
)
def test_12_every_stream_is_asked_for_its_usage_and_shows_it_to_who_asked(
    scene: Scene, run: str, path: str, model: str, options: dict[str, bool] | None
) -> None:
    text = scene.plan(run)
    body = {
        "model": model,
        **(
            {"prompt": text}
            if path == "/v1/completions"
            else {"messages": [{"role": "user", "content": text}]}
        ),
    }

    _, streamed = scene.stream(
        path, {**body, **({"stream_options": options} if options else {})}, run
    )

    [call] = scene.upstream.script.calls(run)
    assert call.body["stream_options"]["include_usage"] is True
    shown = [json.loads(line[6:]) for line in streamed.splitlines() if line.startswith("data: {")]
    usages = [chunk["usage"] for chunk in shown if (chunk.get("usage") or {}).get("total_tokens")]
    assert len(usages) == (1 if options and options["include_usage"] else 0), streamed
    scene.settles(run)


@pytest.mark.parametrize(
    ("path", "model"),
    [("/v1/chat/completions", "gpt"), ("/v1/completions", "gpt"), ("/v1/responses", "gpt")],
)
def test_12_a_stream_that_ends_without_usage_is_charged_at_its_estimate(
    scene: Scene, run: str, path: str, model: str
) -> None:
    text = scene.plan(run, Answer(usage_in_stream=False))
    body = (
        {"model": model, "prompt": text, "max_tokens": 100}
        if path == "/v1/completions"
        else body_of(path, text, model)
    )

    response, _ = scene.stream(path, body, run)

    def settled() -> Any:
        decision = scene.ledger.decision(response.headers["x-budget-decision-id"])
        return decision if decision["state"] == "committed" else None

    decision = wait_until(settled, 30, "committed")
    assert decision["usage_quality"] == "missing"
    assert decision["actual_usd"] == decision["estimate_usd"]
    assert scene.ledger.committed(run) >= scene.billed(run)


@pytest.mark.parametrize("status", [400, 401, 404, 408, 429, 500, 503, 504])
@pytest.mark.parametrize("path", WAY)
def test_13_an_error_status_is_taken_as_not_billed(
    scene: Scene, run: str, path: str, status: int
) -> None:
    bodies = [body_of(path, scene.plan(run, Refuse(status), Refuse(status))), {}]
    bodies[1] = {**bodies[0], "model": "gpt" if path == "/v1/messages" else "claude"}

    for body in bodies:
        # By way of each of litellm's HTTP clients.
        assert scene.post(path, body, run).status_code >= 400

    assert scene.calls(run) == 2
    scene.ledger.settles_at(run, 0)


def test_13_a_provider_that_was_never_reached_billed_nothing(scene: Scene, run: str) -> None:
    response = scene.chat(run, scene.plan(run), model="nowhere")

    assert response.status_code == 200, response.text
    assert [call.model for call in scene.upstream.script.calls(run)] == ["gpt-4o-mini"]
    scene.settles(run)


@pytest.mark.parametrize("step", [Hang(), Disconnect()])
@pytest.mark.parametrize("path", WAY)
def test_13_a_call_whose_end_nobody_saw_is_charged_at_its_estimate(
    scene: Scene, run: str, path: str, step: Hang | Disconnect
) -> None:
    body = {
        **body_of(path, scene.plan(run, step)),
        **({"timeout": 2} if isinstance(step, Hang) else {}),
    }

    response = scene.post(
        path, body, run, **({"x-litellm-timeout": "2"} if isinstance(step, Hang) else {})
    )

    assert response.status_code >= 400, response.text
    assert scene.calls(run) == 1
    wait_until(lambda: scene.ledger.committed(run), 30, "charged")
    assert scene.ledger.committed(run) >= scene.billed(run)
    scene.ledger.settles_at(run, scene.ledger.committed(run))


SPENT = {
    "error": {
        "message": "You exceeded your current quota, please check your plan and billing details.",
        "type": "insufficient_quota",
        "code": "insufficient_quota",
    }
}


@pytest.mark.parametrize("path", WAY)
@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (429, SPENT),
        (402, {"error": {"message": "run budget is spent", "type": "run_ceiling_reached"}}),
    ],
)
def test_an_upstream_whose_own_budget_is_spent_is_a_402_that_nobody_repeats(
    scene: Scene, run: str, path: str, status: int, answer: dict[str, Any]
) -> None:
    response = scene.post(
        path, body_of(path, scene.plan(run, Refuse(status, answer, {"Retry-After": "1"}))), run
    )

    assert response.status_code == 402, response.text
    assert "upstream_budget_spent" in response.text
    assert "retry-after" not in response.headers
    scene.ledger.settles_at(run, 0)


def test_a_rate_limit_stays_a_429(scene: Scene, run: str) -> None:
    limited = {
        "error": {
            "message": "Rate limit reached for requests",
            "type": "requests",
            "code": "rate_limit_exceeded",
        }
    }

    response = scene.chat(run, scene.plan(run, Refuse(429, limited)))

    assert response.status_code == 429
    scene.ledger.settles_at(run, 0)
