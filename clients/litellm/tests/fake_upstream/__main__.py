"""`python -m fake_upstream PORT`: the provider as a process of its own, until it is ended."""

from __future__ import annotations

import sys
import threading

from .server import FakeUpstream

with FakeUpstream(int(sys.argv[1])) as upstream:
    print(upstream.url, flush=True)
    threading.Event().wait()
