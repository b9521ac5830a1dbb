"""What a failed attempt means for the bill."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from enum import Enum, auto
from typing import Any

import aiohttp
import httpx
import litellm
import openai


class Billing(Enum):
    NOT_BILLED = auto()
    """It never reached the provider, or the provider answered with an error status before any
    output.
    """
    MAY_BE_BILLED = auto()
    """It was sent, and how it ended at the provider is not known."""


_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    aiohttp.ClientConnectorError,
    ConnectionRefusedError,
)
_LOST = (
    httpx.TransportError,
    aiohttp.ClientError,
    asyncio.TimeoutError,
    openai.APITimeoutError,
    litellm.Timeout,
    ConnectionError,
    asyncio.CancelledError,
)


_AFTER_THE_ANSWER = (
    litellm.JSONSchemaValidationError,
    litellm.APIResponseValidationError,
)
"""litellm had the provider's answer and did not accept it. These have a provider's status."""


def of_failure(error: BaseException, sent: bool = True) -> Billing:
    """Judged by the whole chain of causes: litellm turns a lost connection into a 500 like a
    provider's own.

    :param sent: whether litellm has said that it calls the provider
    """
    chain = list(_chain(error))
    if any(isinstance(cause, _AFTER_THE_ANSWER) for cause in chain):
        return Billing.MAY_BE_BILLED
    if any(isinstance(cause, _NEVER_SENT) for cause in chain):
        return Billing.NOT_BILLED
    if any(map(_is_status_told, chain)):
        return Billing.NOT_BILLED
    if any(isinstance(cause, _LOST) for cause in chain) or any(
        type(cause) is openai.APIConnectionError for cause in chain
    ):
        return Billing.MAY_BE_BILLED
    if not sent:
        # litellm could make no call of the request.
        return Billing.NOT_BILLED
    status = getattr(error, "status_code", None)
    if (
        isinstance(status, int)
        and 400 <= status < 600
        and not isinstance(error, litellm.APIConnectionError)
    ):
        return Billing.NOT_BILLED
    return Billing.MAY_BE_BILLED


def _is_status_told(cause: BaseException) -> bool:
    """Whether the provider answered with this status. litellm's own exceptions are of OpenAI's
    classes too, with a status that litellm chose.
    """
    if isinstance(cause, httpx.HTTPStatusError):
        return True
    return isinstance(cause, openai.APIStatusError) and type(cause).__module__.startswith("openai")


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        original = getattr(error, "original_exception", None)
        if isinstance(original, BaseException) and id(original) not in seen:
            yield from _chain(original)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


_SPENT_CODES = (
    "insufficient_quota",
    "billing_hard_limit_reached",
    "billing_not_active",
    "budget_exceeded",
    "credit_balance",
    "quota_exceeded",
)
_SPENT_TEXTS = (
    "credit balance is too low",
    "exceeded your current quota",
    "insufficient_quota",
    "insufficient credits",
    "insufficient balance",
    "billing hard limit",
    "payment required",
    "budget has been exceeded",
    "ceiling_reached",
    "requires more credits",
)


def says_its_budget_is_spent(error: BaseException) -> bool:
    """Whether the provider refused because its own account is out of money: to try again is
    pointless, though the status of most says to.
    """
    for cause in _chain(error):
        status = getattr(cause, "status_code", None)
        if status not in (400, 402, 403, 429, "400", "402", "403", "429"):
            continue
        if status in (402, "402"):
            return True
        body: Any = getattr(cause, "body", None)
        inner = body.get("error", body) if isinstance(body, dict) else None
        codes = (
            [str(inner.get(name)) for name in ("code", "type")] if isinstance(inner, dict) else []
        )
        if any(code.startswith(_SPENT_CODES) for code in codes) or any(
            text in str(cause).lower() for text in _SPENT_TEXTS
        ):
            return True
    return False
