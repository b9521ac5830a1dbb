"""Tools that the provider runs, and bills by use.

A tool is judged by all its keys: what says `function` may hold a search of the provider's beside
it, and a router's deployment decides which of the two counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_OF_FUNCTIONS = frozenset(
    {
        "type", "function", "name", "description", "parameters", "strict", "input_schema",
        "cache_control", "defer_loading", "allowed_callers", "input_examples", "format", "custom",
        "display_width_px", "display_height_px", "display_number", "display_width",
        "display_height", "function_declarations", "functionDeclarations", "environment",
        "max_characters", "eager_input_streaming", "tools",
        "execution", "enabled", "returns", "enable_zoom",
    }
)  # fmt: skip
"""Keys of tools that the caller runs: none of them brings input or is billed apart."""

_SIGNS_OF_FUNCTIONS = {"name", "function", "function_declarations", "functionDeclarations"}

_CALLERS_OWN = (
    "function", "custom", "local_shell", "shell", "bash_", "text_editor", "computer", "memory_",
    "apply_patch", "tool_search", "namespace",
)  # fmt: skip
"""Types of tools whose results come back as input and cost nothing apart."""

_RUN_BY_PROVIDER_UNBILLED = ("mcp", "web_fetch", "urlcontext")

_NAMES = {
    "websearch": "web_search",
    "googlesearch": "web_search",
    "enterprisewebsearch": "web_search",
    "xsearch": "web_search",
    "livesearch": "web_search",
    "googlemaps": "google_maps",
    "filesearch": "file_search",
    "codeinterpreter": "code_interpreter",
    "codeexecution": "code_execution",
    "imagegeneration": "image_generation",
    "shell": "code_interpreter",
}
"""How a provider's name of a tool begins, in one spelling, and the price table's name."""


@dataclass
class BilledTools:
    bounds: dict[str, int | None] = field(default_factory=dict)
    """Uses at most, by the price table's name; None where the request sets no bound."""
    run_by_provider: bool = False
    """Whether anything brings input of its own, that no count of the request bounds."""


def read(data: Mapping[str, Any]) -> BilledTools:
    found = BilledTools()
    whole_bound = data.get("max_tool_calls")
    # litellm takes what is among the functions for a tool.
    for tool in (*_listed(data.get("tools")), *_listed(data.get("functions"))):
        if isinstance(tool, Mapping):
            _read_one(tool, whole_bound, found)
    if data.get("web_search_options") is not None:
        _add(found, "web_search", None)
    for plugin in data.get("plugins") or ():
        _add(found, str(plugin.get("id") if isinstance(plugin, Mapping) else plugin), None)
    if data.get("mcp_servers"):
        found.run_by_provider = True
    live = data.get("search_parameters")
    if live and not (isinstance(live, Mapping) and live.get("mode") == "off"):
        _add(found, "web_search", None)
    return found


def _listed(tools: Any) -> list[Any]:
    return list(tools) if isinstance(tools, list | tuple) else [tools]


def _read_one(tool: Mapping[str, Any], whole_bound: Any, found: BilledTools) -> None:
    kind = str(tool.get("type") or "")
    if _is_callers_own(kind, tool):
        # What is not a key of such a tool is another tool beside it.
        for name in tool:
            if name not in _OF_FUNCTIONS:
                _add_by_name(found, str(name), None)
        for inner in tool.get("tools") or ():
            if isinstance(inner, Mapping):
                _read_one(inner, whole_bound, found)
        return
    bound = tool.get("max_uses", whole_bound)
    bound = bound if isinstance(bound, int) and not isinstance(bound, bool) else None
    if kind:
        _add_by_name(found, kind, bound)
    for name in tool:
        if not kind or _one_spelling(str(name)).startswith(tuple(_NAMES)):
            _add_by_name(found, str(name), bound)


def _is_callers_own(kind: str, tool: Mapping[str, Any]) -> bool:
    if kind.startswith("shell") and _is_hosted(tool.get("environment")):
        return False
    if kind:
        return kind.startswith(_CALLERS_OWN)
    # Anthropic's own tools have a name and a schema.
    return not tool.keys().isdisjoint(_SIGNS_OF_FUNCTIONS)


def _is_hosted(environment: Any) -> bool:
    kind = environment.get("type") if isinstance(environment, Mapping) else environment
    return environment is not None and kind != "local"


def _add_by_name(found: BilledTools, name: str, bound: int | None) -> None:
    plain = _one_spelling(name)
    if plain.startswith(_RUN_BY_PROVIDER_UNBILLED):
        found.run_by_provider = True
        return
    # A name that the price table does not have either has no price there, and is refused.
    ours = next((ours for theirs, ours in _NAMES.items() if plain.startswith(theirs)), name)
    _add(found, ours, bound)


def _one_spelling(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


def _add(found: BilledTools, name: str, bound: int | None) -> None:
    found.run_by_provider = True
    if name in found.bounds:
        earlier = found.bounds[name]
        bound = None if bound is None or earlier is None else bound + earlier
    found.bounds[name] = bound


_SEARCH_ONCE = ("-search-preview", "-search-api", "perplexity/sonar")
_SEARCH_AT_WILL = ("perplexity/sonar-deep-research", "gemini/deep-research")


def always_used(row: Mapping[str, Any] | None) -> dict[str, int | None]:
    """The billed tools that a model uses at every call, whatever was asked for; None where
    nothing bounds how often. What it finds is not billed as input.
    """
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
    counted = {name: max(uses, told.get(name, 0)) for name, uses in least.items()}
    return {**usage, "billed_tools": {**told, **counted}}


def write_bounds(data: dict[str, Any], uses: int) -> None:
    """Bounds every billed tool that has no bound, where the provider takes one: `max_uses` of a
    tool, or `max_tool_calls` of a response.
    """
    if "input" in data and any(bound is None for bound in read(data).bounds.values()):
        data.setdefault("max_tool_calls", uses)
        return
    data["tools"] = [
        {**tool, "max_uses": uses} if _may_be_bounded(tool) else tool
        for tool in data.get("tools") or ()
    ]


def _may_be_bounded(tool: Any) -> bool:
    return (
        isinstance(tool, Mapping)
        and str(tool.get("type")).startswith("web_search")
        and "max_uses" not in tool
    )
