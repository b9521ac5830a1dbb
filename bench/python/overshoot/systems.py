"""What is measured: each system gets a budget of its own for every repetition, takes the same
calls, and says what it still holds afterwards.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import json
import os
import secrets
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar

import aiohttp
import yaml
from harness import jdk
from harness.ledger import micro, usd
from harness.processes import REPOSITORY, Authority, Process, free_port, wait_until

from . import workload
from .wave import Call, Outcome, Result

MASTER_KEY = "sk-" + secrets.token_hex(16)
ADMIN = {"Authorization": "Bearer bak_demo_admin"}
GATEWAY = {"Authorization": "Bearer bak_demo_gateway"}
MICROCENTS = 100
"""cycles-server counts hundredths of a micro-USD."""

_names = itertools.count(1)


def new_name() -> str:
    return f"team-{os.getpid()}-{next(_names)}"


class LeftOut(Exception):
    """A system that cannot be measured here, and what would have to be given."""


class System(ABC):
    """Used as `async with system.running(...)`, then for each repetition: a new budget, waves."""

    name: str
    refusals: frozenset[int] = frozenset()
    """What it answers with where the budget does not allow a call."""
    has_budget = True

    def __init__(
        self, folder: Path, http: aiohttp.ClientSession, upstream: str, workers: int
    ) -> None:
        self.folder, self.http, self.upstream, self.workers = folder, http, upstream, workers

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        yield

    @abstractmethod
    async def new_budget(self, limit_micro: int | None) -> Any:
        """A budget that nothing was spent of; without a limit, one that is never in the way."""

    @abstractmethod
    def call(self, budget: Any, series: int) -> Call: ...

    async def held_micro(self, budget: Any, billed_micro: int) -> int | None:
        """What the budget lacks beyond what was billed; None for a system that holds nothing."""
        return None

    @abstractmethod
    async def connect(self, budget: Any) -> None:
        """Opens as many connections as there are calls, so that no call waits for one, and lets the
        system meet the budget's key, since the first use of a key may cost more.
        """

    def result(self, status: int) -> Result:
        if status == 200:
            return Result(Outcome.PASSED, status)
        return Result(Outcome.REFUSED if status in self.refusals else Outcome.FAILED, status)

    async def ask_model(self, series: int, number: int) -> int:
        url = f"{self.upstream}/v1/chat/completions"
        async with self.http.post(url, json=workload.body(series, number)) as response:
            await response.read()
            return response.status

    async def get(self, url: str, headers: Mapping[str, str]) -> Any:
        async with self.http.get(url, headers=dict(headers)) as response:
            response.raise_for_status()
            return await response.json()

    async def open_connections(self, url: str) -> None:
        async def one() -> None:
            async with self.http.get(url) as response:
                await response.read()

        await asyncio.gather(*(one() for _ in range(workload.CALLS)))


class Direct(System):
    name = "the upstream directly"
    has_budget = False

    async def new_budget(self, limit_micro: int | None) -> None:
        return None

    def call(self, budget: None, series: int) -> Call:
        async def call(number: int) -> Result:
            return self.result(await self.ask_model(series, number))

        return call

    async def connect(self, budget: None) -> None:
        await self.open_connections(f"{self.upstream}/calls")


class Redis(Process):
    def __init__(self, folder: Path, *options: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port, self.password = free_port(), secrets.token_hex(16)
        self._redis_folder = folder
        self._options = options

    def start(self) -> None:
        log = self._redis_folder / "redis.log"
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1"]
        command += ["--dir", str(self._redis_folder), "--requirepass", self.password]
        with open(log, "ab") as out:
            self._process = subprocess.Popen(
                [*command, *self._options], stdout=out, stderr=subprocess.STDOUT
            )
        wait_until(lambda: self.command("ping") == "PONG", 30, f"redis-server ready, see {log}")

    def command(self, *words: str) -> str:
        done = subprocess.run(
            ["redis-cli", "-p", str(self.port), "--no-auth-warning", "-a", self.password, *words],
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def environment(self) -> dict[str, str]:
        return {
            "REDIS_HOST": "127.0.0.1",
            "REDIS_PORT": str(self.port),
            "REDIS_PASSWORD": self.password,
        }


class LiteLlm(System):
    """A LiteLLM proxy with a database and Redis, as its page "Best Practices for Production" has
    it; the budget is the `max_budget` of a virtual key, as its page "Budgets, Rate Limits" has it.
    """

    name = "LiteLLM, max_budget of a key"
    refusals = frozenset({400, 422, 429})
    general: ClassVar[Mapping[str, Any]] = {}
    callbacks: tuple[str, ...] = ()

    def config(self) -> dict[str, Any]:
        redis = {
            "host": "os.environ/REDIS_HOST",
            "port": "os.environ/REDIS_PORT",
            "password": "os.environ/REDIS_PASSWORD",
        }
        model = {
            "model": f"openai/{workload.MODEL}",
            "api_base": f"{self.upstream}/v1",
            "api_key": "sk-upstream",
        }
        return {
            "model_list": [{"model_name": workload.MODEL, "litellm_params": model}],
            "general_settings": {
                "master_key": MASTER_KEY,
                "proxy_batch_write_at": 60,
                "database_connection_pool_limit": 10,
                **self.general,
            },
            "router_settings": {f"redis_{name}": value for name, value in redis.items()},
            "litellm_settings": {
                "request_timeout": 600,
                "cache": True,
                "cache_params": {"type": "redis", **redis},
                **({"callbacks": list(self.callbacks)} if self.callbacks else {}),
            },
        }

    def more_environment(self) -> dict[str, str]:
        return {}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        database = os.environ.get("LITELLM_DATABASE_URL")
        if not database:
            raise LeftOut("LITELLM_DATABASE_URL must name a PostgreSQL database for LiteLLM")
        self.folder.mkdir(parents=True)
        (self.folder / "proxy.yaml").write_text(yaml.safe_dump(self.config()))
        self.redis = Redis(self.folder)
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        command = [str(Path(sys.executable).with_name("litellm")), "--config", "proxy.yaml"]
        command += ["--host", "127.0.0.1", "--port", str(port)]
        command += ["--num_workers", str(self.workers)]
        proxy = Process(
            self.name,
            command,
            {
                "DATABASE_URL": database,
                "LITELLM_MODE": "PRODUCTION",
                "LITELLM_LOG": "ERROR",
                "LITELLM_SALT_KEY": MASTER_KEY,
                # The price file that comes with the package: there is no network here.
                "LITELLM_LOCAL_MODEL_COST_MAP": "True",
                **self.redis.environment(),
                **self.more_environment(),
            },
            self.folder / "proxy.log",
            f"{self.url}/health/readiness",
        )
        try:
            self.redis.start()
            proxy.start()
            yield
        finally:
            proxy.stop()
            self.redis.stop()

    async def new_budget(self, limit_micro: int | None) -> str:
        limit = {} if limit_micro is None else {"max_budget": limit_micro / 1_000_000}
        return await self.new_key(limit)

    async def new_key(self, fields: Mapping[str, Any]) -> str:
        headers = {"Authorization": f"Bearer {MASTER_KEY}"}
        url = f"{self.url}/key/generate"
        async with self.http.post(url, headers=headers, json=dict(fields)) as response:
            response.raise_for_status()
            return str((await response.json())["key"])

    def call(self, budget: str, series: int) -> Call:
        headers = {"Authorization": f"Bearer {budget}"}

        async def call(number: int) -> Result:
            url = f"{self.url}/v1/chat/completions"
            body = workload.body(series, number)
            async with self.http.post(url, headers=headers, json=body) as response:
                text = await response.text()
            if response.status in self.refusals and not self.is_refusal(text):
                return Result(Outcome.FAILED, response.status)
            return self.result(response.status)

        return call

    def is_refusal(self, text: str) -> bool:
        return "Budget has been exceeded" in text or "budget_exceeded" in text

    async def connect(self, budget: str) -> None:
        await self.open_connections(f"{self.url}/health/liveliness")
        # Refused too, once the budget is spent.
        headers = {"Authorization": f"Bearer {budget}"}
        async with self.http.get(f"{self.url}/v1/models", headers=headers) as response:
            await response.read()

    async def held_micro(self, budget: str, billed_micro: int) -> int | None:
        # The counter that the next call is checked against: charges and reservations.
        token = hashlib.sha256(budget.encode()).hexdigest()
        counter = self.redis.command("get", f"spend:key:{token}")
        return round(float(counter or 0) * 1_000_000) - billed_micro


class LiteLlmWithoutBudget(LiteLlm):
    name = "LiteLLM, a key without a budget"
    has_budget = False

    async def new_budget(self, limit_micro: int | None) -> str:
        return await self.new_key({})

    async def held_micro(self, budget: str, billed_micro: int) -> int | None:
        return None


class LiteLlmFailClosed(LiteLlm):
    """The same with the setting of the page's section "Hard budget enforcement (fail closed)"."""

    name = "LiteLLM, max_budget and fail_closed_budget_enforcement"
    general: ClassVar[Mapping[str, Any]] = {"fail_closed_budget_enforcement": True}


class LocalBuild:
    """The local build of this service and its balances."""

    def __init__(self, folder: Path, http: aiohttp.ClientSession) -> None:
        self._http = http
        self._authority = Authority(folder)
        self.url = self._authority.url

    def start(self) -> None:
        self._authority.start()

    def stop(self) -> None:
        self._authority.stop()

    async def put_ceiling(self, user: str, limit_micro: int) -> None:
        url = f"{self.url}/budget/ceilings/user/{user}/total"
        body = {"limit_usd": usd(limit_micro)}
        async with self._http.put(url, headers=ADMIN, json=body) as response:
            response.raise_for_status()

    async def reserved_micro(self, user: str) -> int:
        url = f"{self.url}/budget/balances?user_id={user}"
        async with self._http.get(url, headers=GATEWAY) as response:
            response.raise_for_status()
            accounts = (await response.json())["accounts"]
        users = [account for account in accounts if account["scope"] == "user"]
        return sum(micro(account["reserved_usd"]) for account in users)


class Hook(LiteLlm):
    """The same proxy with this project's hook in place of its own budgets; the budget is the user's
    ceiling over `total`.
    """

    name = "LiteLLM with the hook"
    refusals = frozenset({402})
    callbacks = ("budget_authority_litellm.hook",)

    def more_environment(self) -> dict[str, str]:
        return {
            "BUDGET_AUTHORITY_URL": self.authority.url,
            "BUDGET_AUTHORITY_KEY": "bak_demo_gateway",
            "BUDGET_AUTHORITY_SPOOL": str(self.folder / "spool"),
        }

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        self.authority = LocalBuild(
            self.folder.with_name(f"{self.folder.name}-authority"), self.http
        )
        try:
            self.authority.start()
            async with super().running():
                yield
        finally:
            self.authority.stop()

    async def new_budget(self, limit_micro: int | None) -> tuple[str, str]:
        user = new_name()
        if limit_micro is not None:
            await self.authority.put_ceiling(user, limit_micro)
        return user, await self.new_key({"user_id": user})

    def call(self, budget: tuple[str, str], series: int) -> Call:
        return super().call(budget[1], series)

    async def connect(self, budget: tuple[str, str]) -> None:
        await super().connect(budget[1])

    def is_refusal(self, text: str) -> bool:
        return "ceiling_reached" in text

    async def held_micro(self, budget: tuple[str, str], billed_micro: int) -> int | None:
        return await self.authority.reserved_micro(budget[0])


class HookCounting(Hook):
    name = "LiteLLM with the hook and count_tokens"

    def more_environment(self) -> dict[str, str]:
        return {**super().more_environment(), "BUDGET_AUTHORITY_COUNT_TOKENS": "true"}


class Service(System):
    """This service without a gateway: the client asks, calls the model and commits."""

    name = "the service, asked by the client"
    refusals = frozenset({402})

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        self.authority = LocalBuild(self.folder, self.http)
        try:
            self.authority.start()
            yield
        finally:
            self.authority.stop()

    async def new_budget(self, limit_micro: int | None) -> str:
        user = new_name()
        if limit_micro is not None:
            await self.authority.put_ceiling(user, limit_micro)
        return user

    def call(self, budget: str, series: int) -> Call:
        async def call(number: int) -> Result:
            ask = {
                "provider": "openai",
                "model": workload.MODEL,
                "input_tokens": workload.INPUT_TOKENS,
                "max_output_tokens": workload.OUTPUT_TOKENS,
                "user_id": budget,
            }
            name = f"{budget}-{series}-{number}"
            headers = {**GATEWAY, "X-Run-Id": name, "Idempotency-Key": name}
            url = f"{self.authority.url}/budget/decisions"
            async with self.http.post(url, headers=headers, json=ask) as response:
                decision = await response.json()
            if response.status != 200:
                return self.result(response.status)
            model = await self.ask_model(series, number)
            usage = {
                "input_tokens": workload.INPUT_TOKENS,
                "output_tokens": workload.OUTPUT_TOKENS,
            }
            commit = f"{self.authority.url}/budget/reservations/{decision['reservation_id']}/commit"
            async with self.http.post(commit, headers=GATEWAY, json={"usage": usage}) as response:
                response.raise_for_status()
            return self.result(model)

        return call

    async def connect(self, budget: str) -> None:
        await self.open_connections(f"{self.authority.url}/q/health/live")
        await self.authority.reserved_micro(budget)

    async def held_micro(self, budget: str, billed_micro: int) -> int | None:
        return await self.authority.reserved_micro(budget)


class Cycles(System):
    """cycles-server and cycles-server-admin on Redis with the settings of
    `docker-compose.full-stack.prod.yml`; the client reserves, calls the model and commits with the
    request bodies of its quickstart. The budget is a tenant's.
    """

    name = "cycles-server, asked by the client"
    refusals = frozenset({409})
    OPTIONS = ("-XX:MaxRAMPercentage=75", "-XX:+UseG1GC", "-XX:+UseStringDeduplication")
    NO_LIMIT_MICRO = 1_000_000_000

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        jars = [os.environ.get(name, "") for name in ("CYCLES_SERVER_JAR", "CYCLES_ADMIN_JAR")]
        if not all(Path(jar).is_file() for jar in jars):
            raise LeftOut("CYCLES_SERVER_JAR and CYCLES_ADMIN_JAR must name the jars of the two")
        self.redis = Redis(self.folder, "--appendonly", "yes")
        self.admin_key = secrets.token_hex(16)
        server, admin = (self._java(jar) for jar in jars)
        self.url, self.admin_url = server[1], admin[1]
        try:
            self.redis.start()
            server[0].start()
            admin[0].start()
            yield
        finally:
            admin[0].stop()
            server[0].stop()
            self.redis.stop()

    def _java(self, jar: str) -> tuple[Process, str]:
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        command = [jdk.java(REPOSITORY), *self.OPTIONS, "-jar", jar]
        command += ["--server.address=127.0.0.1", f"--server.port={port}"]
        environment = {
            **self.redis.environment(),
            "ADMIN_API_KEY": self.admin_key,
            "LOGGING_STRUCTURED_FORMAT_CONSOLE": "ecs",
            "CYCLES_METRICS_TENANT_TAG_ENABLED": "false",
            "SPRINGDOC_API_DOCS_ENABLED": "false",
            "SPRINGDOC_SWAGGER_UI_ENABLED": "false",
        }
        log = self.folder / f"{Path(jar).stem}.log"
        ready = f"{url}/actuator/health/readiness"
        return Process(Path(jar).stem, command, environment, log, ready), url

    async def _post(self, url: str, headers: Mapping[str, str], body: Mapping[str, Any]) -> Any:
        async with self.http.post(url, headers=dict(headers), json=dict(body)) as response:
            response.raise_for_status()
            return await response.json()

    async def new_budget(self, limit_micro: int | None) -> tuple[str, dict[str, str]]:
        tenant = new_name()
        admin = {"X-Admin-API-Key": self.admin_key}
        named = {"tenant_id": tenant, "name": tenant}
        await self._post(f"{self.admin_url}/v1/admin/tenants", admin, named)
        permissions = [
            "reservations:create",
            "reservations:commit",
            "reservations:release",
            "reservations:extend",
            "reservations:list",
            "balances:read",
            "budgets:write",
        ]
        key = await self._post(
            f"{self.admin_url}/v1/admin/api-keys", admin, {**named, "permissions": permissions}
        )
        headers = {"X-Cycles-API-Key": str(key["key_secret"])}
        allocated = self.NO_LIMIT_MICRO if limit_micro is None else limit_micro
        budget = {
            "scope": f"tenant:{tenant}",
            "unit": "USD_MICROCENTS",
            "allocated": self._amount(allocated),
        }
        await self._post(f"{self.admin_url}/v1/admin/budgets", headers, budget)
        return tenant, headers

    @staticmethod
    def _amount(micro_usd: int) -> dict[str, Any]:
        return {"amount": micro_usd * MICROCENTS, "unit": "USD_MICROCENTS"}

    def call(self, budget: tuple[str, dict[str, str]], series: int) -> Call:
        tenant, headers = budget

        async def call(number: int) -> Result:
            name = f"{tenant}-{series}-{number}"
            reserve = {
                "idempotency_key": name,
                "subject": {"tenant": tenant},
                "action": {"kind": "llm.completion", "name": f"openai:{workload.MODEL}"},
                "estimate": self._amount(workload.CALL_MICRO),
                "ttl_ms": 30_000,
            }
            url = f"{self.url}/v1/reservations"
            async with self.http.post(url, headers=headers, json=reserve) as response:
                text = await response.text()
            if response.status == 409 and "BUDGET_EXCEEDED" not in text:
                return Result(Outcome.FAILED, response.status)
            if response.status != 200:
                return self.result(response.status)
            model = await self.ask_model(series, number)
            commit = {
                "idempotency_key": f"{name}-commit",
                "actual": self._amount(workload.CALL_MICRO),
            }
            reservation = json.loads(text)["reservation_id"]
            await self._post(f"{url}/{reservation}/commit", headers, commit)
            return self.result(model)

        return call

    async def connect(self, budget: tuple[str, dict[str, str]]) -> None:
        await self.open_connections(f"{self.url}/actuator/health/liveness")
        await self._reserved_micro(budget)

    async def held_micro(self, budget: tuple[str, dict[str, str]], billed_micro: int) -> int | None:
        return await self._reserved_micro(budget)

    async def _reserved_micro(self, budget: tuple[str, dict[str, str]]) -> int:
        found = await self.get(f"{self.url}/v1/balances?tenant={budget[0]}", budget[1])
        [balance] = found["balances"]
        microcents = int(balance["reserved"]["amount"])
        assert microcents % MICROCENTS == 0, balance
        return microcents // MICROCENTS


SYSTEMS: tuple[type[System], ...] = (
    Direct,
    LiteLlmWithoutBudget,
    LiteLlm,
    LiteLlmFailClosed,
    Hook,
    HookCounting,
    Cycles,
    Service,
)
