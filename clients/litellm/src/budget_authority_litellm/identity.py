"""Who is asking: from what the proxy knows of its own key, and from the request only what the
operator lets it say.
"""

from __future__ import annotations

import datetime
import hashlib
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from .problems import Refusal, local_problem
from .settings import Settings

RUN_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_VISIBLE = "".join(chr(c) for c in range(0x21, 0x7F))
_LONGEST = 128


def tuple_of(auth: Any) -> dict[str, str]:
    """`user_id`, `key_id` and `team_id` of the proxy's key. The body's `user`, its tags and its end
    user are the client's word and are not read.
    """
    stated = {
        "user_id": getattr(auth, "user_id", None),
        "key_id": getattr(auth, "token", None),
        "team_id": getattr(auth, "team_id", None),
    }
    return {name: _as_id(str(value)) for name, value in stated.items() if value}


def _as_id(value: str) -> str:
    """The authority takes 1 to 128 visible ASCII characters. Others are percent-encoded; what is
    longer is stood for by its hash.
    """
    plain = quote(value, safe=_VISIBLE.replace("%", ""))
    if len(plain) <= _LONGEST:
        return plain
    return "sha256-" + hashlib.sha256(value.encode()).hexdigest()


def run_id_of(data: Mapping[str, Any], settings: Settings) -> str | None:
    run_id = _stated(data, settings.run_id_from)
    if run_id is not None and not RUN_ID.fullmatch(run_id):
        raise Refusal(
            local_problem(
                400,
                "invalid_request",
                "The run id must be 1 to 128 of the characters A-Z a-z 0-9 . _ : -",
            )
        )
    return run_id


def is_the_proxy(auth: Any) -> bool:
    """Whether the key is that which the proxy itself calls with, for its health checks."""
    from litellm.constants import LITTELM_INTERNAL_HEALTH_SERVICE_ACCOUNT_NAME as health

    # A key's alias is its owner's to choose; a client's key is hashed.
    return bool(getattr(auth, "api_key", None) == health)


def run_of_the_proxy(settings: Settings) -> str:
    """What the proxy asks by itself has one run a day, in UTC."""
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    return f"{settings.proxy_run}-{today}"


def is_retry(data: Mapping[str, Any]) -> bool:
    """Whether the client's SDK repeats a request: those of OpenAI and Anthropic count."""
    request = data.get("proxy_server_request")
    headers = request.get("headers") if isinstance(request, Mapping) else None
    count = _header(headers, "x-stainless-retry-count")
    return isinstance(count, str) and count not in ("", "0")


def labels_of(data: Mapping[str, Any], settings: Settings) -> dict[str, str]:
    """`feature_id` and `request_class`, where the request states them in the places that the
    operator named.
    """
    feature = _stated(data, settings.feature_from)
    request_class = _stated(data, settings.request_class_from)
    labels = {"feature_id": _as_id(feature) if feature else None, "request_class": request_class}
    return {name: value for name, value in labels.items() if value}


def _stated(data: Mapping[str, Any], sources: tuple[str, ...]) -> str | None:
    request = data.get("proxy_server_request")
    request = request if isinstance(request, Mapping) else {}
    for source in sources:
        where, _, name = source.partition(":")
        value = (
            _header(request.get("headers"), name)
            if where == "header"
            else _at(request.get("body"), name)
        )
        if isinstance(value, str) and value:
            return value
    return None


def _header(headers: Any, name: str) -> Any:
    if not isinstance(headers, Mapping):
        return None
    return next((value for key, value in headers.items() if str(key).lower() == name.lower()), None)


def _at(body: Any, path: str) -> Any:
    for step in path.split("."):
        if not isinstance(body, Mapping):
            return None
        body = body.get(step)
    return body
