"""Every route that the proxy has, asked with a body that would call a model: what reaches the
provider is in the ledger, or bills nothing.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from conftest import Scene
from harness.processes import wait_until
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

MODEL = "openai/gpt-4o-mini"
IN_PATHS = {
    "endpoint": "v1/chat/completions",
    "model": MODEL,
    "model_id": MODEL,
    "model_name": MODEL,
    "provider": "openai",
}

FREE_AT_THE_PROVIDER = re.compile(
    r"POST /v1/(files|responses/input_tokens|responses/x/cancel|batches/x/cancel"
    r"|vector_stores(/x)?(/files(/x)?)?|fine_tuning/jobs/x/cancel|skills|evals(/x)?(/runs/x)?)"
)
"""What keeps things there and bills nothing by itself; the routes that the README says pass."""

NO_SAY = re.compile(r"POST /v1/(assistants|threads)(/.*)?")
"""The proxy calls no hook there: the README says what to do."""


NOT_STREAMED = {"/v1/embeddings", "/v1/images/generations"}


def body(text: str) -> dict[str, Any]:
    """What one route or another takes as a request to a model."""
    said = [{"role": "user", "content": text}]
    return {
        "model": MODEL,
        "messages": said,
        "test_messages": said,
        "input": text,
        "prompt": text,
        "query": text,
        "question": text,
        "documents": [text],
        "contents": [{"role": "user", "parts": [{"text": text}]}],
        "max_tokens": 20,
        "voice": "alloy",
        "name": text,
        "instructions": text,
        "dotprompt_content": f"---\nmodel: {MODEL}\n---\nUser: {text}",
        "custom_llm_provider": "openai",
        "assistant_id": "x",
        "call_endpoint": True,
        "request_body": {"model": MODEL, "messages": said},
    }


EVERY_FIELD = tuple(body(""))


def routes_of(scene: Scene) -> Iterator[tuple[str, str]]:
    paths = scene.client.get("/openapi.json").raise_for_status().json()["paths"]
    for path, methods in sorted(paths.items()):
        whole = re.sub(
            r"\{([^}:]+)(:path)?\}", lambda found: IN_PATHS.get(found.group(1), "x"), path
        )
        yield from ((method, whole) for method in methods if method in ("post", "put", "patch"))


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize(
    ("fields", "known"),
    [
        (("model", "messages", "max_tokens"), {"/v1/chat/completions", "/v1/messages"}),
        (("model", "input", "prompt"), {"/v1/responses", "/v1/embeddings"}),
        (("model", "prompt"), {"/v1/completions", "/v1/images/generations"}),
        (EVERY_FIELD, set()),
    ],
)
def test_when_a_route_calls_a_model_the_ledger_has_it(
    scene: Scene, streaming: bool, fields: tuple[str, ...], known: set[str]
) -> None:
    before = len(scene.upstream.script.strays())
    asked = list(routes_of(scene))
    assert len(asked) > 300
    runs: list[tuple[str, str]] = []

    for method, path in asked:
        run = scene.ledger.new_run()
        whole = body(scene.plan(run))
        sent = {name: whole[name] for name in fields}
        with scene.client.stream(
            method,
            path,
            json={**sent, "stream": True} if streaming else sent,
            headers={"X-Run-Id": run},
        ) as response:
            response.read()
        if scene.calls(run):
            runs.append((path, run))

    wanted = known - NOT_STREAMED if streaming else known
    assert wanted <= {path for path, _ in runs}
    for path, run in runs:
        print(path)
        # A model that is not made for the route may bill what has no price: then its estimate.
        wait_until(lambda run=run: scene.ledger.committed(run) >= scene.billed(run), 30, "charged")
        scene.ledger.settles_at(run, scene.ledger.committed(run))
    # What is read there bills nothing; litellm also reads which models there are by itself.
    asked_for = scene.upstream.script.strays()[before:]
    strays = {it for it in asked_for if not it.startswith("GET ")}
    odd = [
        it
        for it in strays
        if not any(known.fullmatch(it) for known in (FREE_AT_THE_PROVIDER, NO_SAY))
    ]
    assert odd == []


@pytest.mark.parametrize(
    "path",
    [
        "/v1/realtime?model=openai/gpt-4o-realtime-preview",
        "/realtime?model=openai/gpt-4o-realtime-preview",
        "/openai/v1/realtime?model=gpt-4o-realtime-preview",
        "/v1/responses?model=gpt",
        "/v1/responses",
        "/vertex_ai/live",
    ],
)
def test_when_a_websocket_is_opened_no_model_is_called(scene: Scene, path: str) -> None:
    calls, strays = len(scene.upstream.script.calls()), len(scene.upstream.script.strays())
    first = {"type": "response.create", "model": "gpt", "response": {"model": "gpt", "input": "x"}}

    async def ask() -> list[str]:
        url = scene.proxy.url.replace("http://", "ws://") + path
        said: list[str] = []
        try:
            async with connect(
                url, additional_headers={"Authorization": "Bearer sk-ada-red"}
            ) as socket:
                with suppress(ConnectionClosed):
                    await socket.send(json.dumps(first))
                async for message in socket:
                    said.append(str(message))
        except (ConnectionClosed, InvalidStatus) as e:
            said.append(str(e))
        return said

    said = asyncio.run(asyncio.wait_for(ask(), 30))

    # The proxy closes at once, perhaps before its message is read.
    assert any("budget" in it or "Pre-call error" in it or "/vertex_ai/" in path for it in said)
    assert len(scene.upstream.script.calls()) == calls
    assert len(scene.upstream.script.strays()) == strays
