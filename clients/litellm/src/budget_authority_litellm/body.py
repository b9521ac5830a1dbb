"""Judges what a client has put into a request, before anything is made of it.

One rule for the body, what it overrides, its fallbacks and theirs: `fields` says of every field
what it does to the bill. What `fields` does not know makes the input unbounded, or is refused,
as the operator has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .fields import Effect, effect_of
from .problems import Refusal, local_problem
from .routes import Kind

FALLBACKS = ("fallbacks", "context_window_fallbacks", "content_policy_fallbacks")

METADATA = ("litellm_metadata", "metadata")
"""Where the proxy keeps what it knows of a request, beside what the client says of it."""

BESIDE = "is_silent_experiment"
"""Says of a call that the proxy makes it beside the one that the client asked for."""

_OVERRIDE = "router_settings_override"
_OVERRIDABLE = frozenset(
    {
        *FALLBACKS, "num_retries", "timeout", "model_group_retry_policy", "routing_strategy",
        "enable_tag_filtering", "retry_policy", "allowed_fails", "cooldown_time", "weights",
        "max_fallbacks",
    }
)  # fmt: skip

_READ_IN_EXTRA_BODY = frozenset(
    {"service_tier", "serviceTier", "performanceConfig", "performance_config", "speed"}
    | {"inference_geo", "cache_control"}
)
"""What `tiers` reads in `extra_body` too."""

_DEEPEST = 10


def stated_by_client(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The body as the proxy has kept it; where it keeps none, all that it goes by."""
    kept = data.get("proxy_server_request")
    body = kept.get("body") if isinstance(kept, Mapping) else None
    return body if isinstance(body, Mapping) else data


def unbounded_by(kind: Kind, data: Mapping[str, Any], unknown: str) -> tuple[str, ...]:
    """The fields of a client's request that nothing bounds; a `Refusal` for one that may not be.

    :param unknown: `refuse`, or `unbounded`: what becomes of a field that no table has
    """
    found: list[str] = []
    for where, request in _requests(stated_by_client(data), "", 0):
        for name, value in request.items():
            if value is None:
                continue
            effect = effect_of(kind, name)
            path = f"{where}{name}"
            if name in METADATA:
                _judge_metadata(value, path)
            if effect is Effect.REFUSED and not _is_litellms_default(name, value):
                raise _refusal(f"{path} may not be set: it would change what is called or billed")
            if effect is Effect.UNKNOWN and unknown == "refuse":
                raise _refusal(f"{path} is no field that this proxy's budget hook knows")
            if effect is Effect.UNKNOWN or (effect is Effect.UNBOUNDED and value):
                found.append(path)
        found += _of_extra_body(kind, request.get("extra_body"), f"{where}extra_body.", unknown)
    return tuple(dict.fromkeys(found))


def _judge_metadata(value: Any, path: str) -> None:
    """What the proxy writes into a request's metadata for itself, and goes by."""
    if isinstance(value, str) and BESIDE in value:
        # A form has it as text, which the proxy reads.
        raise _refusal(f"{path}.{BESIDE} may not be set: the proxy alone says so")
    if isinstance(value, Mapping) and BESIDE in value:
        raise _refusal(f"{path}.{BESIDE} may not be set: the proxy alone says so")


def _of_extra_body(kind: Kind, extra: Any, where: str, unknown: str) -> Iterator[str]:
    """`extra_body` goes to the provider as it is, over what was asked for."""
    if not isinstance(extra, Mapping):
        return
    for name, value in extra.items():
        effect = effect_of(kind, str(name))
        if effect is Effect.NONE or name in _READ_IN_EXTRA_BODY:
            continue
        if effect in (Effect.TEXT, Effect.READ, Effect.REFUSED):
            raise _refusal(
                f"{where}{name} may not be set: it would change what the budget was asked for"
            )
        if effect is Effect.UNKNOWN and unknown == "refuse":
            raise _refusal(f"{where}{name} is no field that this proxy's budget hook knows")
        if effect is Effect.UNKNOWN or value:
            yield f"{where}{name}"


def _requests(
    body: Mapping[str, Any], where: str, depth: int
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The body and every request that it holds, each with the path to it."""
    if depth > _DEEPEST:
        raise _refusal(f"{where} nests more than {_DEEPEST} levels of fallbacks")
    yield where, body
    override = body.get(_OVERRIDE)
    if isinstance(override, Mapping):
        odd = sorted(str(name) for name in override if name not in _OVERRIDABLE)
        if odd:
            raise _refusal(f"{where}{_OVERRIDE}.{odd[0]} may not be set")
    elif override is not None:
        raise _refusal(f"{where}{_OVERRIDE} must be an object")
    for holder, path in ((body, where), (override, f"{where}{_OVERRIDE}.")):
        if isinstance(holder, Mapping):
            for name in FALLBACKS:
                yield from _in_fallbacks(holder.get(name), f"{path}{name}", depth)


def _in_fallbacks(value: Any, where: str, depth: int) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The requests among fallbacks: of a group's name, a list of them, or a request."""
    if depth > _DEEPEST:
        raise _refusal(f"{where} nests more than {_DEEPEST} levels of fallbacks")
    if isinstance(value, Mapping):
        if value and all(isinstance(inner, list) for inner in value.values()):
            # `{"a group": ["those that follow it"]}`
            for name, inner in value.items():
                yield from _in_fallbacks(inner, f"{where}.{name}", depth + 1)
        else:
            yield from _requests(value, f"{where}.", depth + 1)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _in_fallbacks(inner, f"{where}[{number}]", depth + 1)


def _is_litellms_default(name: str, value: Any) -> bool:
    """What the proxy itself has written beside the client's fields."""
    return name.startswith("use_") and value is False


def _refusal(detail: str) -> Refusal:
    return Refusal(local_problem(400, "invalid_request", detail))
