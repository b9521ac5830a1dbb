"""Which of the proxy's call types are priced here, which bill nothing, and which are neither."""

from __future__ import annotations

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


_BY_NAME = {
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

_FREE_VERBS = ("get_", "list_", "delete_", "cancel_", "retrieve_", "update_", "upload_")
_FREE = frozenset(
    {
        "call_mcp_tool", "list_mcp_tools", "mcp_call", "apply_guardrail", "file_content", "file_retrieve", "file_delete", "create_file", "file_list",
        "create_container", "vector_store_create", "vector_store_retrieve", "vector_store_list", "vector_store_update", "vector_store_delete",
        "vector_store_file_create", "vector_store_file_list", "vector_store_file_retrieve", "vector_store_file_content", "vector_store_file_update",
        "vector_store_file_delete", "create_skill", "create_agent", "create_eval", "video_list", "video_status", "video_content", "video_get_character",
    }
)  # fmt: skip
"""What reads and keeps things at the provider, or does not reach one."""


def kind_of(call_type: object) -> Kind | None:
    """The kind of a call type that is priced here; None for every other."""
    name = str(getattr(call_type, "value", call_type) or "")
    return _BY_NAME.get(name) or _BY_NAME.get(name.removeprefix("a"))


def is_free(call_type: object) -> bool:
    """Whether a call of this type bills nothing by itself."""
    name = str(getattr(call_type, "value", call_type) or "")
    bare = name.removeprefix("a")
    return name in _FREE or bare in _FREE or bare.startswith(_FREE_VERBS) or name.startswith(_FREE_VERBS)
