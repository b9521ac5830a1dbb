"""What happens when the proxy starts: a mistake ends it, what was left undelivered is delivered."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Awaitable, Callable

from .authority import Authority, Unreachable
from .settings import PREFIX, SettingWrong
from .spool import SpoolUnusable

log = logging.getLogger("budget_authority_litellm")

_CONFIG_READ_WITHIN_S = 10
_ROUND_S = 0.05


def soon(prepare: Callable[[], Awaitable[Authority]]) -> asyncio.Task[None] | None:
    """Prepares the hook once the proxy has read its config: it makes its callbacks while it reads.

    Outside a proxy, where nothing runs yet, the first request does it.
    """
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return None
    return loop.create_task(_start(prepare))


async def _start(prepare: Callable[[], Awaitable[Authority]]) -> None:
    await _config_is_read()
    try:
        authority = await prepare()
    except SettingWrong as e:
        _end(str(e))
    except SpoolUnusable as e:
        _end(f"{PREFIX}SPOOL {e}")
    else:
        await _say_what_the_key_may(authority)


async def _config_is_read() -> None:
    from litellm.proxy import proxy_server

    for _ in range(int(_CONFIG_READ_WITHIN_S / _ROUND_S)):
        if proxy_server.llm_router is not None:
            return
        await asyncio.sleep(_ROUND_S)


def _end(why: str) -> None:
    """At once: an exception here would be one of many lines, and the proxy would go on."""
    print(f"budget-authority-litellm: {why}", file=sys.stderr, flush=True)
    os._exit(1)


async def _say_what_the_key_may(authority: Authority) -> None:
    try:
        status = await authority.try_key()
    except Unreachable as e:
        log.warning("event=authority_unreachable_at_start why=%s", e)
        return
    if status == 401:
        log.error("event=key_refused %sKEY is no key that the authority accepts", PREFIX)
    elif status == 403:
        log.error(
            "event=key_cannot_ask %sKEY must be the key of a gateway principal: this one's role "
            "may not ask for the users of a proxy",
            PREFIX,
        )
