"""The provider's HTTP side, on loopback, in a thread of its own."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from harness.serving import listening

from . import anthropic, mcp, openai, others
from .plan import PLAN_NAME, Answer, BreakOff, Call, Disconnect, Hang, Refuse, Script

Answering = Callable[[Call, Answer | BreakOff, web.Request], Awaitable[web.StreamResponse]]
Billing = Callable[[Call, Answer | BreakOff | Hang | Disconnect], dict[str, Any]]

ROUTES: dict[str, tuple[Answering, Billing]] = {
    "/chat/completions": (openai.chat, openai.bill_chat),
    "/completions": (openai.completion, openai.bill_completion),
    "/responses": (openai.responses, openai.bill_responses),
    "/embeddings": (openai.embeddings, openai.bill_embeddings),
    "/messages": (anthropic.messages, anthropic.bill_messages),
    "/images/generations": (others.image, others.bill_image),
    "/images/edits": (others.image, others.bill_image),
    "/audio/speech": (others.speech, others.bill_speech),
    "/audio/transcriptions": (others.transcription, others.bill_transcription),
    "/rerank": (others.rerank, others.bill_rerank),
    "/moderations": (others.moderation, others.bill_nothing),
    "/containers": (others.moderation, others.bill_nothing),
    "/ocr": (others.moderation, others.bill_nothing),
}


class FakeUpstream:
    """`with FakeUpstream() as upstream:` then `upstream.url`, `upstream.script`."""

    def __init__(self, port: int = 0) -> None:
        self.script = Script()
        self._port = port
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, name="fake-upstream", daemon=True)
        self.url = ""

    def __enter__(self) -> FakeUpstream:
        self._thread.start()
        if not self._started.wait(30):
            raise RuntimeError("the fake upstream did not start within 30 s")
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.run_forever()

    async def _serve(self) -> None:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        for prefix in ("", "/v1", "/v2"):
            for route, (answer, bill) in ROUTES.items():
                app.router.add_post(prefix + route, self._handler(route, answer, bill))
        app.router.add_post("/v1/vector_stores/{id}/search", others.search)
        app.router.add_post("/mcp", mcp.serve)
        app.router.add_get("/v1/responses/{id}", openai.stored)
        app.router.add_route("*", "/{path:.*}", self._stray)
        # A closed connection ends the handler, as it ends a real provider's work.
        runner = web.AppRunner(app, handler_cancellation=True, access_log=None)
        self.url = await listening(runner, self._port)
        self._started.set()

    async def _stray(self, request: web.Request) -> web.StreamResponse:
        """What no route of the tests is for: it is written down, and there is nothing here."""
        self.script.strayed(f"{request.method} {request.path}")
        raise web.HTTPNotFound

    def _handler(
        self, route: str, answer: Answering, bill: Billing
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            if request.content_type == "application/json":
                body = json.loads(await request.read())
            else:
                body = {
                    key: value if isinstance(value, str) else "(a file)"
                    for key, value in (await request.post()).items()
                }
            named = PLAN_NAME.search(json.dumps(body))
            plan = named.group(1) if named else None
            call = Call(
                plan,
                route,
                str(body.get("model")),
                body,
                dict(request.headers),
                self.script.next_step(plan),
            )
            self.script.arrived(call)
            try:
                response = await self._perform(call, answer, bill, request)
                call.ended = "answered"
                return response
            except asyncio.CancelledError:
                call.ended = "caller gone"
                raise

        return handle

    async def _perform(
        self, call: Call, answer: Answering, bill: Billing, request: web.Request
    ) -> web.StreamResponse:
        step = call.step
        match step:
            case Refuse():
                await asyncio.sleep(step.delay_s)
                body = step.body or {
                    "error": {
                        "message": f"planned {step.status}",
                        "type": "planned",
                        "code": str(step.status),
                    }
                }
                return web.json_response(body, status=step.status, headers=step.headers)
            case Hang():
                call.bill = bill(call, step)
                await asyncio.sleep(3600)
                raise AssertionError("a hanging call outlived its test")
            case Disconnect():
                call.bill = bill(call, step)
                assert request.transport is not None
                request.transport.abort()
                await asyncio.sleep(3600)
                raise AssertionError("unreachable: the connection is gone")
            case Answer() | BreakOff():
                if isinstance(step, Answer):
                    await asyncio.sleep(step.delay_s)
                call.bill = bill(call, step)
                return await answer(call, step, request)
