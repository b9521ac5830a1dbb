"""Each route, plain and streaming: asked for before the call, settled after it at what the provider billed, with the decision in the headers."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import Scene

CHAT = "/v1/chat/completions"


def messages(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


ROUTES: dict[str, tuple[str, str, Any]] = {
    "chat": (CHAT, "gpt", lambda text: {"messages": messages(text)}),
    "chat of Anthropic": (CHAT, "claude", lambda text: {"messages": messages(text), "max_tokens": 64}),
    "responses": ("/v1/responses", "gpt", lambda text: {"input": text}),
    "responses by way of chat": ("/v1/responses", "claude", lambda text: {"input": text, "max_output_tokens": 64}),
    "messages": ("/v1/messages", "claude", lambda text: {"messages": messages(text), "max_tokens": 64}),
    "messages by way of responses": ("/v1/messages", "gpt", lambda text: {"messages": messages(text), "max_tokens": 64}),
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
    response = scene.post("/v1/images/generations", {"model": "image", "prompt": scene.plan(run)}, run)

    assert response.status_code == 200, response.text
    assert response.headers["x-budget-decision"] == "allow"
    scene.settles(run)


def test_speech_is_settled_by_its_characters(scene: Scene, run: str) -> None:
    response = scene.post("/v1/audio/speech", {"model": "speech", "input": scene.plan(run), "voice": "alloy"}, run)

    assert response.status_code == 200, response.text
    scene.settles(run)


def test_a_transcription_is_settled_by_its_seconds(scene: Scene, run: str) -> None:
    scene.plan(run)
    form = {"model": "whisper", "prompt": f"plan:{run}"}
    response = scene.client.post("/v1/audio/transcriptions", files={"file": ("a.mp3", b"x" * 4000, "audio/mpeg")}, data=form, headers={"X-Run-Id": run})

    assert response.status_code == 200, response.text
    assert scene.calls(run) == 1
    scene.settles(run)


def test_a_rerank_is_settled_by_its_queries(scene: Scene, run: str) -> None:
    response = scene.post("/v1/rerank", {"model": "rerank", "query": scene.plan(run), "documents": ["one", "two"]}, run)

    assert response.status_code == 200, response.text
    assert scene.calls(run) == 1
    scene.settles(run)


def test_a_moderation_has_no_price_until_somebody_approves_that_it_is_free(scene: Scene, run: str) -> None:
    response = scene.post("/v1/moderations", {"model": "moderation", "input": scene.plan(run)}, run)

    assert response.status_code == 402
    assert scene.calls(run) == 0


@pytest.mark.parametrize("path", ["/v1/videos", "/v1/ocr"])
def test_a_billable_route_that_cannot_be_priced_is_refused(scene: Scene, run: str, path: str) -> None:
    response = scene.post(path, {"model": "gpt", "prompt": "x", "input_file_id": "f", "endpoint": CHAT, "completion_window": "24h"}, run)

    assert response.status_code == 403, response.text
    assert "budget" in response.text
