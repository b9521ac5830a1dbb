"""Servers of the tests on free ports of loopback."""

from __future__ import annotations

from aiohttp import web


async def listening(runner: web.BaseRunner, port: int = 0) -> str:
    """Starts what the runner serves, and says the URL that it is reached by."""
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    return f"http://127.0.0.1:{runner.addresses[0][1]}"
