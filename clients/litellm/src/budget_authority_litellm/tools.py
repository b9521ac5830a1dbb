"""Tools that the provider runs, and bills by use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_CALLERS_OWN = ("function", "custom", "local_shell", "shell", "bash_", "text_editor", "computer", "memory_", "apply_patch", "tool_search", "namespace")
"""Run by the caller: their results come back as input and cost nothing apart."""

_RUN_BY_PROVIDER_UNBILLED = ("mcp", "web_fetch")
_NAMES = {"web_search": "web_search", "google_search": "web_search", "googleSearch": "web_search", "enterpriseWebSearch": "web_search",
          "googleMaps": "google_maps", "google_maps": "google_maps", "file_search": "file_search", "code_interpreter": "code_interpreter"}  # fmt: skip
"""The provider's name of a tool, or its beginning, and the price table's."""


@dataclass
class BilledTools:
    bounds: dict[str, int | None] = field(default_factory=dict)
    """Uses at most, by the price table's name; None where the request sets no bound."""
    run_by_provider: bool = False
    """Whether anything brings input of its own, that no count of the request bounds."""


def read(data: Mapping[str, Any]) -> BilledTools:
    found = BilledTools()
    whole_bound = data.get("max_tool_calls")
    for tool in data.get("tools") or ():
        if isinstance(tool, Mapping):
            _read_one(tool, whole_bound, found)
    if data.get("web_search_options") is not None:
        _add(found, "web_search", None)
    for plugin in data.get("plugins") or ():
        _add(found, str(plugin.get("id") if isinstance(plugin, Mapping) else plugin), None)
    if data.get("mcp_servers"):
        found.run_by_provider = True
    return found


def _read_one(tool: Mapping[str, Any], whole_bound: Any, found: BilledTools) -> None:
    kind = tool.get("type")
    if kind is None:
        # Anthropic's own tools have a name and a schema, Gemini's a key that says what they are.
        for name in tool:
            if name in _NAMES:
                _add(found, _NAMES[name], None)
        return
    kind = str(kind)
    if kind.startswith(_CALLERS_OWN):
        return
    if kind.startswith(_RUN_BY_PROVIDER_UNBILLED):
        found.run_by_provider = True
        return
    bound = tool.get("max_uses", whole_bound)
    name = next((ours for theirs, ours in _NAMES.items() if kind.startswith(theirs)), kind)
    _add(found, name, bound if isinstance(bound, int) and not isinstance(bound, bool) else None)


def _add(found: BilledTools, name: str, bound: int | None) -> None:
    found.run_by_provider = True
    if name in found.bounds:
        earlier = found.bounds[name]
        bound = None if bound is None or earlier is None else bound + earlier
    found.bounds[name] = bound


_SEARCH_ONCE = ("-search-preview", "-search-api", "perplexity/sonar")
_SEARCH_AT_WILL = ("perplexity/sonar-deep-research", "gemini/deep-research")


def always_used(row: Mapping[str, Any] | None) -> dict[str, int | None]:
    """The billed tools that a model uses at every call, whatever was asked for; None where nothing bounds how often. What it finds is not billed as input."""
    key = str((row or {}).get("key", ""))
    if any(name in key for name in _SEARCH_AT_WILL):
        return {"web_search": None}
    return {"web_search": 1} if any(name in key for name in _SEARCH_ONCE) else {}


def with_always_used(usage: dict[str, Any], row: Mapping[str, Any] | None) -> dict[str, Any]:
    """The usage with those tools in it: not every provider tells them."""
    least = {name: uses for name, uses in always_used(row).items() if uses}
    if not least:
        return usage
    told = usage.get("billed_tools", {})
    return {**usage, "billed_tools": {**told, **{name: max(uses, told.get(name, 0)) for name, uses in least.items()}}}


def write_bounds(data: dict[str, Any], uses: int) -> None:
    """Bounds every billed tool that has no bound, where the provider takes one: `max_uses` of a tool, or `max_tool_calls` of a response."""
    if "input" in data and any(bound is None for bound in read(data).bounds.values()):
        data.setdefault("max_tool_calls", uses)
        return
    data["tools"] = [
        {**tool, "max_uses": uses} if isinstance(tool, Mapping) and str(tool.get("type")).startswith("web_search") and "max_uses" not in tool else tool
        for tool in data.get("tools") or ()
    ]
