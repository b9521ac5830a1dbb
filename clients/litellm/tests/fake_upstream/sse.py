"""Server-sent events that write down, piece by piece, what has been billed so far."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from typing import Any

from aiohttp import web

from .plan import Answer, BreakOff, Call

Event = tuple[str | None, Any, int]
"""The event's name, its payload, and how many output tokens it carries."""


async def stream(
    call: Call, step: Answer | BreakOff, request: web.Request, events: Iterable[Event]
) -> web.StreamResponse:
    """Sends the events. Output is billed as it is sent, so a caller that leaves is billed what was
    made until then.
    """
    response = web.StreamResponse(
        headers={"Content-Type": "text/event-stream", "x-request-id": "req_fake"}
    )
    await response.prepare(request)
    assert call.bill is not None
    whole = call.bill
    sent = 0
    call.bill = whole if call.body.get("background") else {**whole, "output_tokens": 0}
    delay = step.chunk_delay_s if isinstance(step, Answer) else 0
    for name, payload, tokens in events:
        if isinstance(step, BreakOff) and tokens and sent + tokens > step.after:
            # Closed and not aborted, and not at once: a client may drop what it has received and
            # not read when the connection ends.
            await asyncio.sleep(0.3)
            assert request.transport is not None
            request.transport.close()
            await asyncio.sleep(3600)
        if delay and tokens:
            await asyncio.sleep(delay)
        sent += tokens
        # What is made in the background is made whole, also where no client reads it.
        call.bill = whole if call.body.get("background") else {**whole, "output_tokens": sent}
        data = payload if isinstance(payload, str) else json.dumps(payload)
        head = f"event: {name}\n" if name else ""
        await response.write(f"{head}data: {data}\n\n".encode())
    call.bill = whole
    await response.write_eof()
    return response
