"""The hook itself: litellm's callbacks, in the order in which a request meets them.

Everything here is glue: what a request may use is read in `request`, what was used in `usage` and
`stream`, what follows from it is decided in `calls`.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

import litellm
from fastapi import HTTPException
from litellm.integrations.custom_logger import CustomLogger
from litellm.proxy._types import UserAPIKeyAuth

from . import (
    body,
    catalog,
    counting,
    identity,
    openai_sdk,
    outcome,
    request,
    settings,
    start,
    stream,
    tools,
    usage,
)
from .authority import Authority
from .background import is_unfinished
from .bounds import asks_for_more
from .calls import Attempt, Call, Calls
from .outbox import Delivery, Outbox
from .outcome import Billing
from .problems import Refusal, local_problem
from .request import Bounds
from .routes import Kind, called_within, is_free, kind_of
from .settings import Settings
from .spool import Spool
from .stream_options import ask_for_usage
from .usage_queue import UsageQueue

log = logging.getLogger("budget_authority_litellm")

_TOKEN = "budget_authority_call"  # noqa: S105  # a field's name, not a secret
_WATCH_EVERY_S = 1
_REMEMBER_ENDED_S = 120
_REMEMBER_SETTLED_S = 10
_current: contextvars.ContextVar[Call | None] = contextvars.ContextVar(
    "budget_authority_call", default=None
)


class _PROXY_BudgetAuthority(CustomLogger):  # type: ignore[misc]  # litellm is untyped here
    """Asks before each upstream call of a LiteLLM proxy and settles after it.

    `_PROXY_` in the name is read by litellm: without it a client's `no-log` switches the success
    callback off. `async_pre_call_hook` must be defined on this very class: litellm does not call an
    inherited one.
    """

    def __init__(self) -> None:
        super().__init__()
        self._live: dict[str, Call] = {}
        self._watching: asyncio.Task[None] | None = None
        self._parts: tuple[Settings, Outbox, Calls] | None = None
        self._starting = start.soon(self._start)

    async def _start(self) -> Authority:
        """At the start of the proxy, once its config is read."""
        return self._ready()[2].authority

    def _ready(self) -> tuple[Settings, Outbox, Calls]:
        if self._parts is None:
            config = getattr(litellm, "budget_authority", None)
            read = settings.read(config=config if isinstance(config, Mapping) else None)
            openai_sdk.disable_retries()
            authority = Authority(read)
            outbox = Outbox(
                authority,
                Spool(read.spool, read.spool_max_entries),
                UsageQueue(read) if read.queue_url else None,
            )
            self._parts = (read, outbox, Calls(read, authority, outbox))
        self._parts[1].start()
        return self._parts

    # Before the request is routed

    async def async_pre_call_hook(
        self, user_api_key_dict: Any, cache: Any, data: dict[str, Any], call_type: str
    ) -> dict[str, Any] | None:
        kind = kind_of(call_type)
        if kind is None:
            self._refuse_unpriced(call_type)
            return None
        try:
            return await self._ask(kind, user_api_key_dict, data)
        except Refusal as refusal:
            refusal.say_whether_to_retry(identity.is_retry(data))
            if kind is Kind.MESSAGES:
                refusal.write_as_anthropic()
            raise

    async def _ask(
        self, kind: Kind, user_api_key_dict: Any, data: dict[str, Any]
    ) -> dict[str, Any]:
        read, _, calls = self._ready()
        freed_by = self._let_go_of_a_superseded_call(calls)
        if kind not in request.STREAMED:
            data.pop("stream", None)
        if "," in str(data.get("model")):
            raise Refusal(
                local_problem(
                    400,
                    "invalid_request",
                    "A request names one model: each of several would be billed",
                )
            )
        unbounded_by = body.unbounded_by(kind, data, read.unknown_fields)
        call = Call(
            kind,
            identity.tuple_of(user_api_key_dict),
            identity.labels_of(data, read),
            identity.run_id_of(data, read),
        )
        call.unbounded_by, call.is_retry = unbounded_by, identity.is_retry(data)
        call.freed_by = freed_by
        _bucket(data)[_TOKEN] = call.token
        if read.tool_uses and None in tools.read(data).bounds.values():
            tools.write_bounds(data, read.tool_uses)
        call.measured = request.measure(kind, data)
        target, bounds = _asked_for(kind, data, user_api_key_dict, call)
        try:
            if target is not None:
                if read.count_tokens:
                    bounds = await counting.counted(kind, data, target, bounds)
                call.hold = await calls.ask(call, target, bounds)
                await self._apply_downgrade(call, calls, data, target, bounds, user_api_key_dict)
        except Refusal as refusal:
            _tell(call, refusal)
            self._remember(call)
            call.forget_request()
            raise
        self._remember(call)
        _current.set(call)
        if call.hold is not None and call.hold.cap is not None:
            request.write_cap(kind, data, call.hold.cap)
        call.hide_usage = ask_for_usage(kind, data, user_api_key_dict)
        return data

    def _let_go_of_a_superseded_call(self, calls: Calls) -> Delivery | None:
        """The proxy runs its pre-call hooks again, for a fallback, where a rate limit of its own
        stopped the first round after this hook's ask.
        """
        earlier = _current.get()
        if earlier is None or earlier.ended or earlier.attempt is not None:
            return None
        calls.over(earlier)
        return earlier.freed_by

    async def _apply_downgrade(
        self,
        call: Call,
        calls: Calls,
        data: dict[str, Any],
        target: catalog.Target,
        bounds: Bounds,
        auth: Any,
    ) -> None:
        hold = call.hold
        if hold is None or hold.record.get("decision") != "downgrade":
            return
        group = catalog.group_serving(call.kind, str(hold.target.provider), hold.target.model, auth)
        if group is not None:
            data["model"] = group
            return
        # This proxy does not serve the cheaper model, or this key may not use it: then the answer
        # is what it would have been without.
        calls.release(call, "the proxy does not serve the selected model")
        call.hold = await calls.ask(call, target, bounds, downgrade=False)

    # Around each upstream call

    async def async_pre_call_deployment_hook(
        self, kwargs: dict[str, Any], call_type: Any
    ) -> dict[str, Any] | None:
        call_type = call_type or usage.get(kwargs.get("litellm_logging_obj"), "call_type")
        kind = kind_of(call_type)
        if kind is None:
            called = called_within(call_type, kwargs)
            self._refuse_unpriced(called, kwargs.get("custom_llm_provider"), in_router=True)
            return None
        calls = self._ready()[2]
        call = self._call_of(kwargs)
        if call is None or _is_beside(kwargs, call):
            call = self._adopt(kind, kwargs, call)
        try:
            await self._before_attempt(
                call, calls, kind, str(getattr(call_type, "value", call_type)), kwargs
            )
        except Refusal as refusal:
            _tell(call, refusal)
            raise
        return kwargs

    def _refuse_unpriced(
        self, call_type: Any, provider: Any = None, in_router: bool = False
    ) -> None:
        if is_free(call_type, provider) or self._ready()[0].other_routes == "allow":
            return
        name = str(getattr(call_type, "value", call_type))
        problem = local_problem(
            403, "route_not_priced", f"{name} cannot be budgeted by this proxy's budget hook"
        )
        raise Refusal(problem, in_router=in_router)

    def _adopt(self, kind: Kind, kwargs: dict[str, Any], within: Call | None) -> Call:
        """The proxy calls a model and ran no hook before: for a client, whose key it then names, or
        by itself (a health check), which is held against the tenant and a run a day.

        :param within: the request of a client in which it does so beside what the client asked for
        """
        auth = _key_of(kwargs)
        read = self._ready()[0]
        if within is not None:
            call = Call(kind, within.who, within.labels, within.run_id, adopted=True)
        elif identity.is_the_proxy(auth):
            call = Call(
                kind,
                identity.tuple_of(auth),
                {},
                identity.run_of_the_proxy(read),
                adopted=True,
                trusted=True,
            )
        elif auth is not None:
            call = Call(
                kind,
                identity.tuple_of(auth),
                identity.labels_of(kwargs, read),
                identity.run_id_of(kwargs, read),
                adopted=True,
            )
            call.unbounded_by = body.unbounded_by(kind, kwargs, read.unknown_fields)
        elif read.other_routes == "block":
            problem = local_problem(
                403,
                "route_not_priced",
                "The proxy calls a model here without saying for whom: "
                "its budget hook cannot charge it to anybody",
            )
            raise Refusal(problem, in_router=True)
        else:
            call = Call(kind, {}, {}, identity.run_of_the_proxy(read), adopted=True)
        name = next(
            (name for name in body.METADATA if isinstance(kwargs.get(name), dict)), "metadata"
        )
        kwargs[name] = {**(kwargs.get(name) or {}), _TOKEN: call.token}
        call.hide_usage = ask_for_usage(kind, kwargs, auth)
        if within is None:
            _current.set(call)
        return call

    async def _before_attempt(
        self, call: Call, calls: Calls, kind: Kind, call_type: str, kwargs: dict[str, Any]
    ) -> None:
        # The provider's SDK would repeat the call on its own, and nobody would hear of the first.
        kwargs["max_retries"] = 0
        if kind not in request.STREAMED:
            kwargs.pop("stream", None)
        self._remember(call)
        last = call.attempt
        if last is not None and last.is_wrapper:
            if last.call_type != call_type:
                # One route served by way of another: messages by way of responses, responses by
                # way of chat. It is the same upstream call.
                return
            # litellm calls itself for the same call: for its own tools, with fallbacks.
            call.attempt = None
        else:
            if last is not None and last.open and last.error is None:
                await last.watch.read_to_end()
            calls.leave_hold_to_successor(call)
        target = catalog.target_of_attempt(kind, kwargs, call.trusted)
        if call.measured is None or not call.measured.is_of(kwargs):
            call.measured = request.measure(kind, kwargs)
        bounds = request.bounds_of(
            kind, kwargs, target.row(), call.measured, bool(call.unbounded_by)
        )
        if self._ready()[0].count_tokens:
            bounds = await counting.counted(kind, kwargs, target, bounds)
        hold = call.hold
        if hold is None:
            call.hold = await calls.ask(call, target, bounds, downgrade=False, in_router=True)
        elif asks_for_more(hold.bounds, bounds) or (hold.degraded and hold.target != target):
            # A fallback of the client's may bring other messages, a deployment other defaults. What
            # was let through while the ledger was unavailable cannot be moved: the ledger does not
            # know it yet.
            calls.release(call, "another request is made in its place")
            call.hold = await calls.ask(call, target, bounds, downgrade=False, in_router=True)
        elif hold.target != target:
            await calls.retarget(call, hold, target)
        # Not all groups take what asks for it: this deployment may.
        call.hide_usage = call.hide_usage or ask_for_usage(kind, kwargs, None)
        call.attempt = Attempt(target, kind, call_type, dict(kwargs))
        if call.hold is not None and call.hold.cap is not None:
            request.write_cap(kind, kwargs, call.hold.cap)

    def log_pre_api_call(self, model: Any, messages: Any, kwargs: Mapping[str, Any]) -> None:
        """The call goes out to the provider."""
        call = self._call_of(kwargs.get("litellm_params") or {})
        if call is not None and call.attempt is not None:
            call.attempt.sent = True

    def log_post_api_call(
        self, kwargs: Mapping[str, Any], response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """The provider has answered."""
        call = self._call_of(kwargs.get("litellm_params") or {})
        if call is not None and call.attempt is not None and call.attempt.open:
            call.attempt.answer = kwargs.get("original_response")

    async def async_post_call_success_deployment_hook(
        self, request_data: dict[str, Any], response: Any, call_type: Any
    ) -> Any:
        call, kind = self._call_of(request_data), kind_of(call_type)
        if (
            call is None
            or kind is None
            or call.attempt is None
            or not call.attempt.open
            or _is_event(response)
        ):
            return None
        attempt, calls = call.attempt, self._ready()[2]
        told = usage.of_response(kind, response, attempt.request, attempt.target.row())
        if told is None and is_unfinished(kind, response):
            calls.answered_later(call, response)
        else:
            calls.answered(call, told)
        return None

    async def async_post_call_failure_deployment_hook(
        self,
        request_data: Mapping[str, Any],
        exception: Exception,
        call_type: Any,
        fallback_depth: int | None = None,
    ) -> None:
        call = self._call_of(request_data)
        if call is None or kind_of(call_type) is None:
            return
        calls = self._ready()[2]
        calls.failed(call, exception)
        if call.adopted or call.ended:
            # Nobody says whether this was the last attempt. One that follows asks for a hold of its
            # own.
            calls.over(call)
            call.attempt = None

    # The answer on its way to the client

    async def async_post_call_response_headers_hook(
        self, data: dict[str, Any], user_api_key_dict: Any, response: Any, *_: Any, **__: Any
    ) -> dict[str, str] | None:
        call = self._call_of(data)
        if call is None:
            return None
        if response is None and call.refusal is not None:
            # What was let through first, and came to nothing, is not what the client is told.
            run = {
                name: value for name, value in call.headers.items() if name.lower() == "x-run-id"
            }
            return {**run, **dict(call.refusal.headers)} or None
        return dict(call.headers) or None

    async def async_post_call_success_hook(
        self, data: dict[str, Any], user_api_key_dict: Any, response: Any
    ) -> Any:
        read, _, calls = self._ready()
        call = self._call_of(data)
        if call is None and len(calls.background):
            # Only of a request that calls no model: the client of one that does chooses what
            # `response_id` of its body says.
            calls.background.told(response, data.get("response_id"))
        if call is not None:
            call.ended = True
        if call is None or not read.envelope:
            return None
        envelope = _envelope(call)
        if isinstance(response, dict):
            response["budget"] = envelope
        elif hasattr(response, "model_config") and response.model_config.get("extra") == "allow":
            response.budget = envelope
        return response

    async def async_post_call_streaming_iterator_hook(
        self, user_api_key_dict: Any, response: Any, request_data: dict[str, Any]
    ) -> AsyncIterator[Any]:
        call = self._call_of(request_data)
        if call is None:
            async for chunk in response:
                yield chunk
            return
        calls = self._ready()[2]
        if stream.is_from_cache(response):
            calls.release(call, "answered from the proxy's cache")
        whole, error, followed = False, None, call.attempt
        if followed is not None:
            followed.watch.follow(response, call.told_by)
        try:
            async for chunk in response:
                if call.attempt is not None:
                    if call.attempt is not followed:
                        followed = call.attempt
                        followed.watch.follow(response, call.told_by)
                    followed.watch.see(chunk)
                shown = stream.without_usage(chunk) if call.hide_usage else chunk
                if shown is not None:
                    yield shown
            whole = True
        except Exception as e:
            error = e
            raise
        finally:
            calls.streamed(call, whole, error)

    async def async_post_call_failure_hook(
        self,
        request_data: dict[str, Any],
        original_exception: Exception,
        user_api_key_dict: Any,
        traceback_str: str | None = None,
    ) -> HTTPException | None:
        call = self._call_of(request_data)
        if call is None:
            return None
        self._ready()[2].over(call)
        if isinstance(original_exception, Refusal):
            return None
        if call.refusal is not None:
            return self._in_place_of(original_exception, call.refusal, call)
        if outcome.says_its_budget_is_spent(original_exception):
            problem = local_problem(
                402,
                "upstream_budget_spent",
                "The provider refused: its own budget for this account is spent",
                remedies=[],
            )
            refusal = Refusal(problem)
            refusal.say_whether_to_retry(call.is_retry)
            return self._in_place_of(original_exception, refusal, call)
        return None

    def _in_place_of(self, error: Exception, refusal: Refusal, call: Call) -> HTTPException:
        if call.kind is Kind.MESSAGES:
            # That route does not look at what this hook returns, only at the exception itself.
            error.status_code = int(refusal.code)  # type: ignore[attr-defined]
            refusal.write_as_anthropic()
            error.message = refusal.message  # type: ignore[attr-defined]
        return refusal.as_http_exception()

    # What is told later, and what nobody told

    async def async_log_success_event(
        self, kwargs: dict[str, Any], response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        call = self._call_of(kwargs.get("litellm_params") or {})
        if call is None or call.attempt is None or not call.attempt.open:
            return
        calls, attempt = self._ready()[2], call.attempt
        if kwargs.get("cache_hit") is True:
            attempt.open, attempt.billing = False, Billing.NOT_BILLED
            calls.release(call, "answered from the proxy's cache")
        elif not attempt.watch.written and call.adopted:
            # A stream that the proxy read itself went through no other hook.
            calls.answered(
                call,
                usage.of_response(
                    attempt.kind, response_obj, attempt.request, attempt.target.row()
                ),
            )

    async def async_log_failure_event(
        self, kwargs: dict[str, Any], response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        call = self._call_of(kwargs.get("litellm_params") or {})
        error = kwargs.get("exception")
        if call is not None and call.attempt is not None and isinstance(error, BaseException):
            # Of an attempt, which a retry may follow. It says why a stream broke off; nothing is
            # released for it.
            call.attempt.error = call.attempt.error or error

    # The calls under way

    def _call_of(self, data: Mapping[str, Any]) -> Call | None:
        for name in body.METADATA:
            bucket = data.get(name)
            token = bucket.get(_TOKEN) if isinstance(bucket, Mapping) else None
            if isinstance(token, str) and token in self._live:
                return self._live[token]
        # A fallback of the client's may bring metadata of its own in place of the request's.
        return _current.get()

    def _remember(self, call: Call) -> None:
        self._live[call.token] = call
        if self._watching is None or self._watching.done():
            self._watching = asyncio.get_running_loop().create_task(self._watch())

    async def _watch(self) -> None:
        """Extends the holds of calls that last, and forgets those that are over."""
        read, _, calls = self._ready()
        while self._live or len(calls.background):
            await asyncio.sleep(_WATCH_EVERY_S)
            now = time.monotonic()
            for call in list(self._live.values()):
                if _is_past(call, now, read):
                    del self._live[call.token]
            lasting = [calls.keep_alive(call) for call in self._live.values()]
            await asyncio.gather(*lasting, *calls.background.due(), return_exceptions=True)


def _tell(call: Call, refusal: Refusal) -> None:
    """What the client is told of a refusal, beside what the authority says."""
    refusal.name_unbounded(call.unbounded_by)
    refusal.say_whether_to_retry(call.is_retry)
    call.refusal = refusal


def _is_past(call: Call, now: float, read: Settings) -> bool:
    """Whether no hook that comes later may look for it."""
    if call.hold is not None:
        return now - call.born_at > read.max_call_seconds + _REMEMBER_ENDED_S
    if call.settled_at is not None:
        return now - call.settled_at > _REMEMBER_SETTLED_S
    return now - call.born_at > _REMEMBER_ENDED_S


def _is_beside(kwargs: Mapping[str, Any], call: Call) -> bool:
    """Whether the proxy makes this call beside what the client asked for, at the same time."""
    found = [kwargs.get(name) for name in body.METADATA]
    silent = any(isinstance(it, Mapping) and it.get(body.BESIDE) for it in found)
    return silent and not call.adopted


def _asked_for(
    kind: Kind, data: dict[str, Any], auth: Any, call: Call
) -> tuple[catalog.Target | None, Bounds]:
    """The dearest deployment that may be chosen, and the bounds of the request on it."""
    expected_output = request.cap_of(kind, data)
    size = call.measured.text_bytes if call.measured is not None else 0
    target = catalog.dearest(
        kind,
        data,
        getattr(auth, "team_id", None),
        size,
        expected_output if isinstance(expected_output, int) else 4096,
    )
    row = target.row() if target is not None else None
    bounds = request.bounds_of(kind, data, row, call.measured, bool(call.unbounded_by))
    if data.get("stream") and kind in request.CAP_FIELDS:
        bounds["requires"] = {**bounds.get("requires", {}), "streaming": True}
    return target, bounds


def _bucket(data: dict[str, Any]) -> dict[str, Any]:
    """The metadata of the proxy's own, which on some routes is not the client's."""
    name = "litellm_metadata" if "litellm_metadata" in data else "metadata"
    if not isinstance(data.get(name), dict):
        data[name] = {}
    bucket: dict[str, Any] = data[name]
    return bucket


def _key_of(kwargs: Mapping[str, Any]) -> UserAPIKeyAuth | None:
    """The proxy's key that a request came with, as the proxy has written it down: no client can
    send an object.
    """
    for name in body.METADATA:
        auth = usage.get(kwargs.get(name), "user_api_key_auth")
        if isinstance(auth, UserAPIKeyAuth):
            return auth
    return None


def _is_event(response: Any) -> bool:
    """litellm also reports the last event of a stream as if it were the answer; the stream itself
    is watched.
    """
    kind = usage.get(response, "type")
    kind = getattr(kind, "value", kind)
    return isinstance(kind, str) and kind.startswith("response.")


def _envelope(call: Call) -> dict[str, Any]:
    """What the headers say, and what the decision's record says of it. Money as the authority wrote
    it: text.
    """
    said = {
        name.lower().removeprefix("x-budget-").replace("-", "_"): value
        for name, value in call.headers.items()
    }
    return {
        name: said.get(name)
        for name in (
            "decision",
            "decision_id",
            "reservation_id",
            "remaining_usd",
            "selected_model",
            "degraded",
        )
    } | {"run_id": said.get("x_run_id")}


hook = _PROXY_BudgetAuthority()
