"""`python -m overshoot.upstream PORT SECONDS`: a model behind OpenAI's chat API that takes a fixed
time, writes as many tokens as it may, and counts what it bills.
"""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Any

from aiohttp import web

from . import workload


class Upstream:
    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._calls = 0

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self.chat)
        app.router.add_get("/calls", self.calls)
        return app

    async def calls(self, _: web.Request) -> web.Response:
        return web.json_response({"calls": self._calls})

    async def chat(self, request: web.Request) -> web.Response:
        body: dict[str, Any] = await request.json()
        workload.require_one_of_ours(body)
        # From here on the work is done and billed, whether or not the caller waits for it.
        self._calls += 1
        await asyncio.sleep(self._seconds)
        message = {"role": "assistant", "content": " word" * workload.OUTPUT_TOKENS}
        return web.json_response(
            {
                "id": f"chatcmpl-{self._calls}",
                "object": "chat.completion",
                "created": int(time.time()),
                "model": workload.MODEL,
                "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                "usage": {
                    "prompt_tokens": workload.INPUT_TOKENS,
                    "completion_tokens": workload.OUTPUT_TOKENS,
                    "total_tokens": workload.INPUT_TOKENS + workload.OUTPUT_TOKENS,
                },
            }
        )


if __name__ == "__main__":
    port, seconds = int(sys.argv[1]), float(sys.argv[2])
    web.run_app(Upstream(seconds).app(), host="127.0.0.1", port=port, print=None, access_log=None)
