"""What the authority decides, as the proxy's client meets it: block, downgrade, cap."""

from __future__ import annotations

import json
from typing import Any

import openai
import pytest
from conftest import Scene, policy
from fake_upstream.plan import Answer, Refuse
from harness.ledger import micro

ROUTES: dict[str, tuple[str, dict[str, Any]]] = {
    "chat": (
        "/v1/chat/completions",
        {"model": "gpt", "messages": [{"role": "user", "content": "hi"}]},
    ),
    "responses": ("/v1/responses", {"model": "gpt", "input": "hi"}),
    "messages": (
        "/v1/messages",
        {"model": "claude", "max_tokens": 100, "messages": [{"role": "user", "content": "hi"}]},
    ),
    "completions": ("/v1/completions", {"model": "instruct", "prompt": "hi"}),
    "embeddings": ("/v1/embeddings", {"model": "embed", "input": "hi" * 1000}),
    "images": ("/v1/images/generations", {"model": "image", "prompt": "hi"}),
}


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("streaming", [False, True])
def test_a_spent_run_is_blocked_before_the_upstream_is_called(
    scene: Scene, route: str, streaming: bool
) -> None:
    if streaming and route in ("embeddings", "images"):
        pytest.skip("this route does not stream")
    run = scene.ledger.new_run(limit_micro=1)
    path, body = ROUTES[route]
    calls_before = len(scene.upstream.script.calls())

    response = scene.post(path, {**body, "stream": True} if streaming else body, run)

    assert response.status_code == 402, response.text
    assert len(scene.upstream.script.calls()) == calls_before
    if route != "images":
        # litellm makes a new exception on that route, from the message alone.
        assert response.headers["x-budget-decision"] == "block"
        assert response.headers["x-budget-blocking-scope"] == "run"
        assert response.headers["x-run-id"] == run
        problem = response.json()["error"]["provider_specific_fields"]
        assert problem["code"] == "run_ceiling_reached"
        assert problem["budget"]["remaining_usd"] == "0.000001"
        assert "remedies" in problem


def test_the_openai_sdk_raises_a_402_at_once_and_shows_the_problem(scene: Scene) -> None:
    run = scene.ledger.new_run(limit_micro=1)
    client = openai.OpenAI(base_url=f"{scene.proxy.url}/v1", api_key="sk-ada-red", max_retries=5)

    with pytest.raises(openai.APIStatusError) as refused:
        client.chat.completions.create(
            model="gpt",
            messages=[{"role": "user", "content": "hi"}],
            extra_headers={"X-Run-Id": run},
        )

    assert refused.value.status_code == 402
    assert refused.value.body["provider_specific_fields"]["code"] == "run_ceiling_reached"  # type: ignore[index]
    # One decision: had it been repeated, there would be more.
    decisions = scene.ledger.gateway.get(
        f"/budget/decisions/{refused.value.response.headers['x-budget-decision-id']}"
    )
    assert decisions.json()["decision"] == "block"


CHEAPER = {
    "models": ["claude-sonnet-4-5"],
    "alternatives": [{"model": "claude-haiku-4-5", "policy_reason": "cheaper"}],
}


def dear_call(scene: Scene, run: str) -> dict[str, Any]:
    """A call whose requested model does not fit a run of 0.03 USD."""
    messages = [{"role": "user", "content": scene.plan(run)}]
    return {"model": "claude", "max_tokens": 4000, "messages": messages}


@pytest.mark.parametrize("streaming", [False, True])
def test_a_downgrade_is_served_by_the_group_of_the_selected_model(
    scene: Scene, streaming: bool
) -> None:
    run = scene.ledger.new_run(limit_micro=30_000)
    body = dear_call(scene, run)

    with policy(scene.ledger, downgrade=[CHEAPER]):
        if streaming:
            response, _ = scene.stream("/v1/chat/completions", body, run)
        else:
            response = scene.post("/v1/chat/completions", body, run)

    assert response.status_code == 200
    assert response.headers["x-budget-decision"] == "downgrade"
    assert response.headers["x-budget-requested-model"] == "claude-sonnet-4-5"
    assert response.headers["x-budget-selected-model"] == "claude-haiku-4-5"
    assert [call.model for call in scene.upstream.script.calls(run)] == ["claude-haiku-4-5"]
    scene.settles(run)


def test_a_downgrade_to_what_the_key_may_not_use_is_a_block(scene: Scene) -> None:
    run = scene.ledger.new_run(limit_micro=30_000)
    body = dear_call(scene, run)

    with policy(scene.ledger, downgrade=[CHEAPER]):
        response = scene.post(
            "/v1/chat/completions", body, run, Authorization="Bearer sk-bob-red-claude"
        )

    assert response.status_code == 402, response.text
    assert scene.calls(run) == 0
    scene.ledger.settles_at(run, 0)


CAPPED = [
    ("/v1/chat/completions", {"model": "gpt", "max_tokens": 4000}, "max_tokens", "messages"),
    ("/v1/chat/completions", {"model": "gpt"}, "max_tokens", "messages"),
    (
        "/v1/chat/completions",
        {"model": "o3", "max_completion_tokens": 4000},
        "max_completion_tokens",
        "messages",
    ),
    ("/v1/responses", {"model": "gpt", "max_output_tokens": 4000}, "max_output_tokens", "input"),
    ("/v1/responses", {"model": "gpt"}, "max_output_tokens", "input"),
    ("/v1/messages", {"model": "claude", "max_tokens": 4000}, "max_tokens", "messages"),
    ("/v1/completions", {"model": "instruct"}, "max_tokens", "prompt"),
]


@pytest.mark.parametrize(("path", "body", "field", "text_in"), CAPPED)
def test_the_granted_cap_is_what_the_provider_is_given(
    scene: Scene, run: str, path: str, body: dict[str, Any], field: str, text_in: str
) -> None:
    text = scene.plan(run)
    before = scene.ledger.admin.get("/budget/policy").json()["output_cap"]

    with policy(scene.ledger, output_cap={**before, "max_tokens": 300, "default_tokens": 200}):
        response = scene.post(
            path,
            {
                **body,
                text_in: [{"role": "user", "content": text}] if text_in == "messages" else text,
            },
            run,
        )

    assert response.status_code == 200, response.text
    [call] = scene.upstream.script.calls(run)
    assert call.body[field] == (300 if field in body else 200)
    scene.settles(run)


def test_what_the_estimate_was_shows_that_the_request_was_bounded(scene: Scene, run: str) -> None:
    response = scene.chat(run, scene.plan(run, Answer()), max_tokens=10)

    decision = scene.ledger.decision(response.headers["x-budget-decision-id"])
    assert decision["client_requested_max_output_tokens"] == 10
    assert decision["input_basis"] == "bytes"
    # Some hundred bytes and ten tokens of gpt-4o-mini, not its window of 128,000.
    assert micro(decision["estimate_usd"]) < 100
    scene.settles(run)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"model": "unknown"}, "price_unknown"),
        ({"model": "gpt", "service_tier": "flex"}, "price_unknown"),
        ({"model": "search", "web_search_options": {}}, "price_unknown"),
        ({"model": "gpt", "extra_body": {"max_tokens": 100000}}, "invalid_request"),
        (
            {
                "model": "claude",
                "max_tokens": 10,
                "tools": [{"type": "web_search_20250305", "name": "web_search"}],
            },
            "price_unknown",
        ),
        (
            {
                "model": "claude",
                "max_tokens": 10,
                "tools": [{"type": "code_execution_20250825", "name": "code_execution"}],
            },
            "price_unknown",
        ),
    ],
)
def test_what_has_no_price_or_no_bound_is_not_called(
    scene: Scene, run: str, body: dict[str, Any], says: str
) -> None:
    response = scene.post(
        "/v1/chat/completions",
        {**body, "messages": [{"role": "user", "content": scene.plan(run)}]},
        run,
    )

    assert response.status_code == (400 if says == "invalid_request" else 402), response.text
    assert response.json()["error"]["provider_specific_fields"]["code"] == says
    assert scene.calls(run) == 0


@pytest.mark.parametrize(
    ("path", "field", "value"),
    [
        ("/v1/chat/completions", "additional_drop_params", ["max_tokens"]),
        ("/v1/chat/completions", "max_output_tokens", 60_000),
        ("/v1/chat/completions", "maxTokens", 60_000),
        ("/v1/chat/completions", "candidate_count", 8),
        ("/v1/chat/completions", "generationConfig", {"maxOutputTokens": 60_000}),
        ("/v1/chat/completions", "models", ["openai/o1-pro"]),
        ("/v1/messages", "additional_drop_params", ["max_tokens"]),
        ("/v1/responses", "additional_drop_params", ["max_output_tokens"]),
        ("/v1/completions", "max_new_tokens", 60_000),
    ],
)
@pytest.mark.parametrize("in_fallback", [False, True])
def test_a_field_that_would_undo_the_cap_is_refused(
    scene: Scene, run: str, path: str, field: str, value: Any, in_fallback: bool
) -> None:
    text = scene.plan(run, Refuse(500))
    model = {"/v1/messages": "claude", "/v1/completions": "instruct"}.get(path, "gpt")
    body = {"model": model, "max_output_tokens" if path == "/v1/responses" else "max_tokens": 50}
    body |= (
        {"prompt": text}
        if path == "/v1/completions"
        else {"input": text}
        if path == "/v1/responses"
        else {"messages": [{"role": "user", "content": text}]}
    )
    more = {field: value}

    response = scene.post(
        path, {**body, **({"fallbacks": [{"model": model, **more}]} if in_fallback else more)}, run
    )

    assert response.status_code == 400, response.text
    assert field in response.text
    assert scene.calls(run) == 0


def test_a_system_prompt_beside_the_messages_is_held_as_input(scene: Scene, run: str) -> None:
    response = scene.chat(
        run, scene.plan(run), model="claude", max_tokens=50, system="word " * 4000
    )

    assert response.status_code == 200, response.text
    [call] = scene.upstream.script.calls(run)
    assert call.bill is not None
    assert call.bill["input_tokens"] > 4000
    assert micro(
        scene.ledger.decision(response.headers["x-budget-decision-id"])["estimate_usd"]
    ) >= scene.billed(run)
    scene.settles(run)


def test_a_service_tier_is_held_and_charged_at_its_price(scene: Scene, run: str) -> None:
    text = scene.plan(run, Answer(service_tier="flex", bill={"service_tier": "flex"}))

    response = scene.chat(run, text, model="o3", service_tier="flex", max_tokens=50)

    assert response.status_code == 200, response.text
    assert scene.ledger.decision(response.headers["x-budget-decision-id"])["service_tier"] == "flex"
    scene.settles(run)


def test_a_tier_that_was_not_to_be_had_is_charged_at_the_one_that_served(
    scene: Scene, run: str
) -> None:
    text = scene.plan(run, Answer(service_tier="default"))

    assert scene.chat(run, text, model="o3", service_tier="flex", max_tokens=50).status_code == 200

    scene.settles(run)


def test_a_bounded_web_search_is_held_and_what_was_searched_is_charged(
    scene: Scene, run: str
) -> None:
    tool = {"type": "web_search_20250305", "name": "web_search", "max_uses": 3}
    text = scene.plan(run, Answer(bill={"billed_tools": {"web_search": 2}}))
    body = {
        "model": "claude",
        "max_tokens": 50,
        "tools": [tool],
        "messages": [{"role": "user", "content": text}],
    }

    response = scene.post("/v1/messages", body, run)

    assert response.status_code == 200, response.text
    scene.settles(run)


@pytest.mark.parametrize("streaming", [False, True])
def test_a_model_that_searches_at_every_call_is_held_and_charged_for_a_search_that_nobody_asked_for(
    scene: Scene, run: str, streaming: bool
) -> None:
    text = scene.plan(run, Answer(bill={"billed_tools": {"web_search": 1}}))

    response = (
        scene.stream_chat(run, text, "search")[0] if streaming else scene.chat(run, text, "search")
    )

    assert response.status_code == 200
    assert micro(
        scene.ledger.decision(response.headers["x-budget-decision-id"])["estimate_usd"]
    ) >= scene.billed(run)
    scene.settles(run)


@pytest.mark.parametrize("streaming", [False, True])
def test_cached_input_of_anthropic_is_charged_by_its_parts(
    scene: Scene, run: str, streaming: bool
) -> None:
    parts = {
        "input_tokens": 5000,
        "cache_read_tokens": 3000,
        "cache_write_tokens": 1500,
        "cache_write_1h_tokens": 500,
    }
    marked = {
        "type": "text",
        "text": scene.plan(run, Answer(bill=parts)),
        "cache_control": {"type": "ephemeral", "ttl": "1h"},
    }
    for path in ("/v1/messages", "/v1/chat/completions"):
        scene.upstream.script.plan(run, Answer(bill=parts))
        body = {
            "model": "claude",
            "max_tokens": 50,
            "messages": [{"role": "user", "content": [marked]}],
        }
        if streaming:
            response, _ = scene.stream(path, body, run)
        else:
            response = scene.post(path, body, run)
        assert response.status_code == 200
    assert scene.calls(run) == 2
    scene.settles(run)


def test_reasoning_and_cached_input_of_openai_are_charged_by_their_parts(
    scene: Scene, run: str
) -> None:
    usage = {
        "prompt_tokens_details": {"cached_tokens": 6},
        "completion_tokens_details": {"reasoning_tokens": 3},
    }
    text = scene.plan(
        run, Answer(usage=usage, bill={"cache_read_tokens": 6, "reasoning_tokens": 3})
    )

    assert scene.chat(run, text).status_code == 200

    scene.settles(run)


def test_searches_of_a_response_are_counted_among_its_output(scene: Scene, run: str) -> None:
    text = scene.plan(run, Answer(tool_uses=2, bill={"billed_tools": {"web_search": 2}}))
    body = {
        "model": "o3",
        "input": text,
        "tools": [{"type": "web_search"}],
        "max_tool_calls": 4,
        "max_output_tokens": 50,
    }

    response = scene.post("/v1/responses", body, run)

    assert response.status_code == 200, response.text
    scene.settles(run)


def test_who_asks_is_the_proxys_key_whatever_the_body_says(scene: Scene, run: str) -> None:
    forged = {
        "user": "mallory",
        "metadata": {
            "user_api_key_user_id": "mallory",
            "user_api_key_team_id": "blue",
            "tags": ["x"],
            "run_id": "other",
        },
    }

    response = scene.chat(run, scene.plan(run), **forged)

    decision = scene.ledger.decision(response.headers["x-budget-decision-id"])
    assert (decision["user_id"], decision["team_id"], decision["run_id"]) == ("ada", "red", run)
    assert decision["key_id"]
    assert "sk-ada" not in json.dumps(decision)
    scene.settles(run)


def test_run_feature_and_class_are_read_where_the_operator_says(scene: Scene, run: str) -> None:
    metadata = {"run_id": run, "feature_id": "refactor", "request_class": "routine"}
    body = {
        "model": "gpt",
        "messages": [{"role": "user", "content": scene.plan(run)}],
        "metadata": metadata,
    }

    response = scene.post("/v1/chat/completions", body, None)

    decision = scene.ledger.decision(response.headers["x-budget-decision-id"])
    assert (decision["run_id"], decision["feature_id"], decision["request_class"]) == (
        run,
        "refactor",
        "routine",
    )
    scene.settles(run)


def test_a_run_of_another_key_is_refused_as_the_authority_says(scene: Scene, run: str) -> None:
    assert scene.chat(run, scene.plan(run)).status_code == 200
    scene.settles(run)

    response = scene.post(
        "/v1/chat/completions", ROUTES["chat"][1], run, Authorization="Bearer sk-eve-red"
    )

    assert response.status_code == 403
    assert response.json()["error"]["provider_specific_fields"]["code"] == "run_principal_mismatch"
    assert scene.calls(run) == 1


def test_a_malformed_run_id_is_refused(scene: Scene) -> None:
    response = scene.post("/v1/chat/completions", ROUTES["chat"][1], "no spaces allowed")

    assert response.status_code == 400
