"""The authority over HTTP: one pool of connections for the process, times that are bounded, and
nothing decided here.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp

from .settings import Settings

_CONNECTIONS = 256


class Unreachable(Exception):
    """No answer: the request may have arrived or not. `sent` is False where it did not."""

    def __init__(self, why: str, sent: bool) -> None:
        super().__init__(why)
        self.sent = sent


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)

    def budget_headers(self) -> dict[str, str]:
        """The headers that are meant for the provider's response."""
        return {
            name: value
            for name, value in self.headers.items()
            if name.lower().startswith("x-budget-") or name.lower() in ("x-run-id", "retry-after")
        }


@dataclass(frozen=True)
class Message:
    """A call that may be repeated: a settlement, a cancellation, a charge."""

    path: str
    body: Mapping[str, Any] | None = None
    idempotency_key: str | None = None
    by_queue: bool = True
    """Whether the usage queue may take it while the authority is unavailable."""


class Authority:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._session: aiohttp.ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._proxy = _proxy_to(settings.url)

    async def ask(self, body: Mapping[str, Any], key: str, run_id: str | None) -> Answer:
        """Asks once, and once more with the same key if a kept connection turned out to be closed.
        No answer in time is `Unreachable`.
        """
        headers = {"Idempotency-Key": key, **({"X-Run-Id": run_id} if run_id else {})}
        return await self._post("/budget/decisions", body, headers)

    async def send(self, message: Message) -> Answer:
        return await self._post(
            message.path,
            message.body,
            {"Idempotency-Key": message.idempotency_key} if message.idempotency_key else {},
        )

    async def try_key(self) -> int:
        """The status of an ask that stores nothing: 401 or 403 where the key may not ask for
        every user, as that of a gateway may.
        """
        body = {"provider": "openai", "model": "gpt-4o-mini", "user_id": "start", "dry_run": True}
        tokens = {"input_tokens": 1, "max_output_tokens": 1}
        return (await self._post("/budget/decisions", {**body, **tokens}, {})).status

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _post(
        self, path: str, body: Mapping[str, Any] | None, headers: Mapping[str, str]
    ) -> Answer:
        deadline = asyncio.get_running_loop().time() + self._settings.timeout_ms / 1000
        payload = None if body is None else json.dumps(body).encode()
        sent = False
        for last in (False, True):
            left = deadline - asyncio.get_running_loop().time()
            try:
                return await self._once(path, payload, headers, left)
            except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as e:
                # Of the second try, perhaps: the first may have arrived.
                raise Unreachable(str(e) or type(e).__name__, sent) from e
            except (
                aiohttp.ServerDisconnectedError,
                aiohttp.ClientOSError,
                ConnectionResetError,
            ) as e:
                sent = True
                if last or left <= 0:
                    raise Unreachable(str(e) or type(e).__name__, sent) from e
            except (aiohttp.ClientError, asyncio.TimeoutError, ValueError) as e:
                raise Unreachable(str(e) or type(e).__name__, sent=True) from e
        raise AssertionError("the second try ends in an answer or an exception")

    async def _once(
        self, path: str, payload: bytes | None, headers: Mapping[str, str], left_s: float
    ) -> Answer:
        timeout = aiohttp.ClientTimeout(
            total=max(left_s, 0.001),
            connect=None,
            sock_connect=self._settings.connect_timeout_ms / 1000,
        )
        # The key is no header of the session: aiohttp gives those to the proxy as well.
        sent = {
            **headers,
            "Authorization": f"Bearer {self._settings.key}",
            **({"Content-Type": "application/json"} if payload is not None else {}),
        }
        async with self._pool().post(
            self._settings.url + path,
            data=payload,
            headers=sent,
            timeout=timeout,
            proxy=self._proxy,
        ) as response:
            text = await response.text()
            body = json.loads(text) if text and "json" in response.content_type else {}
            answer = Answer(
                response.status, dict(response.headers), body if isinstance(body, dict) else {}
            )
        if answer.status in (500, 502, 504) or (answer.status == 503 and "code" not in answer.body):
            # Not the authority's own word, or that of one which does not know what it did.
            raise Unreachable(f"status {answer.status}", sent=True)
        return answer

    def _pool(self) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        if self._session is None or self._session.closed or self._loop is not loop:
            self._loop = loop
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=_CONNECTIONS, keepalive_timeout=30),
                headers={"Accept": "application/json, application/problem+json"},
            )
        return self._session


def _proxy_to(url: str) -> str | None:
    """The proxy that the environment names for this URL. It is read once: with `trust_env` aiohttp
    would read the environment for each request, and a netrc file in a thread.
    """
    parts = urlsplit(url)
    if proxy_bypass(parts.hostname or ""):
        return None
    return getproxies().get(parts.scheme)
