"""Every field that a request may have, and what it does to the bill.

The tables name each parameter of the supported releases of litellm; a test compares them with
litellm's own lists. A field that is in no table is `UNKNOWN`: nothing bounds what it brings.
"""

from __future__ import annotations

import re
from enum import Enum, auto

from litellm.types.utils import all_litellm_params

from .routes import Kind


class Effect(Enum):
    NONE = auto()
    """Sends no input and changes no price."""
    TEXT = auto()
    """Input, bounded: its bytes are counted."""
    READ = auto()
    """Bounded by a rule of its own, in `request`, `content`, `tools`, `tiers` or `body`."""
    UNBOUNDED = auto()
    """Brings input that the request does not contain."""
    REFUSED = auto()
    """Would change what is called, at which price, or how often, after the budget was asked."""
    UNKNOWN = auto()


_NONE = """
    user store metadata litellm_metadata seed temperature top_p top_k top_a min_p typical_p stop
    stop_sequences logit_bias logprobs top_logprobs presence_penalty frequency_penalty
    repetition_penalty parallel_tool_calls verbosity safety_identifier prompt_cache_key
    prompt_cache_retention prompt_cache_options safety_settings safetySettings safeguards labels
    timeout request_timeout stream_timeout force_timeout extra_headers headers default_headers
    extra_query drop_params allowed_openai_params enable_json_schema_validation
    enable_prompt_caching ensure_alternating_roles keepalive_seconds keep_alive
    reasoning_effort thinking reasoning include_reasoning enable_thinking effort
    merge_reasoning_content_in_choices reasoning_format reasoning_split thinking_budget
    cache caching caching_groups cache_key preset_cache_key ttl no-log tags tag_regex guardrails
    guardrail_config disabled_guardrails policies litellm_session_id litellm_trace_id
    litellm_call_id litellm_request_debug session_id trace_id id verbose turn_off_message_logging
    log_client_error_tracebacks rust ssl_verify mock_response mock_timeout mock_tool_calls
    api_key api_base api_version api_type base_url organization secret_fields client shared_session
    num_retries max_retries retry_policy retry_strategy cooldown_time max_fallbacks fallback_depth
    attempted_targets stream_chunk_size stream_response complete_response
    stream_timeout_by_service_tier timeout_by_service_tier logger_fn max_parallel_requests
    allow_client_keepalive_override client_side_timeout args kwargs self azure async_call
    disable_fallbacks disable_global_guardrails disable_global_guardrail
    google_api_key user_id project aspeech include_server_side_tool_invocations
"""
"""On every route."""

_REFUSED = """
    models route provider maxtokens max_new_tokens max_gen_len max_token_count max_tokens_to_sample
    num_predict max_length candidate_count candidateCount num_generations num_return_sequences
    maxTokens maxOutputTokens maxCompletionTokens maxNewTokens
    generationConfig generation_config inferenceConfig textGenerationConfig
    additionalModelRequestFields additional_model_request_fields contents request
    additional_drop_params custom_llm_provider
    base_model model_info model_list user_config model_alias_map deployment_id
    hf_model_name silent_model context_window_fallback_dict custom_prompt_dict
    auto_router_config auto_router_config_path auto_router_default_model
    auto_router_embedding_model auto_router_max_input_chars auto_router_model_compression
    auto_router_routing_compression adaptive_router_config adaptive_router_default_model
    complexity_router_config complexity_router_default_model quality_router_config
    quality_router_default_model litellm_credential_name use_litellm_proxy use_client
    use_chat_completions_api use_in_pass_through text_completion fastest_response
    max_agentic_loops model_config region_name aws_region_name allowed_model_region
    data_residency vertex_location vertex_ai_location tiered_pricing batch_size
    configurable_clientside_auth_params model_file_id_mapping provider_specific_header
    acompletion aembedding aimg_generation atext_completion allm_passthrough_route
"""

_UNBOUNDED = """
    vector_store_ids prompt_id prompt_variables prompt_version prompt_label prompt_environment
    previous_response_id conversation container cached_content cachedContent context_management
    compaction knowledge_base knowledge_bases connectors data_sources dataSources enhancements
    search_tool_name final_prompt_value litellm_system_prompt user_continue_message
    assistant_continue_message roles bos_token eos_token file_ids mcp_servers
"""

_READ = """
    model stream stream_options fallbacks context_window_fallbacks content_policy_fallbacks
    router_settings_override extra_body service_tier serviceTier performanceConfig
    performance_config speed inference_geo cache_control cache_control_injection_points
"""

_OWNED = re.compile(
    r"_.*|(anthropic|arize|azure|aws|bedrock|dd|fireworks|gcs|github_copilot|humanloop|langfuse|langsmith|newrelic"
    r"|openai|posthog|s3|signoz|token_exchange|wandb|weave|litellm)_.*|client_(id|secret)|tenant_id"
    r"|completion_call_id|adapter_id|budget_duration|max_budget|i?o?tpm|rpm|itpm|otpm|order|weight|weights"
    r"|default_api_key_[rt]pm_limit|disable_add_transform_inline_image_block|enable_tag_filtering"
    r"|provider_affinity_header|routing_strategy|supports_system_message|use_xai_oauth"
    r"|output_vector_size|max_file_size_mb|proxy_server_request|logger_fn|vertex_(project|credentials)"
)
"""litellm's and the proxy's own: how a deployment is reached and what is logged of it."""

_OWNED_NAMES = frozenset(name for name in all_litellm_params if _OWNED.fullmatch(name))
"""Those that the release at hand has: another name of that form is sent to the provider."""

_PRICES = re.compile(
    r".*cost.*|.*_per_(token|character|second|image|pixel|query|page)(_.*)?|.*_uplift_multiplier.*"
)
"""litellm's prices: a client may not state them, and the hook never reads one."""

_ROUTES: dict[Kind, dict[Effect, str]] = {
    Kind.CHAT: {
        Effect.TEXT: """
            messages system tools functions tool_choice function_call response_format prediction
            documents
        """,
        Effect.READ: """
            max_tokens max_completion_tokens n modalities audio web_search_options plugins
            search_parameters
        """,
    },
    Kind.RESPONSES: {
        Effect.TEXT: "input instructions system tools tool_choice text text_format",
        Effect.READ: "max_output_tokens max_tool_calls prompt background",
        Effect.NONE: "include truncation partial_images",
    },
    Kind.MESSAGES: {
        Effect.TEXT: "messages system tools tool_choice output_format output_config",
        Effect.READ: "max_tokens",
    },
    Kind.COMPLETION: {
        Effect.TEXT: "prompt suffix system",
        Effect.READ: "max_tokens n best_of",
        Effect.NONE: "echo",
    },
    Kind.EMBEDDING: {
        Effect.TEXT: "input",
        Effect.NONE: "dimensions encoding_format input_type task truncate embedding_types",
    },
    Kind.IMAGE: {
        Effect.TEXT: "prompt",
        Effect.READ: "n size quality",
        Effect.NONE: """
            style response_format background moderation output_format output_compression
            partial_images aspect_ratio negative_prompt
        """,
    },
    Kind.IMAGE_EDIT: {
        Effect.TEXT: "prompt",
        Effect.READ: "n size quality image mask image[] ",
        Effect.NONE: """
            style response_format background output_format output_compression partial_images
            input_fidelity
        """,
    },
    Kind.SPEECH: {
        Effect.TEXT: "input instructions",
        Effect.NONE: "voice response_format stream_format",
    },
    Kind.TRANSCRIPTION: {
        Effect.TEXT: "prompt",
        Effect.READ: "file",
        Effect.NONE: """
            language response_format timestamp_granularities timestamp_granularities[] include
            include[] diarize chunking_strategy
        """,
    },
    Kind.RERANK: {
        Effect.TEXT: "query documents",
        Effect.NONE: "top_n rank_fields return_documents max_chunks_per_doc max_tokens_per_doc",
    },
    Kind.MODERATION: {Effect.TEXT: "input"},
}


def _table(kind: Kind) -> dict[str, Effect]:
    common = {
        Effect.NONE: _NONE,
        Effect.REFUSED: _REFUSED,
        Effect.UNBOUNDED: _UNBOUNDED,
        Effect.READ: _READ,
    }
    # What a route says of a field counts over what is said of it elsewhere.
    return {
        name: effect
        for table in (common, _ROUTES[kind])
        for effect, names in table.items()
        for name in names.split()
    }


FIELDS: dict[Kind, dict[str, Effect]] = {kind: _table(kind) for kind in Kind}
_REFUSED_SPELLINGS = frozenset(name.replace("_", "").lower() for name in _REFUSED.split())

TEXT_FIELDS: dict[Kind, tuple[str, ...]] = {
    kind: tuple(name for name, effect in table.items() if effect is Effect.TEXT)
    for kind, table in FIELDS.items()
}
"""What is counted as input, by its bytes."""

UNBOUNDED_FIELDS: dict[Kind, tuple[str, ...]] = {
    kind: tuple(name for name, effect in table.items() if effect is Effect.UNBOUNDED)
    for kind, table in FIELDS.items()
}


def effect_of(kind: Kind, name: str) -> Effect:
    """What a field of a request does to its bill."""
    stated = FIELDS[kind].get(name)
    if stated is not None:
        return stated
    if _PRICES.fullmatch(name) or name.replace("_", "").lower() in _REFUSED_SPELLINGS:
        return Effect.REFUSED
    if CAPS_OF_OTHERS.fullmatch(name):
        return Effect.REFUSED
    return Effect.NONE if name in _OWNED_NAMES else Effect.UNKNOWN


CAPS_OF_OTHERS = re.compile(r"n|best_?of|max_?(completion_?|output_?)?tokens(_.*)?", re.IGNORECASE)
"""An output cap, or a number of answers, that this route does not have: a provider may go by it."""
