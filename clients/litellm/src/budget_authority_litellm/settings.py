"""What an operator may set, and where it is read.

The environment wins over `litellm_settings.budget_authority` of the proxy's config, which wins over
the defaults. Names in the config are the environment's without the prefix, in lower case:
`BUDGET_AUTHORITY_ON_UNREACHABLE` is `on_unreachable`.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_RUN = re.compile(r"[A-Za-z0-9._:-]{1,100}")
PREFIX = "BUDGET_AUTHORITY_"


class SettingWrong(ValueError):
    """A setting that cannot be used; names it and what it may be."""


@dataclass(frozen=True)
class Settings:
    url: str = "http://127.0.0.1:8080"
    """Base URL of the authority."""
    key: str = field(default="", repr=False)
    """API key of a `gateway` principal."""
    on_unreachable: str = "block"
    """`block`, or `allow`: what happens to a request when the authority gives no answer."""
    connect_timeout_ms: int = 500
    timeout_ms: int = 3000
    """For a whole ask, over the authority's own 2,500."""
    spool: Path = Path()
    """Folder of what could not be settled yet."""
    spool_max_entries: int = 10_000
    """When the spool is full no further request is let through."""
    queue_url: str = ""
    """URL of the authority's usage queue (SQS), which takes settlements before the spool does;
    empty: the spool alone.
    """
    queue_tenant_id: str = ""
    """Whose reservations they are."""
    queue_principal_id: str = ""
    """The `id` of `key`, as `GET /budget/keys` lists it."""
    count_tokens: bool = False
    """Counts the input where the provider's own tokenizer is at hand, in place of stating its
    bytes.
    """
    envelope: bool = False
    """Adds a `budget` object to the bodies of answers."""
    run_id_from: tuple[str, ...] = ("header:x-run-id", "body:metadata.run_id")
    feature_from: tuple[str, ...] = ("header:x-feature-id", "body:metadata.feature_id")
    request_class_from: tuple[str, ...] = ("header:x-request-class", "body:metadata.request_class")
    other_routes: str = "block"
    """`block`, or `allow`: what happens on billable routes that this hook cannot price."""
    unknown_fields: str = "unbounded"
    """`unbounded`, or `refuse`: what a field of a request does that the hook does not know."""
    proxy_run: str = "litellm-proxy"
    """How the run of a day begins that holds what the proxy asks by itself: health checks."""
    tool_uses: int = 0
    """The bound that is written into requests which let a provider's billed tool run without one;
    0: such requests are refused.
    """
    ttl_seconds: int = 0
    """Life of a reservation; 0: as the tenant's policy says. It is extended while the call lasts.
    """
    max_call_seconds: int = 3600
    """After this long a call is no longer kept alive: its hold expires and is charged."""


def read(
    environment: Mapping[str, str] | None = None, config: Mapping[str, Any] | None = None
) -> Settings:
    """Settings from the environment and the proxy's config. Anything that cannot be used is a
    `SettingWrong`.
    """
    environment = os.environ if environment is None else environment
    found: dict[str, Any] = {
        name: value for name, value in (config or {}).items() if value is not None
    }
    known = set(Settings.__dataclass_fields__)
    for name in known:
        value = environment.get(PREFIX + name.upper())
        if value:
            found[name] = value
    for name in sorted(environment):
        stated = name.removeprefix(PREFIX)
        if name != stated and stated.lower() not in known:
            near = difflib.get_close_matches(stated.lower(), known, 1)
            meant = f"; did you mean {PREFIX}{near[0].upper()}?" if near else ""
            raise SettingWrong(f"{name} is not a setting{meant}")
    unknown = sorted(found.keys() - known)
    if unknown:
        raise SettingWrong(
            f"litellm_settings.budget_authority.{unknown[0]} is not a setting; "
            f"there are {', '.join(sorted(known))}"
        )
    read_as = {name: _converted(name, value, environment) for name, value in found.items()}
    settings = Settings(**{"spool": _default_spool(environment), **read_as})
    _require(bool(settings.key), "key", "is required: an API key of a gateway principal")
    _require(
        settings.url.startswith(("http://", "https://")), "url", "must be an http or https URL"
    )
    _require(
        settings.on_unreachable in ("block", "allow"), "on_unreachable", "must be block or allow"
    )
    _require(settings.other_routes in ("block", "allow"), "other_routes", "must be block or allow")
    _require(
        settings.unknown_fields in ("unbounded", "refuse"),
        "unknown_fields",
        "must be unbounded or refuse",
    )
    _require(
        bool(_RUN.fullmatch(settings.proxy_run)),
        "proxy_run",
        "must be 1 to 100 of A-Z a-z 0-9 . _ : -",
    )
    _require(
        settings.timeout_ms > 0 and settings.connect_timeout_ms > 0, "timeout_ms", "must be above 0"
    )
    _require(settings.spool_max_entries > 0, "spool_max_entries", "must be above 0")
    _require(0 <= settings.ttl_seconds <= 3600, "ttl_seconds", "must be from 0 to 3600")
    _require(
        not settings.queue_url or settings.queue_url.startswith(("http://", "https://")),
        "queue_url",
        "must be an http or https URL",
    )
    for name in ("queue_tenant_id", "queue_principal_id"):
        _require(
            bool(getattr(settings, name)) == bool(settings.queue_url),
            name,
            "goes with queue_url: each needs the other",
        )
    for name in ("run_id_from", "feature_from", "request_class_from"):
        for source in getattr(settings, name):
            _require(
                source.startswith(("header:", "body:")),
                name,
                f"{source!r} must be header:<name> or body:<path>",
            )
    return settings


def _require(holds: bool, name: str, what: str) -> None:
    if not holds:
        raise SettingWrong(f"{PREFIX}{name.upper()} {what}")


def _converted(name: str, value: Any, environment: Mapping[str, str]) -> Any:
    if isinstance(value, str) and value.startswith("os.environ/"):
        value = environment.get(value.removeprefix("os.environ/"), "")
    match Settings.__dataclass_fields__[name].type:
        case "int":
            try:
                return int(str(value))
            except ValueError:
                raise SettingWrong(
                    f"{PREFIX}{name.upper()} must be a whole number, not {value!r}"
                ) from None
        case "bool":
            _require(
                str(value).lower() in ("true", "false", "1", "0"), name, "must be true or false"
            )
            return str(value).lower() in ("true", "1")
        case "Path":
            return Path(str(value)).expanduser()
        case "tuple[str, ...]":
            return (
                tuple(value)
                if isinstance(value, list | tuple)
                else tuple(part.strip() for part in str(value).split(",") if part.strip())
            )
        case _:
            return str(value).rstrip("/") if name == "url" else str(value)


def _default_spool(environment: Mapping[str, str]) -> Path:
    cache = environment.get("XDG_CACHE_HOME")
    base = Path(cache) if cache else Path(environment.get("HOME") or Path.home()) / ".cache"
    return base / "budget-authority" / "litellm-spool"
