"""Which way a request to the authority goes, and what it carries."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aiohttp import web
from harness.serving import listening

from budget_authority_litellm.authority import Answer, Authority, Unreachable
from budget_authority_litellm.settings import Settings

NO_SUCH_HOST = "http://budget.invalid"


class Server:
    """Stands for the authority, or for a proxy on the way to it."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str | None, str | None]] = []
        """The target as it was sent, `Authorization` and `Proxy-Authorization`."""

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        headers = request.headers
        self.seen.append(
            (
                request.raw_path,
                headers.get("Authorization"),
                headers.get("Proxy-Authorization"),
            )
        )
        return web.json_response({"decision": "allow"})


def asked(monkeypatch: pytest.MonkeyPatch, server: Server, url: str, proxy: str = "") -> Answer:
    """:param url: of the authority; empty for that of the server
    :param proxy: what the environment names, for each scheme; the server's address stands in `{}`
    """

    async def ask() -> Answer:
        runner = web.ServerRunner(web.Server(server.handle))
        served_at = await listening(runner)
        if proxy:
            for name in ("http_proxy", "https_proxy"):
                monkeypatch.setenv(name, proxy.format(served_at.removeprefix("http://")))
        authority = Authority(Settings(url=url or served_at, key="k"))
        try:
            return await authority.ask({}, "one", None)
        finally:
            await authority.close()
            await runner.cleanup()

    return asyncio.run(ask())


@pytest.fixture(autouse=True)
def _no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def test_the_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()

    answer = asked(monkeypatch, server, NO_SUCH_HOST, proxy="http://{}")

    assert answer.status == 200
    assert server.seen == [(f"{NO_SUCH_HOST}/budget/decisions", "Bearer k", None)]


def test_a_proxy_gets_the_credentials_of_its_url(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()

    answer = asked(monkeypatch, server, NO_SUCH_HOST, proxy="http://ada:se%40cret@{}")

    assert answer.status == 200
    # The credentials are "ada:se@cret".
    [(_, key, credentials)] = server.seen
    assert (key, credentials) == ("Bearer k", "Basic YWRhOnNlQGNyZXQ=")


def test_a_proxy_never_gets_the_key_of_a_tunnel(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()

    # The server opens no tunnel: it answers as if it were asked itself.
    with pytest.raises(Unreachable):
        asked(monkeypatch, server, "https://budget.invalid", proxy="http://{}")

    assert server.seen
    assert {(key, credentials) for _, key, credentials in server.seen} == {(None, None)}


def test_a_host_of_no_proxy_is_asked_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()
    monkeypatch.setenv("no_proxy", "127.0.0.1")

    answer = asked(monkeypatch, server, "", proxy="http://proxy.invalid:1")

    assert answer.status == 200
    assert server.seen == [("/budget/decisions", "Bearer k", None)]


@pytest.mark.parametrize("entry", ["machine 127.0.0.1", "default"])
def test_a_netrc_file_does_not_change_the_key(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, entry: str
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text(f"{entry} login ada password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    server = Server()

    answer = asked(monkeypatch, server, "")

    assert answer.status == 200
    assert server.seen == [("/budget/decisions", "Bearer k", None)]
