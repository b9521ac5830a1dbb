"""What multiplies a request's price: its service tier, its speed, and where it is inferred.

Providers spell them in their own ways, beside the request's fields or in `extra_body`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

DEFAULTS = frozenset({"", "default", "standard", "standard_only", "on_demand", "reserved"})

_NO_REGION = ("", "global", "not_available")
_NO_SPEED = ("", "standard", "normal")
"""What a price row has no multiplier for, since nothing is multiplied."""


MULTIPLIERS = ("service_tier", "speed", "inference_region")
"""The fields of an ask that multiply its price."""


_GOOGLE = ("gemini", "vertex_ai")


def of_request(data: Mapping[str, Any], row: Mapping[str, Any] | None = None) -> dict[str, str]:
    """`service_tier`, `speed` and `inference_region` of an ask, where the request has them."""
    tier = _dearest(_stated(data, "service_tier", "serviceTier"))
    if tier == "auto" and str((row or {}).get("litellm_provider")).startswith(_GOOGLE):
        # litellm's word for it there.
        tier = "priority"
    found = {
        "service_tier": tier,
        "speed": _other_than(
            _NO_SPEED,
            _stated(data, "speed", "performanceConfig", "performance_config"),
        ),
        "inference_region": _other_than(_NO_REGION, _stated(data, "inference_geo")),
    }
    return {name: value for name, value in found.items() if value is not None}


def of_usage(told: Mapping[str, Any]) -> dict[str, str]:
    """The same of a usage report, by the fields that providers tell."""
    region, speed = told.get("inference_geo"), told.get("speed")
    found: dict[str, str] = {}
    if isinstance(region, str) and region not in _NO_REGION:
        found["inference_region"] = region
    if isinstance(speed, str) and speed not in _NO_SPEED:
        found["speed"] = speed
    return found


def tier_told(tier: str) -> str | None:
    """A tier that a provider says it has served; None where it says that it may have been any."""
    if tier == "auto":
        return None
    return "default" if tier in DEFAULTS else tier


def _dearest(stated: list[str]) -> str | None:
    other = [tier for tier in stated if tier not in DEFAULTS]
    return other[0] if other else ("default" if stated else None)


def _other_than(usual: tuple[str, ...], stated: list[str]) -> str | None:
    return next((value for value in stated if value not in usual), None)


def _stated(data: Mapping[str, Any], *names: str) -> list[str]:
    """Every value that is given, those of `extra_body` first: a provider goes by them."""
    return [
        text for holder in _holders(data) for name in names for text in _texts(holder.get(name))
    ]


def _holders(data: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    extra = data.get("extra_body")
    if isinstance(extra, Mapping):
        yield extra
    yield data


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str) and value:
        yield value
    elif isinstance(value, Mapping):
        # Bedrock's `{"type": …}` of a tier and `{"latency": …}` of its performance.
        yield from (inner for inner in value.values() if isinstance(inner, str) and inner)
