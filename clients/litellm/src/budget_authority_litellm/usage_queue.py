"""The authority's usage queue (SQS): takes a settlement that the authority itself could not be
told, so that it waits nowhere on this machine.
"""

from __future__ import annotations

import asyncio
import datetime
import json
import logging
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

from .authority import Message
from .settings import Settings

log = logging.getLogger("budget_authority_litellm")

_SETTLEMENT = re.compile(r"/budget/reservations/([^/]+)/(commit|release)")
_USAGE = "/budget/usage"
_AWS_HOST = re.compile(
    r"(?:sqs|sqs-fips|queue)\.([a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|api\.aws)"
)
_THREADS = 4
_CONNECT_S, _READ_S = 1, 3


class UsageQueue:
    """Sends messages as `docs/how-to/usage-queue.md` has them. Credentials are found as the AWS
    SDK finds them.
    """

    def __init__(self, settings: Settings) -> None:
        self._url, self._tenant, self._principal = (
            settings.queue_url,
            settings.queue_tenant_id,
            settings.queue_principal_id,
        )
        # Of its own: while the queue is unavailable, its timeouts may not delay what else runs in
        # threads.
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="budget-usage-queue")
        self._made: Any = None
        self._lock = threading.Lock()

    def may_take(self, message: Message) -> bool:
        return self._as_sent(message) is not None

    async def take(self, message: Message) -> bool:
        """Whether the queue has the message now. False too for what is not said by queue: a
        cancellation.
        """
        body = self._as_sent(message)
        return body is not None and await asyncio.get_running_loop().run_in_executor(
            self._threads, self._send, body
        )

    def _as_sent(self, message: Message) -> str | None:
        if not message.by_queue:
            return None
        settlement = _SETTLEMENT.fullmatch(message.path)
        if settlement is not None:
            which = {"type": settlement[2], "reservation_id": settlement[1]}
        elif message.path == _USAGE and message.idempotency_key is not None:
            which = {
                "type": "usage",
                "principal_id": self._principal,
                "idempotency_key": message.idempotency_key,
            }
        else:
            return None
        now = (
            datetime.datetime.now(datetime.timezone.utc)
            .isoformat(timespec="milliseconds")
            .replace("+00:00", "Z")
        )
        return json.dumps(
            {**which, "tenant_id": self._tenant, "sent_at": now, "body": message.body}
        )

    def _send(self, body: str) -> bool:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self._client().send_message(QueueUrl=self._url, MessageBody=body)
        except (BotoCoreError, ClientError) as e:
            log.warning("event=usage_queue_away why=%s", e)
            return False
        return True

    def _client(self) -> Any:
        # Made where it is needed, in a thread: the SDK takes its time to load.
        with self._lock:
            if self._made is None:
                import boto3
                from botocore.config import Config

                at = urlsplit(self._url)
                aws = _AWS_HOST.fullmatch(at.hostname or "")
                session = boto3.session.Session()
                self._made = session.client(
                    "sqs",
                    endpoint_url=f"{at.scheme}://{at.netloc}",
                    region_name=aws[1] if aws else session.region_name or "us-east-1",
                    config=Config(
                        connect_timeout=_CONNECT_S,
                        read_timeout=_READ_S,
                        retries={"total_max_attempts": 2, "mode": "standard"},
                    ),
                )
            return self._made
