from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

# Before litellm is imported anywhere: it would look for a price file on the net.
os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")

from fake_upstream import FakeUpstream
from fake_upstream.plan import Step
from harness import prices
from harness.ledger import Ledger
from harness.processes import Authority, Proxy

MODELS = {
    "gpt": ("openai/gpt-4o-mini", "gpt-4o-mini"),
    "big": ("openai/gpt-4o", "gpt-4o"),
    "claude": ("anthropic/claude-sonnet-4-5", "claude-sonnet-4-5"),
    "haiku": ("anthropic/claude-haiku-4-5", "claude-haiku-4-5"),
    "opus": ("anthropic/claude-opus-4-8", "claude-opus-4-8"),
    "instruct": ("text-completion-openai/gpt-3.5-turbo-instruct", "gpt-3.5-turbo-instruct"),
    "embed": ("openai/text-embedding-3-small", "text-embedding-3-small"),
    "image": ("openai/gpt-image-1", "gpt-image-1"),
    "speech": ("openai/tts-1", "tts-1"),
    "whisper": ("openai/whisper-1", "whisper-1"),
    "rerank": ("cohere/rerank-v3.5", "rerank-v3.5"),
    "moderation": ("openai/omni-moderation-latest", "omni-moderation-latest"),
    "search": ("openai/gpt-4o-search-preview", "gpt-4o-search-preview"),
    "o3": ("openai/o3", "o3"),
    "unknown": ("openai/nobody-knows-this-model", "nobody-knows-this-model"),
}
"""The proxy's group, what it calls, and the row of the price file that this is billed by."""


TIERS = ("SIMPLE", "MEDIUM", "COMPLEX", "REASONING")
"""Of litellm's router that goes by how complex a request is."""


def deployment(group: str, model: str, upstream: str, **more: Any) -> dict[str, Any]:
    base = upstream if model.startswith(("anthropic/", "cohere/")) else f"{upstream}/v1"
    return {
        "model_name": group,
        "litellm_params": {"model": model, "api_base": base, "api_key": "sk-upstream", **more},
    }


def proxy_config(upstream: str, hook: bool = True) -> dict[str, Any]:
    return {
        "model_list": [
            *(deployment(group, model, upstream) for group, (model, _) in MODELS.items()),
            deployment("openai/*", "openai/*", upstream),
            deployment("anthropic/*", "anthropic/*", upstream),
            deployment("gemini", "gemini/gemini-2.5-flash", upstream),
            # A group of two prices, and one that falls back to another.
            deployment("mixed", "openai/gpt-4o-mini", upstream),
            deployment("mixed", "openai/gpt-4o", upstream),
            deployment("falls", "openai/gpt-4o-mini", upstream),
            deployment("nowhere", "openai/gpt-4o-mini", "http://127.0.0.1:9"),
            {
                "model_name": "chooses",
                "litellm_params": {
                    "model": "auto_router/complexity_router",
                    "complexity_router_config": {
                        "tiers": {name: "gpt" for name in TIERS},
                    },
                    "complexity_router_default_model": "gpt",
                },
            },
            deployment("lies", "openai/gpt-4o", upstream, base_model="gpt-4o-mini"),
            {
                **deployment("reads", "mistral/mistral-ocr-latest", upstream),
                "model_info": {"mode": "ocr"},
            },
        ],
        "mcp_servers": {
            "fake": {"url": f"{upstream}/mcp", "transport": "http", "allow_all_keys": True}
        },
        "litellm_settings": {
            **({"callbacks": ["budget_authority_litellm.hook"]} if hook else {}),
            # Only for requests that say so.
            "cache": True,
            "cache_params": {"type": "local", "mode": "default_off"},
        },
        "router_settings": {
            "fallbacks": [{"falls": ["big"]}, {"nowhere": ["gpt"]}],
            "num_retries": 0,
            "disable_cooldowns": True,
        },
        "general_settings": {
            "custom_auth": "proxy_auth.authenticate",
            "master_key": "sk-0123456789abcdef0123456789abcdef",
        },
    }


class Scene:
    """A proxy before the fake upstream with an authority behind it: what most tests need."""

    def __init__(
        self, upstream: FakeUpstream, ledger: Ledger, proxy: Proxy, authority: Authority
    ) -> None:
        self.upstream, self.ledger, self.proxy, self.authority = upstream, ledger, proxy, authority
        self.client = httpx.Client(
            base_url=proxy.url,
            headers={"Authorization": "Bearer sk-ada-red"},
            timeout=120,
            limits=httpx.Limits(max_connections=200),
        )

    def plan(self, run: str, *steps: Step) -> str:
        """Text that makes the upstream follow these steps for the run."""
        self.upstream.script.plan(run, *steps)
        return f"Do plan:{run} please"

    def post(
        self, path: str, body: dict[str, Any], run: str | None, **headers: str
    ) -> httpx.Response:
        return self.client.post(
            path, json=body, headers={**({"X-Run-Id": run} if run else {}), **headers}
        )

    def chat(self, run: str, text: str, model: str = "gpt", **more: Any) -> httpx.Response:
        return self.post(
            "/v1/chat/completions",
            {"model": model, "messages": [{"role": "user", "content": text}], **more},
            run,
        )

    def stream(
        self, path: str, body: dict[str, Any], run: str, **headers: str
    ) -> tuple[httpx.Response, str]:
        with self.client.stream(
            "POST", path, json={**body, "stream": True}, headers={"X-Run-Id": run, **headers}
        ) as response:
            return response, "".join(response.iter_text())

    def stream_chat(
        self, run: str, text: str, model: str = "gpt", **more: Any
    ) -> tuple[httpx.Response, str]:
        return self.stream(
            "/v1/chat/completions",
            {"model": model, "messages": [{"role": "user", "content": text}], **more},
            run,
        )

    def billed(self, run: str) -> int:
        """What the upstream billed for the run, in micro-USD, by the price file."""
        return sum(
            prices.charge(call.model, call.bill)
            for call in self.upstream.script.calls(run)
            if call.bill is not None
        )

    def calls(self, run: str) -> int:
        return len(self.upstream.script.calls(run))

    def settles(self, run: str) -> None:
        """Nothing is held, and the ledger has what the upstream billed, to the micro-USD."""
        self.ledger.settles_at(run, self.billed(run))


@contextmanager
def policy(ledger: Ledger, **change: Any) -> Iterator[None]:
    before = ledger.put_policy(change)
    try:
        yield
    finally:
        ledger.put_policy({name: before[name] for name in change})


@pytest.fixture(scope="session")
def upstream() -> Iterator[FakeUpstream]:
    with FakeUpstream() as upstream:
        yield upstream


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    authority = Authority(tmp_path_factory.mktemp("authority"))
    try:
        authority.start()
        # From the beginning: while its ledger is unavailable the authority uses a snapshot, and it
        # uses one for a minute.
        Ledger(authority.url).put_policy({"on_ledger_outage": "fail_open"})
        yield authority
    finally:
        authority.stop()


@pytest.fixture(scope="session")
def ledger(authority: Authority) -> Ledger:
    return Ledger(authority.url)


def hook_environment(authority_url: str, **more: str) -> dict[str, str]:
    return {
        "BUDGET_AUTHORITY_URL": authority_url,
        "BUDGET_AUTHORITY_KEY": "bak_demo_gateway",
        # A machine that runs the proxy, the service and the upstream may take longer than 500 ms.
        "BUDGET_AUTHORITY_CONNECT_TIMEOUT_MS": "10000",
        **more,
    }


@pytest.fixture(scope="session")
def scene(
    upstream: FakeUpstream,
    authority: Authority,
    ledger: Ledger,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Scene]:
    # Slow machines: an ask that takes longer than this is a failure of the machine, not of what is
    # tested.
    environment = hook_environment(authority.url, BUDGET_AUTHORITY_TIMEOUT_MS="30000")
    environment |= {"ANTHROPIC_API_KEY": "sk-upstream", "ANTHROPIC_API_BASE": upstream.url}
    environment |= {"OPENAI_API_KEY": "sk-upstream", "OPENAI_API_BASE": f"{upstream.url}/v1"}
    proxy = Proxy(tmp_path_factory.mktemp("proxy"), proxy_config(upstream.url), environment)
    try:
        proxy.start()
        yield Scene(upstream, ledger, proxy, authority)
    finally:
        proxy.stop()


@pytest.fixture
def run(ledger: Ledger) -> str:
    return ledger.new_run()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path
