"""What a client may put into a request changes neither who pays nor what it costs."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import Scene, policy
from fake_upstream.plan import Answer, Refuse
from harness import prices
from harness.ledger import micro
from harness.processes import wait_until

CHAT = "/v1/chat/completions"
MCP = {"type": "mcp", "server_label": "litellm", "server_url": "litellm_proxy"}


@pytest.mark.parametrize(
    "metadata", [{}, {"run_id": "another"}, {"user_api_key_user_id": "mallory"}]
)
def test_when_a_fallback_brings_metadata_the_request_pays(
    scene: Scene, run: str, metadata: dict[str, Any]
) -> None:
    fallback = {"model": "big", "metadata": metadata}

    response = scene.chat(run, scene.plan(run, Refuse(500)), fallbacks=[fallback], max_tokens=50)

    assert response.status_code == 200, response.text
    assert [call.model for call in scene.upstream.script.calls(run)] == ["gpt-4o-mini", "gpt-4o"]
    decision = scene.ledger.decision(response.headers["x-budget-decision-id"])
    assert (decision["user_id"], decision["team_id"], decision["run_id"]) == ("ada", "red", run)
    scene.settles(run)


def test_when_a_fallback_with_metadata_does_not_fit_it_is_refused(scene: Scene) -> None:
    run = scene.ledger.new_run(limit_micro=1_000)
    fallback = {"model": "big", "metadata": {}}

    response = scene.chat(run, scene.plan(run, Refuse(500)), fallbacks=[fallback], max_tokens=1_000)

    assert response.status_code == 402, response.text
    assert [call.model for call in scene.upstream.script.calls(run)] == ["gpt-4o-mini"]
    scene.ledger.settles_at(run, 0)


@pytest.mark.parametrize(
    "more",
    [
        {"fallbacks": [{"model": "big", "base_model": "gpt-4o-mini"}]},
        {"fallbacks": [{"model": "big", "model_info": {"base_model": "gpt-4o-mini"}}]},
        {"fallbacks": [{"gpt": [{"model": "big", "base_model": "gpt-4o-mini"}]}]},
        {"router_settings_override": {"fallbacks": [{"model": "big", "max_output_tokens": 500}]}},
        {"router_settings_override": {"model_list": []}},
        {"fallbacks": [{"model": "gpt", "fallbacks": [{"model": "big", "maxTokens": 500}]}]},
        {"custom_llm_provider": "azure"},
    ],
)
def test_when_a_field_changes_what_is_billed_it_is_refused(
    scene: Scene, run: str, more: dict[str, Any]
) -> None:
    response = scene.chat(run, scene.plan(run, Refuse(500)), max_tokens=50, **more)

    assert response.status_code == 400, response.text
    assert scene.calls(run) == 0


def test_when_the_override_has_fallbacks_they_keep_the_cap(scene: Scene, run: str) -> None:
    override = {"fallbacks": [{"gpt": ["big"]}]}

    response = scene.chat(
        run, scene.plan(run, Refuse(500)), max_tokens=50, router_settings_override=override
    )

    assert response.status_code == 200, response.text
    assert all(call.body["max_tokens"] == 50 for call in scene.upstream.script.calls(run))
    scene.settles(run)


SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
JUDGED = [
    {
        "response_format": {
            "type": "json_object",
            "response_schema": SCHEMA,
            "enforce_validation": True,
        }
    },
    {
        "enable_json_schema_validation": True,
        "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA}},
    },
]


@pytest.mark.parametrize("more", JUDGED)
@pytest.mark.parametrize("model", ["gpt", "haiku"])
@pytest.mark.parametrize("retries", [0, 2])
def test_when_litellm_refuses_an_answer_it_is_charged(
    scene: Scene, run: str, more: dict[str, Any], model: str, retries: int
) -> None:
    headers = {"x-litellm-num-retries": str(retries)}
    said = [{"role": "user", "content": scene.plan(run)}]

    response = scene.post(
        CHAT, {"model": model, "messages": said, "max_tokens": 50, **more}, run, **headers
    )

    assert response.status_code == 500, response.text
    assert scene.calls(run) == 1 + retries
    assert scene.billed(run) > 0
    scene.settles(run)


@pytest.mark.parametrize("retries", [0, 2])
def test_when_litellm_fails_before_it_calls_nothing_is_charged(
    scene: Scene, run: str, retries: int
) -> None:
    body = {"model": "gpt", "prompt": scene.plan(run), "messages": [], "max_tokens": 50}

    response = scene.post("/v1/completions", body, run, **{"x-litellm-num-retries": str(retries)})

    assert response.status_code >= 400, response.text
    assert scene.calls(run) == 0
    scene.ledger.settles_at(run, 0)


@pytest.mark.parametrize("bucket", ["metadata", "litellm_metadata"])
@pytest.mark.parametrize("in_fallback", [False, True])
def test_when_a_client_says_what_the_proxy_says_it_is_refused(
    scene: Scene, run: str, bucket: str, in_fallback: bool
) -> None:
    more: dict[str, Any] = {bucket: {"is_silent_experiment": True}}

    response = scene.chat(
        run,
        scene.plan(run, Refuse(500)),
        max_tokens=50,
        **({"fallbacks": [{"model": "gpt", **more}]} if in_fallback else more),
    )

    assert response.status_code == 400, response.text
    assert "is_silent_experiment" in response.text
    assert scene.calls(run) == 0


@pytest.mark.parametrize(
    ("more", "field"),
    [({"speed": "fast"}, "speed"), ({"inference_geo": "us"}, "inference_region")],
)
def test_when_a_fallback_costs_more_it_is_asked_for_anew(
    scene: Scene, run: str, more: dict[str, str], field: str
) -> None:
    fallback = {"model": "opus", **more}

    response = scene.chat(
        run, scene.plan(run, Refuse(500)), model="opus", max_tokens=50, fallbacks=[fallback]
    )

    assert response.status_code == 200, response.text
    assert scene.calls(run) == 2
    decision = scene.ledger.decision(response.headers["x-budget-decision-id"])
    assert decision[field] == next(iter(more.values()))


def test_when_one_hold_fits_that_of_a_longer_fallback_takes_its_place(scene: Scene) -> None:
    run = scene.ledger.new_run(limit_micro=30_000)
    text = scene.plan(run, Refuse(500))
    longer = [{"role": "user", "content": f"{text} {'word ' * 200}"}]

    # Each is held at 20,000 micro-USD and more.
    response = scene.chat(
        run,
        text,
        model="haiku",
        max_tokens=4_000,
        fallbacks=[{"model": "haiku", "messages": longer}],
    )

    assert response.status_code == 200, response.text
    assert response.headers["x-budget-decision"] == "allow"
    assert scene.calls(run) == 2
    scene.settles(run)


@pytest.mark.parametrize("name", ["tools", "functions"])
@pytest.mark.parametrize("tool", [{"googleSearch": {}}, {"codeExecution": {}}])
def test_when_a_function_is_a_search_it_is_held_as_one(
    scene: Scene, run: str, name: str, tool: dict[str, Any]
) -> None:
    strays = len(scene.upstream.script.strays())

    response = scene.chat(run, scene.plan(run), model="gemini", max_tokens=50, **{name: [tool]})

    assert response.status_code == 402, response.text
    assert len(scene.upstream.script.strays()) == strays


def test_when_litellm_reads_a_tier_as_another_that_one_is_asked_for(scene: Scene, run: str) -> None:
    with policy(scene.ledger, auto_service_tier="default"):
        response = scene.chat(
            run, scene.plan(run), model="gemini", max_tokens=50, service_tier="auto"
        )

    decision = scene.ledger.decision(response.headers["x-budget-decision-id"])
    assert decision["service_tier"] == "priority"


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize(
    "headers",
    [
        {"x-litellm-disable-callbacks": "_PROXY_BudgetAuthority,budget_authority_litellm.hook"},
        {"x-litellm-keepalive-seconds": "1"},
        {"litellm-enable-message-redaction": "true"},
        {"x-litellm-tags": "a,b", "x-litellm-customer-id": "mallory"},
    ],
)
def test_when_a_header_steers_litellm_the_call_is_charged(
    scene: Scene, run: str, headers: dict[str, str], streaming: bool
) -> None:
    step = Answer(chunk_delay_s=0.5 if streaming else 0)
    body = {
        "model": "gpt",
        "messages": [{"role": "user", "content": scene.plan(run, step)}],
        "max_tokens": 50,
    }

    if streaming:
        response, said = scene.stream(CHAT, body, run, **headers)
    else:
        response = scene.post(CHAT, body, run, **headers)
        said = response.text

    assert response.status_code == 200, said
    assert scene.calls(run) == 1
    scene.settles(run)


def test_when_a_body_brings_the_proxys_copy_of_it_it_is_not_believed(
    scene: Scene, run: str
) -> None:
    copy = {"body": {"model": "gpt"}, "headers": {"x-run-id": "another"}}

    response = scene.chat(
        run, scene.plan(run), max_tokens=50, maxTokens=5_000, proxy_server_request=copy
    )

    assert response.status_code == 400, response.text
    assert "maxTokens" in response.text
    assert scene.calls(run) == 0


@pytest.mark.parametrize("item", [{"id": "msg_1"}, {"id": "msg_1", "type": "item_reference"}])
def test_when_an_item_is_kept_by_the_provider_the_window_is_held(
    scene: Scene, item: dict[str, str]
) -> None:
    run = scene.ledger.new_run(limit_micro=1_000)
    given = [{"role": "user", "content": scene.plan(run)}, item]

    response = scene.post(
        "/v1/responses", {"model": "gpt", "input": given, "max_output_tokens": 16}, run
    )

    assert response.status_code == 402, response.text
    assert scene.calls(run) == 0


def test_when_a_base_model_is_the_operators_it_is_billed_by(scene: Scene, run: str) -> None:
    response = scene.chat(run, scene.plan(run), model="lies", max_tokens=50)

    assert response.status_code == 200, response.text
    decision = scene.ledger.decision(response.headers["x-budget-decision-id"])
    assert decision["requested_model"] == "gpt-4o-mini"
    [call] = scene.upstream.script.calls(run)
    assert call.bill is not None
    scene.ledger.settles_at(run, prices.charge("gpt-4o-mini", call.bill))


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"brand_new": "x"}, "brand_new"),
        ({"extra_body": {"brand_new": "x"}}, "extra_body.brand_new"),
        ({"fallbacks": [{"model": "big", "brand_new": 1}]}, "fallbacks[0].brand_new"),
        ({"vector_store_ids": ["vs_1"]}, "vector_store_ids"),
        ({"_brand_new": "x"}, "_brand_new"),
        ({"langfuse_brand_new": "x"}, "langfuse_brand_new"),
        ({"openai_brand_new": "x"}, "openai_brand_new"),
    ],
)
def test_when_nothing_bounds_a_field_the_window_is_held(
    scene: Scene, more: dict[str, Any], named: str
) -> None:
    run = scene.ledger.new_run(limit_micro=1_000)

    response = scene.chat(run, scene.plan(run), max_tokens=50, **more)

    assert response.status_code == 402, response.text
    problem = response.json()["error"]["provider_specific_fields"]
    assert problem["unbounded_by"] == [named]
    assert named in response.json()["error"]["message"]
    assert scene.calls(run) == 0


def test_when_the_proxy_runs_tools_in_a_stream_each_call_is_charged_once(
    scene: Scene, run: str
) -> None:
    text = scene.plan(run, Answer(tool_call="fake-look", output_tokens=7), Answer(output_tokens=9))
    tools = [{**MCP, "require_approval": "never"}]

    response, streamed = scene.stream_chat(run, text, "big", tools=tools, max_tokens=4000)

    assert response.status_code == 200, streamed
    assert scene.calls(run) >= 1
    scene.settles(run)


@pytest.mark.parametrize("approval", ["never", "always"])
@pytest.mark.parametrize("path", [CHAT, "/v1/responses"])
@pytest.mark.parametrize("streaming", [False, True])
def test_when_litellm_calls_itself_for_tools_it_is_one_attempt(
    scene: Scene, run: str, path: str, approval: str, streaming: bool
) -> None:
    text = scene.plan(run)
    tools = [{**MCP, "require_approval": approval}]
    body = {"model": "big", "tools": tools}
    if path == CHAT:
        body |= {"messages": [{"role": "user", "content": text}], "max_tokens": 4000}
    else:
        body |= {"input": text, "max_output_tokens": 4000}

    if streaming:
        response, said = scene.stream(path, body, run)
    else:
        response = scene.post(path, body, run)
        said = response.text

    assert response.status_code == 200, said
    assert scene.calls(run) == 1
    scene.settles(run)


def of_today(scene: Scene) -> int:
    runs = scene.ledger.gateway.get("/budget/runs", params={"limit": 200}).json()["items"]
    ours = [it for it in runs if it["run_id"].startswith("litellm-proxy-")]
    assert all(micro(it["reserved_usd"]) >= 0 for it in ours)
    return sum(micro(it["committed_usd"]) for it in ours if micro(it["reserved_usd"]) == 0)


def test_when_a_wildcard_is_checked_each_call_is_charged_once(scene: Scene) -> None:
    before, calls = of_today(scene), len(scene.upstream.script.calls())
    key = {"Authorization": "Bearer sk-root-ops"}

    response = scene.client.get("/health", params={"model": "anthropic/*"}, headers=key)

    assert response.json()["healthy_count"] == 1, response.text
    made = scene.upstream.script.calls()[calls:]
    assert len(made) == 1
    billed = sum(prices.charge(call.model, call.bill) for call in made if call.bill is not None)
    wait_until(lambda: of_today(scene) == before + billed, 30, f"{billed} charged once")


def test_when_a_deployment_of_ocr_is_checked_nothing_is_called(scene: Scene) -> None:
    calls = len(scene.upstream.script.calls())
    key = {"Authorization": "Bearer sk-root-ops"}

    response = scene.client.get("/health", params={"model": "reads"}, headers=key)

    assert len(scene.upstream.script.calls()) == calls
    assert response.json()["unhealthy_count"] == 1, response.text


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/containers", {"name": "c", "model": "gpt"}),
        ("/v1/responses/compact", {"model": "gpt", "input": "x"}),
        ("/v1/videos", {"model": "gpt", "prompt": "x"}),
        (
            "/v1/ocr",
            {"model": "reads", "document": {"type": "document_url", "document_url": "http://x"}},
        ),
    ],
)
def test_when_a_billed_route_has_no_price_it_is_refused(
    scene: Scene, run: str, path: str, body: dict[str, Any]
) -> None:
    calls = len(scene.upstream.script.calls())

    response = scene.post(path, body, run)

    assert response.status_code in (403, 404), response.text
    assert len(scene.upstream.script.calls()) == calls


def test_when_an_ingestion_reads_by_ocr_the_ocr_is_refused(scene: Scene, run: str) -> None:
    calls = len(scene.upstream.script.calls())
    options = {
        "ocr": {"model": "mistral/mistral-ocr-latest"},
        "vector_store": {"custom_llm_provider": "openai"},
    }
    file = {"filename": "a.pdf", "content": "aGk=", "content_type": "application/pdf"}

    response = scene.post("/v1/rag/ingest", {"file": file, "ingest_options": options}, run)

    assert response.json().get("status") != "completed", response.text
    assert [call.route for call in scene.upstream.script.calls()[calls:]] == []


def test_when_the_proxy_says_not_for_whom_it_calls_it_is_refused(scene: Scene) -> None:
    calls = len(scene.upstream.script.calls())
    key = {"Authorization": "Bearer sk-root-ops"}
    body = {"messages": [{"role": "user", "content": "what was spent?"}], "model": "gpt-4o-mini"}

    response = scene.client.post("/usage/ai/chat", json=body, headers=key)

    assert "error" in response.text
    assert len(scene.upstream.script.calls()) == calls


@pytest.mark.parametrize("streaming", [False, True])
def test_when_a_router_chooses_the_model_that_one_is_asked_for(
    scene: Scene, run: str, streaming: bool
) -> None:
    text = scene.plan(run)

    if streaming:
        response = scene.stream_chat(run, text, "chooses", max_tokens=50)[0]
    else:
        response = scene.chat(run, text, "chooses", max_tokens=50)

    assert response.status_code == 200, response.text
    decision = scene.ledger.decision(response.headers["x-budget-decision-id"])
    assert decision["requested_model"] == "gpt-4o-mini"
    scene.settles(run)


def test_when_a_router_chooses_what_does_not_fit_it_is_refused(scene: Scene) -> None:
    run = scene.ledger.new_run(limit_micro=1)

    response = scene.chat(run, scene.plan(run), "chooses", max_tokens=50)

    assert response.status_code == 402, response.text
    assert scene.calls(run) == 0


@pytest.mark.parametrize("path", [CHAT, "/v1/messages", "/v1/responses"])
def test_when_a_model_is_misspelt_the_proxy_says_so(scene: Scene, run: str, path: str) -> None:
    body = {"model": "gtp", "max_tokens": 5, "messages": [{"role": "user", "content": "x"}]}
    if path == "/v1/responses":
        body = {"model": "gtp", "input": "x"}

    response = scene.post(path, body, run)

    assert response.status_code == 400, response.text
    assert "gtp" in response.text
