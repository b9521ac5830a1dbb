"""What becomes of a settlement, by what it is answered with."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from harness.serving import listening

from budget_authority_litellm.authority import Authority, Message
from budget_authority_litellm.calls import Attempt, Call, Calls
from budget_authority_litellm.catalog import Target
from budget_authority_litellm.outbox import Outbox
from budget_authority_litellm.routes import Kind
from budget_authority_litellm.settings import Settings
from budget_authority_litellm.spool import Spool
from budget_authority_litellm.usage_queue import UsageQueue

COMMIT = Message("/budget/reservations/rsv_1/commit", {"usage_quality": "missing"})
CHARGE = Message(
    "/budget/usage", {"model": "gpt-4o", "usage": {"input_tokens": 1, "output_tokens": 2}}, "a-key"
)
CANCEL = Message("/budget/decisions/cancel", None, "a-key")
DEGRADED = Message(COMMIT.path, COMMIT.body, by_queue=False)


class Wire:
    """The authority and the queue, on one port: the authority answers with `status`, the queue
    takes what it is sent unless it is `away`.
    """

    def __init__(self, status: int, away: bool = False) -> None:
        self.status, self.away = status, away
        self.asked: list[tuple[str, str | None]] = []
        self.queued: list[dict[str, Any]] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        text = await request.text()
        if request.path == "/":
            if self.away:
                return web.json_response(
                    {"__type": "com.amazonaws.sqs#QueueDoesNotExist"}, status=400
                )
            body = json.loads(text)["MessageBody"]
            self.queued.append(json.loads(body))
            return web.json_response(
                {"MessageId": "1", "MD5OfMessageBody": hashlib.md5(body.encode()).hexdigest()}
            )
        self.asked.append((request.path, request.headers.get("Idempotency-Key")))
        answer = {"code": "whatever", "reservation_id": "rsv_1"}
        return web.json_response(answer, status=self.status)


Use = Callable[[Settings, Authority, Outbox], Awaitable[None]]


def served(wire: Wire, folder: Path, use: Use) -> None:
    """Does something with an outbox before the wire."""

    async def serve() -> None:
        app = web.Application()
        app.router.add_post("/{path:.*}", wire.handle)
        runner = web.AppRunner(app)
        url = await listening(runner)
        settings = Settings(
            url=url,
            key="k",
            spool=folder,
            queue_url=f"{url}/1/q",
            queue_tenant_id="acme",
            queue_principal_id="gw",
        )
        authority = Authority(settings)
        outbox = Outbox(authority, Spool(folder, 10), UsageQueue(settings))
        await use(settings, authority, outbox)
        for rounds in outbox._tasks:
            rounds.cancel()
        await authority.close()
        await runner.cleanup()

    asyncio.run(serve())


def told(wire: Wire, message: Message, folder: Path, surely: bool = False) -> Spool:
    """Posts the message, and waits until it is told once, whatever becomes of it."""

    async def post(_: Settings, __: Authority, outbox: Outbox) -> None:
        (outbox.post_surely if surely else outbox.post)(message)
        [task] = outbox._tasks
        await task

    served(wire, folder, post)
    return Spool(folder, 10)


@pytest.fixture(autouse=True)
def _any_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "any")


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_what_the_authority_cannot_take_now_the_queue_takes(tmp_path: Path, status: int) -> None:
    wire = Wire(status)

    spool = told(wire, COMMIT, tmp_path)

    assert spool.is_empty
    [message] = wire.queued
    assert message.pop("sent_at").endswith("Z")
    assert message == {
        "type": "commit",
        "tenant_id": "acme",
        "reservation_id": "rsv_1",
        "body": COMMIT.body,
    }


def test_a_charge_says_by_queue_whose_it_is(tmp_path: Path) -> None:
    wire = Wire(503)

    spool = told(wire, CHARGE, tmp_path, surely=True)

    assert spool.is_empty
    [message] = wire.queued
    assert message.pop("sent_at").endswith("Z")
    assert message == {
        "type": "usage",
        "tenant_id": "acme",
        "principal_id": "gw",
        "idempotency_key": "a-key",
        "body": CHARGE.body,
    }


@pytest.mark.parametrize(
    ("message", "status"),
    [(COMMIT, 404), (COMMIT, 401), (COMMIT, 403), (CANCEL, 503), (DEGRADED, 503)],
)
def test_what_the_queue_would_give_up_waits_in_the_spool(
    tmp_path: Path, message: Message, status: int
) -> None:
    wire = Wire(status)

    spool = told(wire, message, tmp_path)

    assert [kept for _, kept in spool.entries()] == [message]
    assert wire.queued == []


def test_a_queue_that_refuses_leaves_it_to_the_spool(tmp_path: Path) -> None:
    assert [kept for _, kept in told(Wire(503, away=True), COMMIT, tmp_path).entries()] == [COMMIT]


@pytest.mark.parametrize("surely", [False, True])
def test_what_the_authority_refuses_is_put_aside(tmp_path: Path, surely: bool) -> None:
    wire = Wire(422)

    assert told(wire, CHARGE, tmp_path, surely).is_empty

    [aside] = (tmp_path / "refused").iterdir()
    assert json.loads(aside.read_text())["idempotency_key"] == "a-key"
    assert wire.queued == []


def test_what_no_hold_stands_behind_is_written_down_before_it_is_told(tmp_path: Path) -> None:
    class Looking(Wire):
        async def handle(self, request: web.Request) -> web.StreamResponse:
            self.seen = len(list(tmp_path.glob("*.json")))
            return await super().handle(request)

    sure, other = Looking(201), Looking(201)

    assert told(sure, CHARGE, tmp_path, surely=True).is_empty
    assert told(other, COMMIT, tmp_path).is_empty
    assert (sure.seen, other.seen) == (1, 0)


@pytest.mark.parametrize("step", ["commit", "release"])
def test_when_a_call_asks_again_its_last_hold_is_settled_first(tmp_path: Path, step: str) -> None:
    target = Target("openai", "gpt-4o")

    async def ask_twice(settings: Settings, authority: Authority, outbox: Outbox) -> None:
        calls, call = Calls(settings, authority, outbox), Call(Kind.CHAT, {}, {}, None)
        call.hold = await calls.ask(call, target, {})
        call.attempt = Attempt(target, Kind.CHAT, "acompletion", {})
        if step == "commit":
            calls.answered(call, {"input_tokens": 1, "output_tokens": 2})
        else:
            calls.release(call, "another request is made in its place")
        await calls.ask(call, target, {})

    wire = Wire(200)
    served(wire, tmp_path, ask_twice)

    settled = f"/budget/reservations/rsv_1/{step}"
    assert [path for path, _ in wire.asked] == ["/budget/decisions", settled, "/budget/decisions"]
