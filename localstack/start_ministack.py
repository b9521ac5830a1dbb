"""Starts MiniStack 1.5.33 for functions that are JVMs, on a machine with few processors. Run by deploy.py."""

import os
import socketserver

from ministack import app
from ministack.core import lambda_runtime

# AWS gives an execution environment ten seconds to start in, of a processor of its own. Here many
# start on two; so there may be only a few of a function, and more calls at a time get 429.
lambda_runtime._PROVIDED_INIT_TIMEOUT = 60.0
lambda_runtime._LOCAL_MAX_WORKERS = int(os.environ["MAX_ENVIRONMENTS"])

# The Runtime API writes an answer's head and body apart: without this each invocation waits 40 ms for the
# acknowledgement of the head.
socketserver.StreamRequestHandler.disable_nagle_algorithm = True

# It waits 50 ms for lines of a log, which a function that is asked for nothing unusual does not write.
lambda_runtime.Worker._drain_stderr_bounded.__defaults__ = (0.0, 0.0, 0.25)

# A function may answer without a body (204). API Gateway takes that; here it must be an empty one.
send_response = app._send_response


async def with_a_body(send, status, headers, body, **more):
    await send_response(send, status, headers, b"" if body is None else body, **more)


app._send_response = with_a_body

# With AUTH=true it holds each call of a function against its role's policies, and the bucket's and the queues' own.
# These refuse what is no TLS; nothing leaves this machine.
pin_request_origin = app.pin_request_origin
app.pin_request_origin = lambda source_ip, secure_transport: pin_request_origin(source_ip, True)

app.main()
