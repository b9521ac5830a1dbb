"""Asks the provider of every stream to tell its usage at the end."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import litellm

from . import catalog
from .routes import Kind


def ask_for_usage(kind: Kind, data: dict[str, Any], auth: Any) -> bool:
    """Asks the provider to tell the usage of a stream; True where the client did not ask for it and
    must not see it.
    """
    if not data.get("stream") or kind not in (Kind.CHAT, Kind.COMPLETION):
        return False
    options = data.get("stream_options")
    options = options if isinstance(options, dict) else {}
    if options.get("include_usage") is True:
        # Asked for by the client, or by the proxy, which then hides it.
        return False
    group = str(data.get("model"))
    models = [
        deployment.get("litellm_params", {})
        for deployment in catalog.deployments_of(group, getattr(auth, "team_id", None))
    ] or [{"model": group}]
    if not all(
        _takes_stream_options(str(params.get("model")), params.get("custom_llm_provider"))
        for params in models
    ):
        return False
    data["stream_options"] = {**options, "include_usage": True}
    return True


@lru_cache(maxsize=4096)
def _takes_stream_options(name: str, stated_provider: str | None) -> bool:
    try:
        model, provider, _, _ = litellm.get_llm_provider(
            model=name, custom_llm_provider=stated_provider
        )
        supported = litellm.get_supported_openai_params(model=model, custom_llm_provider=provider)
    except Exception:
        # litellm's way to say that it does not know the model.
        return False
    return provider == "text-completion-openai" or "stream_options" in (supported or ())
