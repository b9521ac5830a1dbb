"""What a request's messages hold beside text: images, sound, files, references to what the provider
has stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_TEXT = frozenset(
    {
        "text",
        "input_text",
        "output_text",
        "summary_text",
        "reasoning_text",
        "refusal",
        "thinking",
        "redacted_thinking",
        "message",
        "reasoning",
        "tool_use",
        "tool_result",
        "function",
        "function_call",
        "function_call_output",
        "custom_tool_call",
        "custom_tool_call_output",
        "ephemeral",
        "local_shell_call",
        "local_shell_call_output",
        "shell_call",
        "shell_call_output",
        "apply_patch_call",
        "apply_patch_call_output",
        "citation",
        "char_location",
        "json",
    }
)
_IMAGE = frozenset({"image_url", "image", "input_image", "image_file", "computer_screenshot"})
_AUDIO = frozenset({"input_audio", "audio"})
_FILE = frozenset({"file", "input_file", "document"})
_ARGUMENTS = frozenset({"input", "arguments", "parameters", "input_schema", "function"})
"""Under these is the caller's own JSON, whose `type` means something else."""


@dataclass
class Content:
    image: bool = False
    audio: bool = False
    file: bool = False
    unknown: bool = False

    @property
    def only_text(self) -> bool:
        return not (self.image or self.audio or self.file or self.unknown)


def look_at(value: Any) -> Content:
    """What is in messages, input items or content parts, however deep."""
    found = Content()
    _walk(value, found)
    return found


def refers_to_stored(items: Any) -> bool:
    """Whether an item of a response's input stands for one that the provider has kept: its id is
    enough, without a type.
    """
    return isinstance(items, list | tuple) and any(
        isinstance(item, Mapping) and not item.get("type") and not item.get("role")
        for item in items
    )


def _walk(value: Any, found: Content) -> None:
    if isinstance(value, list | tuple):
        for item in value:
            _walk(item, found)
    elif isinstance(value, Mapping):
        kind = value.get("type")
        if isinstance(kind, str):
            found.image |= kind in _IMAGE
            found.audio |= kind in _AUDIO
            found.file |= kind in _FILE
            found.unknown |= (
                kind not in _TEXT
                and kind not in _IMAGE
                and kind not in _AUDIO
                and kind not in _FILE
            )
        # An assistant's message may name sound that the provider has kept.
        found.unknown |= value.get("role") == "assistant" and bool(value.get("audio"))
        for name, inner in value.items():
            if name not in _ARGUMENTS and isinstance(inner, list | tuple | Mapping):
                _walk(inner, found)
