"""The pages that show how it is used: every block of them runs, and answers what the page says."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from conftest import Scene, hook_environment
from fake_upstream import FakeUpstream
from harness.ledger import Ledger
from harness.processes import REPOSITORY, Authority, Proxy

DOCS = REPOSITORY / "docs" / "how-to"
EXAMPLE = REPOSITORY / "clients" / "litellm" / "example" / "proxy.yaml"


def blocks(page: str, language: str) -> list[str]:
    return re.findall(
        rf"^```{language}\n(.*?)^```", (DOCS / page).read_text(), re.MULTILINE | re.DOTALL
    )


def test_the_protocol_by_hand_answers_what_the_page_says(authority: Authority) -> None:
    script = "\n".join(blocks("integrate.md", "sh"))
    expected = re.findall(r"^# => (.*)$", script, re.MULTILINE)
    assert len(expected) >= 10

    # Each expectation is looked for after the one before it.
    environment = {
        **os.environ,
        "BUDGET_AUTHORITY_URL": authority.url,
        "BUDGET_AUTHORITY_KEY": "bak_demo_gateway",
    }
    done = subprocess.run(
        ["bash", "-eu", "-c", script],
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    at = 0
    for line in expected:
        found = done.stdout.find(line, at)
        assert found >= 0, f"{line!r} not in what follows:\n{done.stdout[at:]}"
        at = found + len(line)


def test_an_agent_takes_what_the_problem_offers(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    [source] = blocks("integrate.md", "python")
    run = scene.ledger.new_run(limit_micro=10_000)
    for name, value in (
        ("PROXY_URL", scene.proxy.url),
        ("PROXY_KEY", "sk-ada-red"),
        ("RUN_ID", run),
    ):
        monkeypatch.setenv(name, value)
    page: dict[str, object] = {}
    exec(source, page)

    answer = page["ask"]("big", scene.plan(run), 4000)  # type: ignore[operator]

    assert answer == " word" * 5
    [call] = scene.upstream.script.calls(run)
    assert call.body["max_tokens"] < 4000
    scene.settles(run)


@pytest.mark.parametrize(
    "config",
    [
        yaml.safe_load(EXAMPLE.read_text()),
        *(yaml.safe_load(block) for block in blocks("litellm.md", "yaml")),
    ],
)
def test_an_example_config_starts_and_enforces(
    upstream: FakeUpstream,
    authority: Authority,
    ledger: Ledger,
    folder: Path,
    config: dict[str, object],
) -> None:
    keys = {
        "OPENAI_API_KEY": "sk-upstream",
        "ANTHROPIC_API_KEY": "sk-upstream",
        "LITELLM_MASTER_KEY": "sk-0123456789abcdef0123456789abcdef",
    }
    bases = {
        "OPENAI_API_BASE": f"{upstream.url}/v1",
        "OPENAI_BASE_URL": f"{upstream.url}/v1",
        "ANTHROPIC_API_BASE": upstream.url,
    }
    proxy = Proxy(
        folder / "proxy",
        config,
        hook_environment(authority.url, BUDGET_AUTHORITY_TIMEOUT_MS="30000", **keys, **bases),
    )
    try:
        proxy.start()
        scene = Scene(upstream, ledger, proxy, authority)
        scene.client.headers["Authorization"] = "Bearer " + keys["LITELLM_MASTER_KEY"]
        run, spent = ledger.new_run(), ledger.new_run(limit_micro=1)

        assert scene.chat(run, scene.plan(run), model="claude-sonnet-4-5").status_code == 200
        scene.settles(run)
        assert scene.chat(spent, scene.plan(spent), model="claude-sonnet-4-5").status_code == 402
        assert scene.calls(spent) == 0
    finally:
        proxy.stop()
