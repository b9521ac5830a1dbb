"""A request on its way through the proxy: its hold, its attempts, and what each of them was billed.

One hold stands behind one upstream call. An attempt that billed nothing leaves it to its successor;
one that may have billed is charged apart, and leaves it too; one that was billed uses it up, and
what follows (the proxy calls the model again by itself for some tools) asks for its own.
"""

from __future__ import annotations

import asyncio
import datetime
import logging
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from . import counting, outcome, tools
from .authority import Answer, Authority, Message, Unreachable
from .background import Background, Later
from .catalog import Target
from .outbox import Delivery, Outbox
from .outcome import Billing
from .problems import Refusal, local_problem
from .request import Bounds, Measured
from .routes import Kind
from .settings import Settings
from .stream import Watch
from .usage import Usage, of_answer

log = logging.getLogger("budget_authority_litellm")

_UNREACHABLE_RETRY_S = "2"


@dataclass
class Hold:
    """What an ask was answered with. Without a reservation where the authority gave no answer and
    the operator lets calls through then.
    """

    target: Target
    bounds: Bounds
    key: str
    reservation_id: str | None
    record: Mapping[str, Any]
    run_id: str | None
    ttl_s: int
    expires_at: float
    """By `time.monotonic()`."""
    degraded: bool = False
    """The authority let it through while its ledger was unavailable. It holds nothing, and the
    ledger knows it only later.
    """

    @property
    def cap(self) -> int | None:
        """Output tokens at most, for each choice; None where nothing said so."""
        cap = self.record.get("effective_max_output_tokens")
        return cap if isinstance(cap, int) and cap > 0 else None

    def forget_request(self) -> None:
        self.record = {}


@dataclass
class Attempt:
    """One call of a deployment."""

    target: Target
    kind: Kind
    call_type: str
    request: Mapping[str, Any]
    billing: Billing | None = None
    usage: Usage | None = None
    watch: Watch = field(default_factory=Watch)
    error: BaseException | None = None
    open: bool = True
    sent: bool = False
    """Whether it has gone out: until then it may be a wrapper around the call that does."""
    answer: Any = None
    """What the provider answered, as litellm has written it down. litellm may refuse it, and then
    no hook is given a response.
    """

    @property
    def is_wrapper(self) -> bool:
        """Whether nothing has come of it: what is called next is called within it."""
        return (
            self.open
            and not self.sent
            and self.usage is None
            and self.error is None
            and not self.watch.written
        )


@dataclass
class Call:
    kind: Kind
    who: Mapping[str, str]
    labels: Mapping[str, str]
    run_id: str | None
    token: str = field(default_factory=lambda: secrets.token_hex(16))
    """Found in the request's metadata by the hooks that come later. No client can know or choose
    it.
    """
    hold: Hold | None = None
    freed_by: Delivery | None = None
    """What settles its last hold."""
    attempt: Attempt | None = None
    headers: dict[str, str] = field(default_factory=dict)
    refusal: Refusal | None = None
    hide_usage: bool = False
    measured: Measured | None = None
    unbounded_by: tuple[str, ...] = ()
    """What the client has said that nothing bounds."""
    told_by: list[Any] = field(default_factory=list)
    """What attempts that are settled were told by, in a stream that goes on."""
    adopted: bool = False
    """Met at its deployment: none of the proxy's hooks around a request knows it."""
    trusted: bool = False
    """No client had a part in what it is made of."""
    is_retry: bool = False
    """The client's SDK says that it repeats a request."""
    ended: bool = False
    born_at: float = field(default_factory=time.monotonic)
    settled_at: float | None = None

    def forget_request(self) -> None:
        """Drops what it keeps of the request: it is settled, and a body may be large."""
        self.measured = None
        self.settled_at = time.monotonic()
        attempt = self.attempt
        if attempt is not None:
            self.attempt = Attempt(
                attempt.target, attempt.kind, attempt.call_type, {}, open=False, sent=True
            )


class Calls:
    def __init__(self, settings: Settings, authority: Authority, outbox: Outbox) -> None:
        self._settings = settings
        self.authority = authority
        self._outbox = outbox
        self.background = Background(settings.max_call_seconds)

    # Asking

    async def ask(
        self,
        call: Call,
        target: Target,
        bounds: Bounds,
        downgrade: bool = True,
        in_router: bool = False,
    ) -> Hold:
        """A hold for one upstream call, or a `Refusal` with what the authority said."""
        if self._outbox.is_full:
            raise Refusal(
                local_problem(
                    503, "spool_full", "Too many settlements wait for the budget authority"
                ),
                {"Retry-After": _UNREACHABLE_RETRY_S},
                in_router,
            )
        if call.freed_by is not None:
            # What it holds may be all that is left.
            await call.freed_by.end()
        key = secrets.token_hex(16)
        body = {**target.as_fields(), **bounds, **call.who, **call.labels}
        if self._settings.ttl_seconds:
            body["ttl_seconds"] = self._settings.ttl_seconds
        if not downgrade:
            body["downgrade"] = "never"
        try:
            answer = await self.authority.ask(body, key, call.run_id)
        except Unreachable as e:
            if e.sent:
                await self._outbox.keep(_cancel(key))
            log.warning(
                "event=authority_unreachable on_unreachable=%s why=%s",
                self._settings.on_unreachable,
                e,
            )
            return self._without_answer(call, target, bounds, key, in_router)
        except asyncio.CancelledError:
            self._outbox.post(_cancel(key))
            raise
        if answer.status != 200:
            raise _refused(answer, in_router)
        call.headers = answer.budget_headers()
        return _held(target, bounds, key, answer)

    def _without_answer(
        self, call: Call, target: Target, bounds: Bounds, key: str, in_router: bool
    ) -> Hold:
        if self._settings.on_unreachable == "block":
            raise _unreachable(in_router)
        call.headers = {
            "X-Budget-Degraded": "authority_unreachable",
            **({"X-Run-Id": call.run_id} if call.run_id else {}),
        }
        return Hold(target, bounds, key, None, {}, call.run_id, 0, float("inf"))

    async def retarget(self, call: Call, hold: Hold, target: Target) -> None:
        """Moves the hold to the model that is called next, under the conditions of an ask."""
        if hold.reservation_id is None:
            hold.target = target
            return
        try:
            answer = await self.authority.send(
                Message(f"/budget/reservations/{hold.reservation_id}/retarget", target.as_fields())
            )
        except Unreachable as e:
            log.warning(
                "event=authority_unreachable on_unreachable=%s why=%s",
                self._settings.on_unreachable,
                e,
            )
            if self._settings.on_unreachable == "block":
                raise _unreachable(in_router=True) from e
            return
        if answer.status in (409, 503):
            # It ended meanwhile, and what is called next needs a hold of its own; or the ledger is
            # away, and an ask is answered as the tenant wants it then.
            self.release(call, "another call is made in its place")
            call.hold = await self.ask(call, target, hold.bounds, downgrade=False, in_router=True)
        elif answer.status != 200:
            raise _refused(answer, in_router=True)
        else:
            hold.target = target

    async def keep_alive(self, call: Call) -> None:
        """Gives a call that is still going more time."""
        hold = call.hold
        if hold is None or call.attempt is None or not call.attempt.open:
            return
        if time.monotonic() - call.born_at <= self._settings.max_call_seconds:
            await self._extend(hold)

    async def _extend(self, hold: Hold) -> None:
        if hold.reservation_id is None or hold.expires_at - time.monotonic() > hold.ttl_s / 2:
            return
        try:
            answer = await self.authority.send(
                Message(
                    f"/budget/reservations/{hold.reservation_id}/extend",
                    {"ttl_seconds": hold.ttl_s},
                )
            )
        except Unreachable:
            return
        if answer.status == 200:
            hold.expires_at = time.monotonic() + hold.ttl_s

    # Settling

    def leave_hold_to_successor(self, call: Call) -> None:
        """Before another attempt: what the last one was billed is charged, and the hold is kept for
        the next or used up.
        """
        attempt = call.attempt
        if attempt is None:
            return
        if attempt.open:
            self._close_unreported(attempt)
        call.told_by = attempt.watch.told_by()
        if attempt.usage is not None and attempt.billing is None:
            self._commit(call, attempt, attempt.usage, "exact")
        elif attempt.billing is Billing.MAY_BE_BILLED:
            self._outbox.run(self._charge_apart(call, attempt, call.hold))
        call.attempt = None

    def _close_unreported(self, attempt: Attempt) -> None:
        """Nobody said how it ended: a stream that broke off and is followed by another attempt, or
        an answer that litellm did not accept.
        """
        attempt.open = False
        attempt.usage = (
            attempt.usage
            or attempt.watch.told(followed=True)
            or of_answer(attempt.kind, attempt.answer)
        )
        if attempt.usage is None:
            silent = not attempt.watch.written and attempt.error is not None
            attempt.billing = (
                outcome.of_failure(attempt.error)
                if silent and attempt.error is not None
                else Billing.MAY_BE_BILLED
            )

    def answered(self, call: Call, usage: Usage | None) -> None:
        """The attempt came back whole."""
        attempt = call.attempt
        if attempt is None or not attempt.open:
            return
        attempt.open, attempt.usage = False, usage
        if usage is None:
            self._commit(call, attempt, None, "missing")
        else:
            self._commit(call, attempt, usage, "exact")

    def answered_later(self, call: Call, response: Any) -> None:
        """The provider has only begun: it tells the usage when it is asked for the response."""
        attempt, hold = call.attempt, call.hold
        if attempt is None or not attempt.open or hold is None:
            return
        attempt.open = False

        def settle(usage: Usage | None) -> None:
            self._settle(call, attempt, hold, usage, "missing" if usage is None else "exact")

        async def keep_alive() -> None:
            await self._extend(hold)

        row = attempt.target.row()
        attempt.request, attempt.answer = {}, None
        _taken(call)
        self.background.add(response, Later(settle, keep_alive, row))

    def failed(self, call: Call, error: BaseException) -> None:
        """The attempt failed; whether the request did is not known yet."""
        attempt = call.attempt
        if attempt is not None and attempt.open:
            attempt.open, attempt.error = False, error
            attempt.billing = outcome.of_failure(error, attempt.sent)

    def streamed(self, call: Call, whole: bool, error: BaseException | None) -> None:
        """The stream is over: at its end (`whole`), by an error, or because the client left."""
        attempt = call.attempt
        call.ended = True
        if attempt is None or not attempt.open:
            self.over(call)
            return
        attempt.open = False
        told = attempt.watch.told()
        if told is not None:
            self._commit(call, attempt, told, "exact")
        elif whole:
            self._commit(call, attempt, None, "missing")
        elif attempt.request.get("background") and attempt.watch.response_id:
            # The provider goes on without anybody who listens.
            attempt.open = True
            self.answered_later(call, {"id": attempt.watch.response_id})
        elif (
            error is not None
            and not attempt.watch.written
            and outcome.of_failure(error) is Billing.NOT_BILLED
        ):
            self.release(call, "the provider answered with an error")
        else:
            self._outbox.run(self._commit_what_was_seen(call, attempt, _taken(call)))

    def over(self, call: Call) -> None:
        """The request is over, however it ended: nothing of it may stay held."""
        call.ended = True
        attempt = call.attempt
        if call.hold is None:
            return
        if attempt is not None and attempt.open:
            self._close_unreported(attempt)
        if attempt is None or attempt.billing is Billing.NOT_BILLED:
            self.release(call, "the provider billed nothing")
        elif attempt.usage is not None:
            self._commit(call, attempt, attempt.usage, "exact")
        elif attempt.watch.written:
            self._outbox.run(self._commit_what_was_seen(call, attempt, _taken(call)))
        else:
            self._commit(call, attempt, None, "missing")

    def release(self, call: Call, reason: str) -> None:
        hold = _taken(call)
        if hold is not None and hold.reservation_id is not None:
            self._post(call, hold, "release", {"reason": reason})

    def _commit(self, call: Call, attempt: Attempt, usage: Usage | None, quality: str) -> None:
        hold = _taken(call)
        if hold is not None:
            self._settle(call, attempt, hold, usage, quality)

    def _settle(
        self, call: Call, attempt: Attempt, hold: Hold, usage: Usage | None, quality: str
    ) -> None:
        if hold.reservation_id is None and usage is None:
            self._outbox.run(self._charge_apart(call, attempt, hold))
            return
        if usage is not None:
            usage = tools.with_always_used(usage, attempt.target.row())
        if hold.reservation_id is None and usage is not None:
            self._outbox.post_surely(
                _charge(call, attempt.target, hold.run_id, usage, quality, f"{hold.key}-usage")
            )
            return
        body: dict[str, Any] = {**attempt.target.as_fields(), "usage_quality": quality}
        if usage is not None:
            body["usage"] = usage
        self._post(call, hold, "commit", body)

    def _post(self, call: Call, hold: Hold, step: str, body: Mapping[str, Any]) -> None:
        path = f"/budget/reservations/{hold.reservation_id}/{step}"
        delivery = self._outbox.post(Message(path, body, by_queue=not hold.degraded))
        # A degraded hold holds nothing, and its ledger is unavailable.
        call.freed_by = None if hold.degraded else delivery

    async def _commit_what_was_seen(self, call: Call, attempt: Attempt, hold: Hold | None) -> None:
        """The whole input, and the output until the stream was cut off."""
        if hold is None:
            return
        usage = await counting.of_cut_off(
            attempt.kind, attempt.request, attempt.target, hold.bounds, attempt.watch
        )
        if counting.is_partly_unseen(attempt.request, attempt.target):
            usage["output_tokens"] = max(usage["output_tokens"], _most_output(hold))
        self._settle(call, attempt, hold, usage, "estimated")

    async def _charge_apart(self, call: Call, attempt: Attempt, hold: Hold | None) -> None:
        """An attempt that may have billed and whose hold is another's. What it wrote is known only
        where it was seen: else the cap is charged.
        """
        bounds = hold.bounds if hold is not None else {}
        usage = await counting.of_cut_off(
            attempt.kind, attempt.request, attempt.target, bounds, attempt.watch
        )
        unseen = not attempt.watch.written or counting.is_partly_unseen(
            attempt.request, attempt.target
        )
        if unseen and hold is not None:
            usage["output_tokens"] = max(usage["output_tokens"], _most_output(hold))
        run_id = hold.run_id if hold is not None else call.run_id
        self._outbox.post_surely(
            _charge(call, attempt.target, run_id, usage, "estimated", secrets.token_hex(16))
        )


def _taken(call: Call) -> Hold | None:
    """The hold, which nobody settles a second time."""
    hold, call.hold = call.hold, None
    call.forget_request()
    return hold


def _most_output(hold: Hold) -> int:
    """Output tokens at most, of all choices; 0 where nothing said so."""
    return (hold.cap or 0) * int(hold.bounds.get("choices", 1))


def _held(target: Target, bounds: Bounds, key: str, answer: Answer) -> Hold:
    record = answer.body
    if record.get("decision") == "downgrade":
        target = Target(record.get("provider"), str(record.get("selected_model")))
    ttl = record.get("expires_in_seconds")
    ttl_s = ttl if isinstance(ttl, int) and ttl > 0 else 600
    run_id = record.get("run_id")
    degraded = any(name.lower() == "x-budget-degraded" for name in answer.headers)
    return Hold(
        target,
        bounds,
        key,
        str(record["reservation_id"]),
        record,
        str(run_id) if run_id else None,
        ttl_s,
        time.monotonic() + ttl_s,
        degraded,
    )


def _refused(answer: Answer, in_router: bool) -> Refusal:
    if answer.status == 401:
        # The client's key is not meant: a 401 would send it to look at its own.
        return Refusal(
            local_problem(
                503,
                "authority_key_refused",
                "The budget authority does not accept this proxy's key",
            ),
            {},
            in_router,
        )
    problem = (
        answer.body
        if "code" in answer.body
        else local_problem(
            answer.status, "refused", f"The budget authority answered {answer.status}"
        )
    )
    return Refusal({**problem, "status": answer.status}, answer.budget_headers(), in_router)


def _unreachable(in_router: bool) -> Refusal:
    problem = local_problem(
        503,
        "authority_unreachable",
        "The budget authority cannot be reached, and nothing is called without it",
    )
    return Refusal(problem, {"Retry-After": _UNREACHABLE_RETRY_S}, in_router)


def _cancel(key: str) -> Message:
    return Message("/budget/decisions/cancel", None, key)


def _charge(
    call: Call, target: Target, run_id: str | None, usage: Usage, quality: str, key: str
) -> Message:
    who = {
        name: value
        for name, value in {**call.who, **call.labels}.items()
        if name != "request_class"
    }
    now = (
        datetime.datetime.now(datetime.timezone.utc)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z")
    )
    body = {
        **({"run_id": run_id} if run_id else {}),
        **who,
        **target.as_fields(),
        "usage": usage,
        "usage_quality": quality,
        "occurred_at": now,
    }
    return Message("/budget/usage", body, key)
