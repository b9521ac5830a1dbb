"""What each call type of the proxy is to the budget: asked for, free, or refused.

The tables name every call type of the supported releases of litellm; a test compares them with
litellm's own list. A call type that is in none of them is refused as one without a price is.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto


class Kind(Enum):
    """The shape of a request, by which it is read and its usage is understood."""

    CHAT = auto()
    RESPONSES = auto()
    MESSAGES = auto()
    COMPLETION = auto()
    EMBEDDING = auto()
    IMAGE = auto()
    IMAGE_EDIT = auto()
    SPEECH = auto()
    TRANSCRIPTION = auto()
    RERANK = auto()
    MODERATION = auto()


ASKED: dict[str, Kind] = {
    "completion": Kind.CHAT,
    "responses": Kind.RESPONSES,
    "anthropic_messages": Kind.MESSAGES,
    "text_completion": Kind.COMPLETION,
    "embedding": Kind.EMBEDDING,
    "embeddings": Kind.EMBEDDING,
    "image_generation": Kind.IMAGE,
    "image_edit": Kind.IMAGE_EDIT,
    "speech": Kind.SPEECH,
    "audio_speech": Kind.SPEECH,
    "transcription": Kind.TRANSCRIPTION,
    "audio_transcription": Kind.TRANSCRIPTION,
    "rerank": Kind.RERANK,
    "moderation": Kind.MODERATION,
}
"""By the call type's name; those that an `a` marks as asynchronous are found without it."""

FREE: dict[str, tuple[str, ...]] = {
    "files, and the contents of them": (
        "create_file", "file_content", "file_delete", "file_list", "file_retrieve",
    ),
    "states of batches and fine-tuning jobs": (
        "cancel_batch", "list_batches", "retrieve_batch", "cancel_fine_tuning_job",
        "list_fine_tuning_jobs", "retrieve_fine_tuning_job",
    ),
    "stored responses and interactions": (
        "cancel_responses", "delete_responses", "get_responses", "list_input_items",
        "cancel_interaction", "delete_interaction", "get_interaction",
    ),
    "states of containers, and their files": (
        "delete_container", "delete_container_file", "list_container_files", "list_containers",
        "retrieve_container", "retrieve_container_file", "retrieve_container_file_content",
        "upload_container_file", "delete_sandbox",
    ),
    "vector stores and their files": (
        "vector_store_create", "vector_store_delete", "vector_store_list",
        "vector_store_retrieve", "vector_store_update", "vector_store_file_content",
        "vector_store_file_create", "vector_store_file_delete", "vector_store_file_list",
        "vector_store_file_retrieve", "vector_store_file_update",
    ),
    "states of videos": (
        "video_content", "video_delete", "video_get_character", "video_list",
        "video_retrieve", "video_retrieve_job", "video_status",
    ),
    "definitions of assistants, agents, skills and evals": (
        "_add_message", "add_message", "create_assistants", "create_thread", "delete_assistant",
        "get_assistants", "get_messages", "get_thread", "create_agent", "delete_agent",
        "get_agent", "list_agent_versions", "list_agents", "create_skill", "delete_skill",
        "get_skill", "list_skills", "cancel_eval", "create_eval", "delete_eval", "get_eval",
        "list_evals", "update_eval", "cancel_run", "delete_run", "get_run", "list_runs",
    ),
    "tools of the proxy (MCP), guardrails": (
        "call_mcp_tool", "list_mcp_tools", "mcp_call", "apply_guardrail",
    ),
    "ingestion and queries with retrieval: the models that they call are asked for one by one": (
        "ingest", "query",
    ),
}  # fmt: skip
"""What bills nothing by itself: it reads and keeps things at the provider, or reaches none."""

REFUSED: dict[str, tuple[str, ...]] = {
    "batches and fine-tuning jobs": ("create_batch", "create_fine_tuning_job"),
    "realtime and websockets": (
        "_arealtime", "realtime", "_aresponses_websocket", "realtime_calls",
        "create_realtime_client_secret", "create_realtime_transcription_session",
    ),
    "videos, and variations of images": (
        "image_variation", "create_video", "video_create_character", "video_edit",
        "video_extension",
        "video_generation", "video_remix",
    ),
    "Google's own routes": (
        "generate_content", "generate_content_stream", "create_interaction",
    ),
    "pass-through routes": (
        "pass_through_endpoint", "llm_passthrough_route", "aiplatform",
    ),
    "compaction of responses": ("compact_responses",),
    "containers, sandboxes and code that runs in them": (
        "create_container", "create_sandbox", "run_code", "code_interpreter_tool",
    ),
    "OCR, web search and searches of vector stores": (
        "ocr", "search", "vector_store_search",
    ),
    "runs of assistants, agents and evals": (
        "run_thread", "run_thread_stream", "create_run", "send_message",
    ),
    "models that decide": ("decisions", "systemone"),
}  # fmt: skip
"""What a provider bills and this hook cannot price."""

_FREE_AT = {"vector_store_search": frozenset({"openai", "azure"})}
"""Refused as a route; free within a call where these providers serve it."""

_FREE_NAMES = frozenset(name for names in FREE.values() for name in names)
_REFUSED_NAMES = frozenset(name for names in REFUSED.values() for name in names)
_KNOWN = frozenset(ASKED) | _FREE_NAMES | _REFUSED_NAMES


def name_of(call_type: object) -> str:
    """A call type's name without the `a` that marks it as asynchronous."""
    name = str(getattr(call_type, "value", call_type) or "")
    bare = name.removeprefix("a")
    return bare if name not in _KNOWN and bare in _KNOWN else name


def kind_of(call_type: object) -> Kind | None:
    """The kind of a call type that is priced here; None for every other."""
    return ASKED.get(name_of(call_type))


def is_free(call_type: object, provider: object = None) -> bool:
    """Whether a call of this type bills nothing by itself, at this provider if one is named."""
    name = name_of(call_type)
    return name in _FREE_NAMES or provider in _FREE_AT.get(name, ())


def is_known(call_type: object) -> bool:
    return name_of(call_type) in _KNOWN


_BARE_FREE = frozenset(
    {
        "acancel", "acreate", "adelete", "aget", "alist", "alist_versions", "aretrieve",
        "aretrieve_content", "aupdate",
    }
)  # fmt: skip
"""Functions of litellm that keep and read things, by the names that they have in their modules."""


def called_within(call_type: object, arguments: Mapping[str, object]) -> str:
    """The call type of a function of litellm whose name alone does not say which it is."""
    name = str(getattr(call_type, "value", call_type) or "")
    bare = f"a{name.removeprefix('a')}"
    if bare == "asearch" and "vector_store_id" in arguments:
        return "vector_store_search"
    if bare == "acreate" and arguments.get("input"):
        return "create_interaction"
    return "vector_store_retrieve" if bare in _BARE_FREE else name


def as_markdown() -> str:
    """The table of the package's README."""
    return "\n".join(
        [
            "| call types of the proxy | |",
            "| --- | --- |",
            f"| {_listed(ASKED)} | asked for, held, settled by the bill |",
            *(f"| {what}: {_listed(names)} | pass |" for what, names in FREE.items()),
            *(f"| {what}: {_listed(names)} | refused |" for what, names in REFUSED.items()),
            "| every other | refused |",
        ]
    )


def _listed(names: Mapping[str, Kind] | tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)
