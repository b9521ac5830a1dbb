"""What needs no proxy: names, bounds, usage, settings, the spool."""

from __future__ import annotations

import ast
import inspect
import json
import re
from functools import reduce
from pathlib import Path
from typing import Any

import httpx
import litellm
import openai
import pytest
from litellm.integrations.custom_logger import CustomLogger

import budget_authority_litellm
from budget_authority_litellm import (
    body,
    compat,
    counting,
    fields,
    outcome,
    request,
    routes,
    settings,
    tiers,
    tools,
    usage,
)
from budget_authority_litellm.authority import Message
from budget_authority_litellm.bounds import asks_for_more
from budget_authority_litellm.catalog import target_of
from budget_authority_litellm.fields import Effect
from budget_authority_litellm.identity import tuple_of
from budget_authority_litellm.outcome import Billing
from budget_authority_litellm.problems import Refusal
from budget_authority_litellm.routes import Kind, is_free, kind_of
from budget_authority_litellm.settings import SettingWrong
from budget_authority_litellm.spool import Spool
from budget_authority_litellm.stream import Watch

SOURCES = Path(budget_authority_litellm.__file__).parent


def test_no_price_is_multiplied_and_no_cost_of_litellms_is_read() -> None:
    for source in SOURCES.glob("*.py"):
        tree = ast.parse(source.read_text())
        read = [
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
        names = [node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
        assert not {"response_cost", "cost", "spend"} & {*read, *names}, source
        called = [
            node.func.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        ]
        # Infinity, of a hold that does not expire, is the one float made from text.
        assert called.count("float") == (1 if source.name == "calls.py" else 0), source


@pytest.mark.parametrize(
    ("params", "provider", "model"),
    [
        ({"model": "openai/gpt-4o"}, "openai", "gpt-4o"),
        ({"model": "gpt-4o", "custom_llm_provider": "openai"}, "openai", "gpt-4o"),
        ({"model": "vertex_ai/gemini-2.5-pro"}, "vertex_ai-language-models", "gemini-2.5-pro"),
        ({"model": "gemini/gemini-2.5-pro"}, "gemini", "gemini/gemini-2.5-pro"),
        (
            {"model": "bedrock/anthropic.claude-haiku-4-5-20251001-v1:0"},
            "bedrock_converse",
            "anthropic.claude-haiku-4-5-20251001-v1:0",
        ),
        (
            {"model": "vertex_ai/claude-opus-4-7"},
            "vertex_ai-anthropic_models",
            "vertex_ai/claude-opus-4-7",
        ),
        (
            {"model": "azure/our-deployment", "model_info": {"base_model": "azure/gpt-4o"}},
            "azure",
            "azure/gpt-4o",
        ),
        ({"model": "openai/nobody-knows-this"}, "openai", "nobody-knows-this"),
        (
            {"model": "azure/dall-e-3", "size": "1024x1792", "quality": "hd"},
            "azure",
            "azure/hd/1024-x-1792/dall-e-3",
        ),
    ],
)
def test_a_deployment_is_named_by_its_row_in_the_price_file(
    params: dict[str, Any], provider: str, model: str
) -> None:
    target = target_of(Kind.IMAGE if "size" in params else Kind.CHAT, params)

    assert (target.provider, target.model) == (provider, model)


def user(content: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": content}]}


@pytest.mark.parametrize(
    "content",
    [
        "text",
        "ä€😀",
        # What orjson does not take: half of a surrogate pair, a number above 64 bits, deep nesting.
        "\ud83d",
        2**64,
        reduce(lambda inner, _: [inner], range(300), "x"),
    ],
)
def test_a_request_is_as_large_as_its_json(content: Any) -> None:
    sent = json.dumps(user(content), ensure_ascii=False, separators=(",", ":"))

    measured = request.measure(Kind.CHAT, user(content))

    assert measured.text_bytes == len(sent.encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize(
    ("kind", "data", "bounded"),
    [
        (Kind.CHAT, user("text"), True),
        (Kind.CHAT, user([{"type": "text", "text": "x"}]), True),
        (Kind.CHAT, user([{"type": "image_url", "image_url": {"url": "https://x"}}]), False),
        (Kind.CHAT, user([{"type": "input_audio", "input_audio": {"data": "x"}}]), False),
        (Kind.CHAT, user([{"type": "file", "file": {"file_id": "x"}}]), False),
        (Kind.CHAT, user([{"type": "of_tomorrow"}]), False),
        (Kind.CHAT, {"messages": [{"role": "assistant", "audio": {"id": "kept"}}]}, False),
        (
            Kind.MESSAGES,
            user([{"type": "tool_result", "content": [{"type": "image", "source": {}}]}]),
            False,
        ),
        (
            Kind.MESSAGES,
            user([{"type": "tool_use", "input": {"type": "of the caller's own"}}]),
            True,
        ),
        (Kind.RESPONSES, {"input": "text"}, True),
        (Kind.RESPONSES, {"input": "text", "previous_response_id": "resp_1"}, False),
        (Kind.RESPONSES, {"input": [{"type": "item_reference", "id": "x"}]}, False),
        (Kind.RESPONSES, {"input": "x", "tools": [{"type": "file_search"}]}, False),
        (Kind.MESSAGES, {**user("x"), "mcp_servers": [{}]}, False),
    ],
)
def test_what_no_count_bounds_is_stated_as_unbounded(
    kind: Kind, data: dict[str, Any], bounded: bool
) -> None:
    bounds = request.bounds_of(kind, data, None)

    assert bounds.get("unbounded_input", False) is not bounded
    assert ("input_bytes" in bounds) is bounded


@pytest.mark.parametrize(
    "text",
    [
        "hi",
        "a longer text, with some punctuation.",
        "日本語のテキスト",
        "🙂🙃" * 20,
        "\n\t\x00 ",
        "a" * 500,
    ],
)
def test_bytes_bound_the_tokens_of_a_chat(text: str) -> None:
    data = user(text)

    assert request.text_bytes(Kind.CHAT, data) >= litellm.token_counter(
        model="gpt-4o", messages=data["messages"]
    )


def test_what_a_request_cannot_contain_is_ruled_out() -> None:
    claude = {"key": "claude-sonnet-4-5"}
    plain = request.bounds_of(Kind.MESSAGES, user("x"), claude)
    marked = request.bounds_of(
        Kind.MESSAGES,
        user([{"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}]),
        claude,
    )
    hour = request.bounds_of(
        Kind.MESSAGES,
        user([{"type": "text", "text": "x", "cache_control": {"type": "ephemeral", "ttl": "1h"}}]),
        claude,
    )

    assert {
        "cache_write_tokens",
        "input_audio_tokens",
        "input_image_tokens",
        "output_audio_tokens",
    } <= {name for name in plain if plain[name] == 0}
    assert marked.get("cache_write_1h_tokens") == 0
    assert "cache_write_tokens" not in marked
    assert "cache_write_1h_tokens" not in hour
    # Others write to their cache without being told.
    assert "cache_write_tokens" not in request.bounds_of(
        Kind.CHAT, user("x"), {"key": "gpt-6-astra"}
    )


def test_token_ids_are_counted_and_choices_multiplied() -> None:
    assert request.bounds_of(Kind.EMBEDDING, {"input": [[1, 2, 3], [4]]}, None)["input_tokens"] == 4
    assert request.bounds_of(Kind.COMPLETION, {"prompt": [1, 2, 3]}, None)["input_tokens"] == 3
    assert (
        request.bounds_of(Kind.COMPLETION, {"prompt": ["a", "b"], "n": 2, "best_of": 3}, None)[
            "choices"
        ]
        == 6
    )
    assert request.bounds_of(Kind.CHAT, {**user("x"), "n": 4}, None)["choices"] == 4
    assert (
        request.bounds_of(Kind.RESPONSES, {"input": "x", "max_output_tokens": 3}, None)[
            "max_output_tokens"
        ]
        == 16
    )
    assert (
        request.bounds_of(Kind.CHAT, {**user("x"), "max_tokens": 3}, None)["max_output_tokens"] == 3
    )


@pytest.mark.parametrize(
    ("kind", "request_", "model", "exact"),
    [
        (Kind.CHAT, user("text"), "gpt-4o", True),
        (Kind.CHAT, user("text"), "o3", False),
        (Kind.CHAT, user("text"), "claude-sonnet-4-5", False),
        (Kind.CHAT, {**user("text"), "tools": [{}]}, "gpt-4o", False),
        (Kind.CHAT, user([{"type": "text", "text": "x"}]), "gpt-4o", False),
        (
            Kind.CHAT,
            {"messages": [{"role": "tool", "content": "x", "tool_call_id": "1"}]},
            "gpt-4o",
            False,
        ),
        (Kind.EMBEDDING, {"input": ["a", "b"]}, "text-embedding-3-small", True),
        (Kind.EMBEDDING, {"input": [[1, 2]]}, "text-embedding-3-small", False),
        (Kind.COMPLETION, {"prompt": "x"}, "gpt-3.5-turbo-instruct", True),
        (Kind.COMPLETION, {"prompt": "x", "suffix": "y"}, "gpt-3.5-turbo-instruct", False),
        (Kind.RESPONSES, {"input": "x"}, "gpt-4o", False),
    ],
)
def test_only_what_is_exact_is_counted(
    kind: Kind, request_: dict[str, Any], model: str, exact: bool
) -> None:
    target = target_of(kind, {"model": model})

    assert counting.is_exact(kind, request_, target) is exact


@pytest.mark.parametrize(
    ("data", "asked"),
    [
        ({}, {}),
        ({"service_tier": "auto"}, {"service_tier": "auto"}),
        ({"service_tier": "priority"}, {"service_tier": "priority"}),
        ({"service_tier": "standard_only"}, {"service_tier": "default"}),
        ({"serviceTier": {"type": "priority"}}, {"service_tier": "priority"}),
        ({"extra_body": {"serviceTier": "flex"}}, {"service_tier": "flex"}),
        (
            {"service_tier": "default", "extra_body": {"service_tier": "priority"}},
            {"service_tier": "priority"},
        ),
        ({"performanceConfig": {"latency": "optimized"}}, {"speed": "optimized"}),
        ({"extra_body": {"performanceConfig": {"latency": "standard"}}}, {}),
        ({"speed": "fast"}, {"speed": "fast"}),
        ({"inference_geo": "us"}, {"inference_region": "us"}),
        ({"inference_geo": "global"}, {}),
    ],
)
def test_when_a_price_is_multiplied_it_is_asked_for(
    data: dict[str, Any], asked: dict[str, str]
) -> None:
    assert tiers.of_request(data) == asked


FUNCTION = {"type": "function", "function": {"name": "f", "parameters": {}}}


@pytest.mark.parametrize(
    ("tool", "bounds", "more_input"),
    [
        (FUNCTION, {}, False),
        ({"name": "f", "input_schema": {}}, {}, False),
        ({"type": "namespace", "name": "n", "tools": [FUNCTION]}, {}, False),
        ({"type": "namespace", "tools": [{"type": "web_search"}]}, {"web_search": None}, True),
        ({**FUNCTION, "googleSearch": {}}, {"web_search": None}, True),
        ({"type": "function", "googleSearchRetrieval": {}}, {"web_search": None}, True),
        ({"googleSearchRetrieval": {}}, {"web_search": None}, True),
        ({"google_search_retrieval": {}}, {"web_search": None}, True),
        ({**FUNCTION, "urlContext": {}}, {}, True),
        ({"url_context": {}}, {}, True),
        ({"codeExecution": {}}, {"code_execution": None}, True),
        ({"name": "x", "fileSearch": {}}, {"file_search": None}, True),
        ({"type": "shell", "environment": {"type": "local"}}, {}, False),
        ({"type": "shell"}, {}, False),
        (
            {"type": "shell", "environment": {"container_id": "cntr_1"}},
            {"code_interpreter": None},
            True,
        ),
        (
            {"type": "shell", "environment": {"type": "container_auto"}},
            {"code_interpreter": None},
            True,
        ),
        (
            {"type": "shell", "environment": {"type": "container_reference"}},
            {"code_interpreter": None},
            True,
        ),
        ({"type": "web_search", "max_uses": 2}, {"web_search": 2}, True),
        ({"type": "brand_new"}, {"brand_new": None}, True),
        ({"brandNew": {}}, {"brandNew": None}, True),
        ({"type": "custom", "name": "x", "format": {"type": "text"}}, {}, False),
        ({"type": "bash_20250124", "name": "bash"}, {}, False),
        ({"type": "mcp", "server_url": "http://x"}, {}, True),
    ],
)
def test_when_a_tool_is_judged_all_its_keys_count(
    tool: dict[str, Any], bounds: dict[str, Any], more_input: bool
) -> None:
    found = tools.read({"tools": [tool]})

    assert found.bounds == bounds
    assert found.run_by_provider is more_input


def test_when_a_search_is_a_field_it_is_a_tool() -> None:
    assert tools.read({"search_parameters": {"mode": "auto"}}).bounds == {"web_search": None}
    assert tools.read({"search_parameters": {"mode": "off"}}).bounds == {}


def test_when_a_function_is_a_tool_it_is_judged_as_one() -> None:
    assert tools.read({"functions": [{"name": "f", "parameters": {}}]}).bounds == {}
    assert tools.read({"functions": [{"googleSearch": {}}]}).bounds == {"web_search": None}
    assert tools.read({"tools": {"type": "web_search"}}).bounds == {"web_search": None}


def test_when_documents_are_sent_their_bytes_count() -> None:
    documents = [{"data": {"text": "word " * 1000}}]

    bounds = request.bounds_of(Kind.CHAT, {**user("x"), "documents": documents}, None)

    assert bounds["input_bytes"] > 5000


def of_litellm() -> dict[Kind, set[str]]:
    """Every parameter that the release at hand takes, route by route."""
    from litellm.types.llms.anthropic import (
        AnthropicMessagesRequest,
        AnthropicMessagesRequestOptionalParams,
    )
    from litellm.types.llms.openai import (
        ResponsesAPIOptionalRequestParams,
        ResponsesAPIRequestParams,
    )
    from litellm.types.utils import all_litellm_params

    def arguments(*functions: Any) -> set[str]:
        return {name for function in functions for name in inspect.signature(function).parameters}

    def fields(*types: Any) -> set[str]:
        return {name for one in types for name in one.__annotations__}

    chat = arguments(litellm.acompletion, litellm.utils.get_optional_params)
    responses = fields(ResponsesAPIRequestParams, ResponsesAPIOptionalRequestParams)
    messages = fields(AnthropicMessagesRequest, AnthropicMessagesRequestOptionalParams)
    by_kind = {
        Kind.CHAT: chat | set(litellm.OPENAI_CHAT_COMPLETION_PARAMS),
        Kind.RESPONSES: responses | arguments(litellm.aresponses),
        Kind.MESSAGES: messages | arguments(litellm.anthropic_messages),
        Kind.COMPLETION: arguments(litellm.atext_completion, litellm.text_completion),
        Kind.EMBEDDING: arguments(litellm.aembedding, litellm.embedding),
        Kind.IMAGE: arguments(litellm.aimage_generation, litellm.image_generation),
        Kind.IMAGE_EDIT: arguments(litellm.aimage_edit),
        Kind.SPEECH: arguments(litellm.aspeech, litellm.speech),
        Kind.TRANSCRIPTION: arguments(litellm.atranscription, litellm.transcription),
        Kind.RERANK: arguments(litellm.arerank),
        Kind.MODERATION: arguments(litellm.amoderation),
    }
    return {kind: names | set(all_litellm_params) for kind, names in by_kind.items()}


@pytest.mark.parametrize("kind", Kind)
def test_when_litellm_has_a_parameter_the_table_has_it(kind: Kind) -> None:
    parameters = of_litellm()[kind]
    assert len(parameters) > 300

    unknown = {name for name in parameters if fields.effect_of(kind, name) is Effect.UNKNOWN}

    # Those that another route has are odd here, and none of litellm's lists knows the routes.
    assert unknown == set()


@pytest.mark.parametrize(
    ("name", "effect"),
    [
        ("messages", Effect.TEXT),
        ("max_tokens", Effect.READ),
        ("temperature", Effect.NONE),
        ("vector_store_ids", Effect.UNBOUNDED),
        ("prompt_id", Effect.UNBOUNDED),
        ("base_model", Effect.REFUSED),
        ("input_cost_per_token", Effect.REFUSED),
        ("output_cost_per_image_1024", Effect.REFUSED),
        ("generationConfig", Effect.REFUSED),
        ("max_output_tokens", Effect.REFUSED),
        ("MaxTokens", Effect.REFUSED),
        ("langfuse_host", Effect.NONE),
        ("langfuse_something_new", Effect.UNKNOWN),
        ("_something_new", Effect.UNKNOWN),
        ("something_new", Effect.UNKNOWN),
    ],
)
def test_when_a_field_is_looked_up_its_effect_is_told(name: str, effect: Effect) -> None:
    assert fields.effect_of(Kind.CHAT, name) is effect


def test_when_an_operator_refuses_unknown_fields_they_are_named() -> None:
    for data, named in (
        ({"brand_new": 1}, "brand_new"),
        ({"extra_body": {"brand_new": 1}}, "extra_body.brand_new"),
        ({"fallbacks": [{"model": "x", "brand_new": 1}]}, r"fallbacks\[0\].brand_new"),
        (
            {"router_settings_override": {"fallbacks": [{"a": [{"model": "b", "brand_new": 1}]}]}},
            r"router_settings_override.fallbacks\[0\].a\[0\].brand_new",
        ),
    ):
        with pytest.raises(Refusal, match=named):
            body.unbounded_by(Kind.CHAT, {**user("x"), **data}, "refuse")


def test_a_bound_is_written_into_tools_that_have_none() -> None:
    data: dict[str, Any] = {"tools": [{"type": "web_search_20250305", "name": "web_search"}]}
    tools.write_bounds(data, 4)
    response: dict[str, Any] = {"input": "x", "tools": [{"type": "web_search"}]}
    tools.write_bounds(response, 4)

    assert tools.read(data).bounds == {"web_search": 4}
    assert tools.read(response).bounds == {"web_search": 4}


@pytest.mark.parametrize(
    ("asked", "now", "more"),
    [
        ({"input_bytes": 10}, {"input_bytes": 10}, False),
        ({"input_bytes": 10}, {"input_bytes": 11}, True),
        ({"input_bytes": 10}, {"unbounded_input": True}, True),
        ({"unbounded_input": True}, {"input_bytes": 10_000}, False),
        ({"input_bytes": 10}, {"input_bytes": 10, "choices": 2}, True),
        ({"input_bytes": 10, "output_audio_tokens": 0}, {"input_bytes": 10}, True),
        ({"input_bytes": 10}, {"input_bytes": 10, "service_tier": "priority"}, True),
        ({"input_bytes": 10}, {"input_bytes": 10, "speed": "fast"}, True),
        ({"input_bytes": 10}, {"input_bytes": 10, "inference_region": "us"}, True),
        ({"input_bytes": 10}, {"input_bytes": 10, "billed_tools": {"web_search": 1}}, True),
        (
            {"input_bytes": 10, "billed_tools": {"web_search": 3}},
            {"input_bytes": 10, "billed_tools": {"web_search": 3}},
            False,
        ),
        (
            {"input_bytes": 10, "max_output_tokens": 10},
            {"input_bytes": 10, "max_output_tokens": 99},
            False,
        ),
    ],
)
def test_a_request_that_has_grown_is_seen(
    asked: dict[str, Any], now: dict[str, Any], more: bool
) -> None:
    assert asks_for_more(asked, now) is more


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ({"prompt_tokens": 10, "completion_tokens": 5}, {"input_tokens": 10, "output_tokens": 5}),
        (
            {
                "prompt_tokens": 10,
                "completion_tokens": 5,
                "prompt_tokens_details": {
                    "cached_tokens": 4,
                    "audio_tokens": 2,
                    "cache_write_tokens": 3,
                },
            },
            {
                "input_tokens": 10,
                "output_tokens": 5,
                "cache_read_tokens": 4,
                "input_audio_tokens": 2,
                "cache_write_tokens": 3,
            },
        ),
        (
            {
                "input_tokens": 10,
                "output_tokens": 9,
                "output_tokens_details": {"reasoning_tokens": 7},
                "input_tokens_details": {"cached_tokens": 2},
            },
            {"input_tokens": 10, "output_tokens": 9, "reasoning_tokens": 7, "cache_read_tokens": 2},
        ),
        (
            {
                "input_tokens": 1,
                "output_tokens": 9,
                "cache_read_input_tokens": 20,
                "cache_creation_input_tokens": 30,
                "cache_creation": {"ephemeral_1h_input_tokens": 10},
                "server_tool_use": {"web_search_requests": 2},
            },
            {
                "input_tokens": 51,
                "output_tokens": 9,
                "cache_read_tokens": 20,
                "cache_write_tokens": 30,
                "cache_write_1h_tokens": 10,
                "billed_tools": {"web_search": 2},
            },
        ),
        ({"prompt_tokens": 0, "completion_tokens": 0}, None),
        (
            {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 40},
            {"input_tokens": 10, "output_tokens": 30},
        ),
        (
            {
                "input_tokens": 3,
                "output_tokens": 4,
                "cache_read_input_tokens": 0,
                "inference_geo": "us",
                "speed": "fast",
                "service_tier": "standard",
            },
            {
                "input_tokens": 3,
                "output_tokens": 4,
                "inference_region": "us",
                "speed": "fast",
                "service_tier": "default",
            },
        ),
        (
            {
                "input_tokens": 3,
                "output_tokens": 4,
                "cache_read_input_tokens": 0,
                "inference_geo": "not_available",
                "speed": "standard",
                "service_tier": "auto",
            },
            {"input_tokens": 3, "output_tokens": 4},
        ),
        (
            {
                "input_tokens": 23_000,
                "output_tokens": 1_000,
                "cache_read_input_tokens": 0,
                "iterations": [
                    {"type": "compaction", "input_tokens": 180_000, "output_tokens": 3_500},
                    {"type": "message", "input_tokens": 23_000, "output_tokens": 1_000},
                ],
            },
            {"input_tokens": 203_000, "output_tokens": 4_500},
        ),
        (None, None),
    ],
)
def test_usage_is_read_in_every_spelling(said: Any, read: Any) -> None:
    assert usage.of_usage(said) == read


def test_a_stream_in_pieces_of_bytes_is_read_whole() -> None:
    events = [
        {
            "type": "message_start",
            "message": {
                "usage": {"input_tokens": 3, "cache_read_input_tokens": 4, "output_tokens": 1}
            },
        },
        {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "naïve"}},
        {"type": "message_delta", "delta": {}, "usage": {"output_tokens": 8}},
    ]
    raw = b"".join(
        f"event: {event['type']}\r\ndata: {json.dumps(event, ensure_ascii=False)}\r\n\r\n".encode()
        for event in events
    )
    for size in (1, 7, len(raw)):
        watch = Watch()
        for at in range(0, len(raw), size):
            watch.see(raw[at : at + size])
        assert watch.written == "naïve"
        assert watch.told() == {"input_tokens": 7, "output_tokens": 8, "cache_read_tokens": 4}


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


ASKED = httpx.Request("POST", "http://x")
SERVER_ERROR = litellm.InternalServerError("x", "openai", "m")
LIMITED = litellm.RateLimitError("x", "openai", "m")
LOST = litellm.InternalServerError("Connection error.", "openai", "gpt-4o")


@pytest.mark.parametrize(
    ("error", "billing"),
    [
        (
            caused(
                LOST,
                caused(openai.APIConnectionError(request=ASKED), httpx.ConnectError("refused")),
            ),
            Billing.NOT_BILLED,
        ),
        (
            caused(
                SERVER_ERROR,
                caused(openai.APIConnectionError(request=ASKED), httpx.ReadError("gone")),
            ),
            Billing.MAY_BE_BILLED,
        ),
        (
            caused(litellm.Timeout("x", "m", "openai"), openai.APITimeoutError(ASKED)),
            Billing.MAY_BE_BILLED,
        ),
        (
            caused(litellm.Timeout("x", "m", "openai"), httpx.ConnectTimeout("x")),
            Billing.NOT_BILLED,
        ),
        (
            caused(
                LIMITED,
                openai.RateLimitError("x", response=httpx.Response(429, request=ASKED), body=None),
            ),
            Billing.NOT_BILLED,
        ),
        (litellm.BadRequestError("x", "m", "openai"), Billing.NOT_BILLED),
        (litellm.APIConnectionError("cannot be parsed", "openai", "m"), Billing.MAY_BE_BILLED),
        (ValueError("a bug"), Billing.MAY_BE_BILLED),
    ],
)
def test_a_failure_is_judged_by_its_cause(error: Exception, billing: Billing) -> None:
    assert outcome.of_failure(error) is billing


@pytest.mark.parametrize(
    ("model", "more", "unseen"),
    [
        ("openai/o3", {}, True),
        ("openai/gpt-5.1", {}, False),
        ("openai/gpt-5.1", {"reasoning_effort": "low"}, True),
        ("openai/gpt-5.1", {"reasoning": {"effort": "high", "summary": "auto"}}, True),
        ("openai/gpt-5.1", {"reasoning": {"summary": "auto"}}, False),
        ("openai/gpt-4o", {}, False),
        ("openai/gpt-4o", {"background": True}, True),
        ("gemini/gemini-2.5-pro", {}, True),
        ("gemini/gemini-2.5-flash", {"reasoning_effort": "disable"}, False),
        ("gemini/gemini-2.5-flash", {"thinking": {"type": "disabled"}}, False),
        # What Claude thinks is in the stream.
        ("anthropic/claude-sonnet-4-5", {"thinking": {"type": "enabled"}}, False),
    ],
)
def test_when_a_model_reasons_unseen_it_is_known(
    model: str, more: dict[str, Any], unseen: bool
) -> None:
    target = target_of(Kind.CHAT, {"model": model})

    assert counting.is_partly_unseen(more, target) is unseen


def test_when_nothing_was_sent_a_failure_of_litellms_bills_nothing() -> None:
    assert outcome.of_failure(TypeError("two values for one argument"), sent=False) is (
        Billing.NOT_BILLED
    )
    # It may have been, and litellm did not say so.
    assert outcome.of_failure(litellm.Timeout("x", "m", "openai"), sent=False) is (
        Billing.MAY_BE_BILLED
    )


def test_ids_that_the_authority_does_not_take_are_written_so_that_it_does() -> None:
    class Auth:
        user_id, token, team_id = "ada lovelace/é", "k" * 300, None

    who = tuple_of(Auth)

    assert who["user_id"] == "ada%20lovelace/%C3%A9"
    assert who["key_id"].startswith("sha256-")
    assert len(who["key_id"]) <= 128
    assert "team_id" not in who


def test_every_call_type_of_litellm_is_priced_free_or_refused() -> None:
    priced = {it.value for it in litellm.types.utils.CallTypes if kind_of(it)}
    assert {
        "acompletion",
        "atext_completion",
        "aembedding",
        "aresponses",
        "anthropic_messages",
        "aimage_generation",
        "aspeech",
        "atranscription",
    } <= priced
    for it in ("acreate_container", "acompact_responses", "aocr", "arun_thread", "brand_new"):
        assert kind_of(it) is None
        assert not is_free(it)
    for it in (
        "acreate_batch",
        "_arealtime",
        "avideo_generation",
        "pass_through_endpoint",
        "agenerate_content",
        "acreate_fine_tuning_job",
    ):
        assert kind_of(it) is None
        assert not is_free(it)
    unknown = [it.value for it in litellm.types.utils.CallTypes if not routes.is_known(it)]
    assert unknown == []
    for it in (
        "aget_responses",
        "alist_batches",
        "acancel_batch",
        "adelete_responses",
        "call_mcp_tool",
    ):
        assert is_free(it)


def test_settings_come_from_the_environment_over_the_config_over_the_defaults(
    tmp_path: Path,
) -> None:
    environment = {
        "BUDGET_AUTHORITY_KEY": "k",
        "BUDGET_AUTHORITY_TIMEOUT_MS": "10",
        "XDG_CACHE_HOME": str(tmp_path),
        "MY_URL": "http://b/",
    }
    read = settings.read(
        environment,
        {
            "timeout_ms": 20,
            "connect_timeout_ms": 30,
            "url": "os.environ/MY_URL",
            "run_id_from": ["body:a.b"],
        },
    )

    assert (read.timeout_ms, read.connect_timeout_ms, read.url, read.on_unreachable) == (
        10,
        30,
        "http://b",
        "block",
    )
    assert read.run_id_from == ("body:a.b",)
    assert read.spool == tmp_path / "budget-authority" / "litellm-spool"
    assert "key" not in repr(read)


@pytest.mark.parametrize(
    ("environment", "config", "names"),
    [
        ({}, {}, "KEY"),
        (
            {"BUDGET_AUTHORITY_KEY": "k", "BUDGET_AUTHORITY_ON_UNREACHABLE": "maybe"},
            {},
            "ON_UNREACHABLE",
        ),
        ({"BUDGET_AUTHORITY_KEY": "k", "BUDGET_AUTHORITY_TIMEOUT_MS": "3s"}, {}, "TIMEOUT_MS"),
        ({"BUDGET_AUTHORITY_KEY": "k"}, {"on_unreacheable": "allow"}, "on_unreacheable"),
        (
            {"BUDGET_AUTHORITY_KEY": "k", "BUDGET_AUTHORITY_RUN_ID_FROM": "x-run-id"},
            {},
            "RUN_ID_FROM",
        ),
        (
            {"BUDGET_AUTHORITY_KEY": "k"},
            {"queue_url": "https://sqs.eu-central-1.amazonaws.com/1/q", "queue_tenant_id": "t"},
            "QUEUE_PRINCIPAL_ID",
        ),
        (
            {"BUDGET_AUTHORITY_KEY": "k", "BUDGET_AUTHORITY_QUEUE_TENANT_ID": "t"},
            {},
            "QUEUE_TENANT_ID",
        ),
        (
            {"BUDGET_AUTHORITY_KEY": "k"},
            {"queue_url": "q", "queue_tenant_id": "t", "queue_principal_id": "p"},
            "QUEUE_URL",
        ),
    ],
)
def test_a_setting_that_is_wrong_is_named(
    environment: dict[str, str], config: dict[str, Any], names: str
) -> None:
    with pytest.raises(SettingWrong, match=names):
        settings.read(environment, config)


@pytest.mark.parametrize("version", ["1.105.7", "1.99.4", "0.1"])
def test_an_older_litellm_is_refused_by_name(version: str) -> None:
    with pytest.raises(
        compat.LiteLLMUnsuitable,
        match=rf"needs litellm {re.escape(compat.OLDEST)} or later: this is {re.escape(version)}",
    ):
        compat.require(CustomLogger, version)


@pytest.mark.parametrize("version", [compat.OLDEST, "1.106.10", "2.0.0rc1", "1.107.0+ours"])
def test_a_later_litellm_is_taken_if_it_calls_what_the_hook_has_to_hear(version: str) -> None:
    compat.require(CustomLogger, version)

    class Silent:
        async def async_pre_call_hook(self) -> None: ...

    with pytest.raises(compat.LiteLLMUnsuitable, match="async_post_call_failure_deployment_hook"):
        compat.require(Silent, version)


def test_when_routes_change_the_readme_changes() -> None:
    readme = (SOURCES.parents[1] / "README.md").read_text()

    _, _, rest = readme.partition("<!-- routes -->\n")

    assert rest.partition("\n<!-- end of routes -->")[0] == routes.as_markdown()


@pytest.mark.parametrize("version", [compat.NEWEST, compat.OLDEST])
def test_when_a_litellm_was_tested_it_is_taken_without_a_word(
    version: str, caplog: pytest.LogCaptureFixture
) -> None:
    compat.require(CustomLogger, version)
    assert not caplog.records


def test_when_a_litellm_is_newer_it_is_said(caplog: pytest.LogCaptureFixture) -> None:
    compat.require(CustomLogger, "99.0.0")
    assert "event=litellm_not_tested" in caplog.text


def test_the_oldest_litellm_is_the_one_that_the_package_asks_for() -> None:
    project = (SOURCES.parents[1] / "pyproject.toml").read_text()

    major, minor, _ = compat.NEWEST.split(".")
    assert f'"litellm[proxy]>={compat.OLDEST},<{major}.{int(minor) + 1}"' in project
    stated = (SOURCES.parents[1] / "README.md").read_text()
    assert f"litellm {compat.OLDEST} and {compat.NEWEST}" in stated
    check = (SOURCES.parents[1] / "check").read_text()
    assert f"for version in {compat.OLDEST} {compat.NEWEST}; do" in check
    assert f"LITELLM_VERSION:-{compat.OLDEST}" in (SOURCES.parents[1] / "venv").read_text()


def test_the_spool_keeps_messages_whole_and_in_order(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "made" / "if-absent", 2)
    sent = [Message("/a", {"n": 1}), Message("/b", None, "key")]
    for message in sent:
        spool.keep(message)

    assert [message for _, message in Spool(tmp_path / "made" / "if-absent", 2).entries()] == sent
    assert spool.is_full
    for path, _ in list(spool.entries()):
        spool.delivered(path)
    assert spool.is_empty


def test_an_entry_that_cannot_be_read_is_put_aside_and_not_lost(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 10)
    spool.keep(Message("/a"))
    (tmp_path / "00000000000000000001-broken.json").write_text("{")

    assert len(list(spool.entries())) == 1
    assert (tmp_path / "refused" / "00000000000000000001-broken.json").read_text() == "{"


def test_a_refusal_inside_the_router_cools_no_deployment_down() -> None:
    problem = {"status": 402, "code": "run_ceiling_reached", "detail": "spent"}

    assert Refusal(problem, in_router=True).status_code == 403
    assert Refusal(problem, in_router=True).code == "402"


@pytest.mark.parametrize(
    ("model", "searches"),
    [
        ("openai/gpt-4o-search-preview", 1),
        ("openai/gpt-5-search-api", 1),
        ("perplexity/sonar-pro", 1),
        # As often as it likes.
        ("perplexity/sonar-deep-research", None),
        ("openai/gpt-4o", 0),
    ],
)
def test_a_model_that_always_searches_is_bounded_by_what_it_does(
    model: str, searches: int | None
) -> None:
    target = target_of(Kind.CHAT, {"model": model})

    bounds = request.bounds_of(
        Kind.CHAT, {"messages": [{"role": "user", "content": "hi"}]}, target.row()
    )

    assert bounds.get("billed_tools", {}).get("web_search", 0) == searches
    assert "input_bytes" in bounds
