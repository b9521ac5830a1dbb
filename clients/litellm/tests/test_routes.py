"""Each route, plain and streaming: asked for before the call, settled after it at what the provider
billed, with the decision in the headers.
"""

from __future__ import annotations

from typing import Any

import pytest
from conftest import Scene
from fake_upstream.plan import Answer, Disconnect, Refuse
from harness import prices
from harness.ledger import micro
from harness.processes import wait_until

CHAT = "/v1/chat/completions"


def messages(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


ROUTES: dict[str, tuple[str, str, Any]] = {
    "chat": (CHAT, "gpt", lambda text: {"messages": messages(text)}),
    "chat of Anthropic": (
        CHAT,
        "claude",
        lambda text: {"messages": messages(text), "max_tokens": 64},
    ),
    "responses": ("/v1/responses", "gpt", lambda text: {"input": text}),
    "responses by way of chat": (
        "/v1/responses",
        "claude",
        lambda text: {"input": text, "max_output_tokens": 64},
    ),
    "messages": (
        "/v1/messages",
        "claude",
        lambda text: {"messages": messages(text), "max_tokens": 64},
    ),
    "messages by way of responses": (
        "/v1/messages",
        "gpt",
        lambda text: {"messages": messages(text), "max_tokens": 64},
    ),
    "completions": ("/v1/completions", "instruct", lambda text: {"prompt": text}),
    "completions by way of chat": ("/v1/completions", "gpt", lambda text: {"prompt": text}),
    "embeddings": ("/v1/embeddings", "embed", lambda text: {"input": [text, "and more"]}),
}


@pytest.mark.parametrize("route", ROUTES)
def test_a_plain_call_is_settled_at_its_bill(scene: Scene, run: str, route: str) -> None:
    path, model, body = ROUTES[route]

    response = scene.post(path, {"model": model, **body(scene.plan(run))}, run)

    assert response.status_code == 200, response.text
    assert response.headers["x-budget-decision"] == "allow"
    assert response.headers["x-run-id"] == run
    assert response.headers["x-budget-reservation-id"].startswith("rsv_")
    assert scene.calls(run) == 1
    assert scene.billed(run) > 0
    scene.settles(run)


@pytest.mark.parametrize("route", [name for name in ROUTES if name != "embeddings"])
def test_a_stream_is_settled_at_its_bill(scene: Scene, run: str, route: str) -> None:
    path, model, body = ROUTES[route]

    response, text = scene.stream(path, {"model": model, **body(scene.plan(run))}, run)

    assert response.status_code == 200, text
    assert response.headers["x-budget-decision"] == "allow"
    assert response.headers["x-run-id"] == run
    assert text.count(" word") >= 5
    assert scene.calls(run) == 1
    scene.settles(run)
    decision = scene.ledger.decision(response.headers["x-budget-decision-id"])
    assert decision["usage_quality"] == "exact"


def test_an_image_is_settled_by_its_tokens(scene: Scene, run: str) -> None:
    response = scene.post(
        "/v1/images/generations", {"model": "image", "prompt": scene.plan(run)}, run
    )

    assert response.status_code == 200, response.text
    assert response.headers["x-budget-decision"] == "allow"
    scene.settles(run)


def test_speech_is_settled_by_its_characters(scene: Scene, run: str) -> None:
    response = scene.post(
        "/v1/audio/speech", {"model": "speech", "input": scene.plan(run), "voice": "alloy"}, run
    )

    assert response.status_code == 200, response.text
    scene.settles(run)


def test_a_transcription_is_settled_by_its_seconds(scene: Scene, run: str) -> None:
    scene.plan(run)
    form = {"model": "whisper", "prompt": f"plan:{run}"}
    response = scene.client.post(
        "/v1/audio/transcriptions",
        files={"file": ("a.mp3", b"x" * 4000, "audio/mpeg")},
        data=form,
        headers={"X-Run-Id": run},
    )

    assert response.status_code == 200, response.text
    assert scene.calls(run) == 1
    scene.settles(run)


def test_a_rerank_is_settled_by_its_queries(scene: Scene, run: str) -> None:
    response = scene.post(
        "/v1/rerank",
        {"model": "rerank", "query": scene.plan(run), "documents": ["one", "two"]},
        run,
    )

    assert response.status_code == 200, response.text
    assert scene.calls(run) == 1
    scene.settles(run)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/images/generations", {"model": "image", "prompt": "{}"}),
        ("/v1/embeddings", {"model": "embed", "input": "{}"}),
        ("/v1/audio/speech", {"model": "speech", "input": "{}", "voice": "alloy"}),
        ("/v1/rerank", {"model": "rerank", "query": "{}", "documents": ["one"]}),
    ],
)
@pytest.mark.parametrize("in_fallback", [False, True])
def test_when_a_route_that_does_not_stream_is_asked_to_it_settles(
    scene: Scene, run: str, path: str, body: dict[str, Any], in_fallback: bool
) -> None:
    text = scene.plan(run, *([Refuse(500)] if in_fallback else []))
    asked = {
        name: value.format(text) if isinstance(value, str) else value
        for name, value in body.items()
    }
    fallback = {"fallbacks": [{"model": body["model"], "stream": True}]}

    response = scene.post(path, {**asked, **(fallback if in_fallback else {"stream": True})}, run)

    assert response.status_code == 200, response.text
    assert scene.billed(run) > 0
    scene.settles(run)


def test_a_moderation_has_no_price_until_somebody_approves_that_it_is_free(
    scene: Scene, run: str
) -> None:
    response = scene.post("/v1/moderations", {"model": "moderation", "input": scene.plan(run)}, run)

    assert response.status_code == 402
    assert scene.calls(run) == 0


@pytest.mark.parametrize("path", ["/v1/videos", "/v1/ocr"])
def test_a_billable_route_that_cannot_be_priced_is_refused(
    scene: Scene, run: str, path: str
) -> None:
    response = scene.post(
        path,
        {
            "model": "gpt",
            "prompt": "x",
            "input_file_id": "f",
            "endpoint": CHAT,
            "completion_window": "24h",
        },
        run,
    )

    assert response.status_code == 403, response.text
    assert "budget" in response.text


def rag(text: str, **more: Any) -> dict[str, Any]:
    store = {"vector_store_id": "vs_fake", "custom_llm_provider": "openai"}
    return {
        "model": "gpt",
        "messages": messages(text),
        "retrieval_config": store,
        "max_tokens": 100,
        **more,
    }


def decisions_of(scene: Scene, run: str, count: int) -> list[dict[str, Any]]:
    """A run's list is filled from a stream, a moment behind the ledger."""

    def ended() -> list[dict[str, Any]] | None:
        items = scene.ledger.gateway.get(f"/budget/runs/{run}/decisions").json()["items"]
        return (
            items
            if len(items) == count
            and all(item["state"] in ("committed", "released") for item in items)
            else None
        )

    return list(wait_until(ended, 30, f"{count} decisions that have ended"))


@pytest.mark.parametrize("streaming", [False, True])
def test_a_model_that_the_proxy_calls_for_a_client_is_held_and_charged_to_the_clients_run(
    scene: Scene, run: str, streaming: bool
) -> None:
    """This route runs no hook before it calls the model: the deployment is the first that the hook
    hears of.
    """
    body = rag(scene.plan(run))

    status = (
        scene.stream("/v1/rag/query", body, run)[0].status_code
        if streaming
        else scene.post("/v1/rag/query", body, run).status_code
    )

    assert status == 200
    assert scene.calls(run) == 1
    scene.settles(run)
    [decision] = decisions_of(scene, run, 1)
    assert (decision["user_id"], decision["team_id"]) == ("ada", "red")


def test_a_model_that_the_proxy_would_call_for_a_client_is_not_called_where_its_run_is_spent(
    scene: Scene,
) -> None:
    run = scene.ledger.new_run(limit_micro=1)

    response = scene.post("/v1/rag/query", rag(scene.plan(run)), run)

    assert response.status_code >= 400
    assert scene.calls(run) == 0
    scene.ledger.settles_at(run, 0)


def test_a_model_that_the_proxy_calls_by_itself_and_that_fails_leaves_nothing_held(
    scene: Scene, run: str
) -> None:
    response = scene.post("/v1/rag/query", rag(scene.plan(run, Refuse(500))), run)

    assert response.status_code >= 400
    assert scene.calls(run) == 1
    scene.ledger.settles_at(run, 0)


def test_a_retry_of_a_model_that_the_proxy_calls_by_itself_is_held_anew(
    scene: Scene, run: str
) -> None:
    response = scene.post(
        "/v1/rag/query",
        rag(scene.plan(run, Refuse(500), Disconnect(), Answer())),
        run,
        **{"x-litellm-num-retries": "2"},
    )

    assert response.status_code == 200, response.text
    refused, lost, served = scene.upstream.script.calls(run)
    assert refused.bill is None
    # The estimate of the one whose end nobody saw, once, and the bill of the one that served.
    [estimate] = [
        micro(item["estimate_usd"])
        for item in decisions_of(scene, run, 3)
        if item["usage_quality"] == "missing"
    ]
    assert estimate >= prices.charge(lost.model, lost.bill or {})
    scene.ledger.settles_at(run, estimate + prices.charge(served.model, served.bill or {}))
