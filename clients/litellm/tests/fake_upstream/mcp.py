"""An MCP server with one tool: what a proxy runs by itself in the middle of a call."""

from __future__ import annotations

from typing import Any

from aiohttp import web

TOOL = "look"


async def serve(request: web.Request) -> web.StreamResponse:
    """Streamable HTTP without sessions: each answer is one JSON document."""
    asked = await request.json()
    if "id" not in asked:
        return web.Response(status=202)
    result = _results(asked).get(asked["method"])
    if result is None:
        error = {"code": -32601, "message": "no such method"}
        return web.json_response({"jsonrpc": "2.0", "id": asked["id"], "error": error})
    return web.json_response({"jsonrpc": "2.0", "id": asked["id"], "result": result})


def _results(asked: dict[str, Any]) -> dict[str, Any]:
    version = (asked.get("params") or {}).get("protocolVersion", "2025-06-18")
    schema = {"type": "object", "properties": {}}
    tool = {"name": TOOL, "description": "looks", "inputSchema": schema}
    return {
        "initialize": {
            "protocolVersion": version,
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "fake", "version": "1"},
        },
        "ping": {},
        "tools/list": {"tools": [tool]},
        "tools/call": {"content": [{"type": "text", "text": "seen"}], "isError": False},
    }
