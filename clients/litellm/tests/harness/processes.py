"""The authority and the proxy as processes of their own, started on free ports and ended with their
test.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import yaml

from . import jdk

REPOSITORY = Path(__file__).resolve().parents[4]
START_WITHIN_S = 300
"""Generous: the machine may be building something else."""


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def wait_until(holds: Callable[[], Any], within_s: float, what: str) -> Any:
    """Waits for a condition, and says what was waited for."""
    deadline = time.monotonic() + within_s
    while True:
        value = holds()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within_s} s: {what}")
        time.sleep(0.05)


class Process:
    def __init__(
        self,
        name: str,
        command: list[str],
        environment: Mapping[str, str],
        log: Path,
        ready_url: str,
    ) -> None:
        self._name, self._command, self._environment, self._log, self._ready_url = (
            name,
            command,
            dict(environment),
            log,
            ready_url,
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with open(self._log, "ab") as out:
            # Its own group, so that what it starts in turn can be ended with it.
            self._process = subprocess.Popen(
                self._command,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self._environment},
                cwd=self._log.parent,
                start_new_session=True,
            )
        try:
            wait_until(self._is_ready, START_WITHIN_S, f"{self._name} ready, see {self._log}")
        except BaseException:
            # Nobody else ends what has not started.
            self.stop()
            raise

    def _is_ready(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise AssertionError(
                f"{self._name} ended with {self._process.returncode}:\n{self.tail()}"
            )
        try:
            return httpx.get(self._ready_url, timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    def has_ended(self) -> bool:
        """Whether it has ended by itself; an `AssertionError` if it has ended otherwise."""
        code = None if self._process is None else self._process.poll()
        if code is not None:
            raise AssertionError(f"{self._name} ended with {code}")
        return False

    def cpu_s(self) -> float:
        """What the process has used of the processors until now; on Linux."""
        assert self._process is not None
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_mb(self) -> float:
        """The memory that it has at this moment; on Linux."""
        assert self._process is not None
        pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def tail(self) -> str:
        return self._log.read_text(errors="replace")[-4000:] if self._log.exists() else ""

    def stop(self, with_signal: signal.Signals = signal.SIGTERM) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(with_signal)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(30)

    def kill(self) -> None:
        self.stop(signal.SIGKILL)


class Authority(Process):
    """The local build. `data` is the folder that survives it, or `memory`."""

    def __init__(self, folder: Path, data: str = "memory", port: int | None = None) -> None:
        jar = REPOSITORY / "target" / "quarkus-app" / "quarkus-run.jar"
        if not jar.exists():
            raise RuntimeError(f"{jar} is missing: ./mvnw package -DskipTests makes it")
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        folder.mkdir(parents=True, exist_ok=True)
        self.sqs_port = free_port()
        self.queue_url = f"http://127.0.0.1:{self.sqs_port}/000000000000/budget-authority-usage"
        environment = {
            "QUARKUS_HTTP_PORT": str(self.port),
            "BUDGET_LOCAL_DATA": data,
            "BUDGET_LOCAL_SQS_PORT": str(self.sqs_port),
        }
        command = [jdk.java(REPOSITORY), "-Xmx512m", "-jar", str(jar)]
        super().__init__(
            "the authority",
            command,
            environment,
            folder / "authority.log",
            f"{self.url}/q/health/ready",
        )

    def fault(self, service: str, state: str) -> None:
        """Takes its `ledger` or its `queue` away (`down`), or gives it back (`up`)."""
        httpx.put(
            f"{self.url}/local/faults/{service}", json={"state": state}, timeout=30
        ).raise_for_status()


class Proxy(Process):
    def __init__(
        self, folder: Path, config: Mapping[str, Any], environment: Mapping[str, str]
    ) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "proxy.yaml").write_text(yaml.safe_dump(dict(config)))
        whole = {
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "LITELLM_LOG": "WARNING",
            "PYTHONPATH": str(Path(__file__).resolve().parents[1]),
            "BUDGET_AUTHORITY_SPOOL": str(folder / "spool"),
            # litellm's bridge to its own hosted features looks for these.
            "LITELLM_TELEMETRY": "False",
            **environment,
        }
        command = [
            str(Path(sys.executable).with_name("litellm")),
            "--config",
            "proxy.yaml",
            "--host",
            "127.0.0.1",
            "--port",
            str(self.port),
        ]
        super().__init__(
            "the proxy", command, whole, folder / "proxy.log", f"{self.url}/health/liveliness"
        )
        self.spool = folder / "spool"
