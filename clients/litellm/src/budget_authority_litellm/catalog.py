"""From the proxy's names of models to the names of price rows, and back.

A name in a request is a group of deployments, of different models and prices perhaps, or an alias;
no price table has it. litellm's `get_model_info` knows which row of its price file a deployment is
billed by: `key` and `litellm_provider`. The provider's name in litellm is another thing (`bedrock`
for rows of `bedrock_converse`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

import litellm

from .routes import Kind


@dataclass(frozen=True)
class Target:
    """What is called, by the names of the price table."""

    provider: str | None
    model: str

    def as_fields(self) -> dict[str, str]:
        return {"model": self.model, **({"provider": self.provider} if self.provider else {})}

    def row(self) -> Mapping[str, Any] | None:
        """litellm's row; None for a model that it does not know."""
        row = litellm.model_cost.get(self.model)
        return {**row, "key": self.model} if isinstance(row, Mapping) else None


@lru_cache(maxsize=8192)
def _row_of(model: str, provider: str | None) -> Target:
    try:
        info = litellm.get_model_info(model=model, custom_llm_provider=provider)
        return Target(info["litellm_provider"], info["key"])
    except Exception:
        # litellm says so of a model that it does not know with a bare Exception. The authority may
        # have a price for it all the same.
        try:
            bare, guessed, _, _ = litellm.get_llm_provider(
                model=model, custom_llm_provider=provider
            )
            return Target(guessed, bare)
        except Exception:
            return Target(provider, model)


def target_of(kind: Kind, params: Mapping[str, Any]) -> Target:
    """The row that a deployment's `litellm_params`, or an attempt's arguments, are billed by."""
    info = params.get("model_info")
    base = (info.get("base_model") if isinstance(info, Mapping) else None) or params.get(
        "base_model"
    )
    model = str(base or params.get("model") or "")
    provider = params.get("custom_llm_provider")
    provider = (
        str(provider) if provider and not model.startswith(f"{provider}/") and not base else None
    )
    target = _row_of(model, provider)
    if kind is Kind.IMAGE and target.row() is None:
        return _by_size(target, params)
    return target


def _by_size(target: Target, params: Mapping[str, Any]) -> Target:
    """Some image models have a row for each size and quality."""
    size = str(params.get("size") or "1024x1024").replace("x", "-x-")
    quality = str(params.get("quality") or "standard")
    prefix = f"{target.provider}/" if target.provider else ""
    for name in (f"{quality}/{size}/{target.model}", f"{size}/{target.model}"):
        for key in (prefix + name, name):
            row = litellm.model_cost.get(key)
            if isinstance(row, Mapping):
                return Target(str(row.get("litellm_provider") or target.provider), key)
    return target


def target_of_attempt(kind: Kind, kwargs: Mapping[str, Any], trusted: bool = False) -> Target:
    """The row that an attempt is billed by.

    Its arguments are the deployment's and the client's in one: what the model stands for is read
    from the router's deployment alone.

    :param trusted: whether no client had a part in it
    """
    if trusted:
        return target_of(kind, kwargs)
    ours = {
        name: value for name, value in kwargs.items() if name not in ("base_model", "model_info")
    }
    base = _base_model(kwargs)
    return target_of(kind, {**ours, **({"base_model": base} if base else {})})


def _base_model(kwargs: Mapping[str, Any]) -> str | None:
    info = kwargs.get("model_info")
    name = info.get("id") if isinstance(info, Mapping) else None
    router = _router()
    deployment = router.get_deployment(model_id=str(name)) if router is not None and name else None
    if deployment is None:
        return None
    params, about = deployment.litellm_params, deployment.model_info
    model = str(getattr(params, "model", ""))
    called = str(kwargs.get("model") or "")
    if "*" not in model and called not in (model, model.partition("/")[2]):
        return None
    base = getattr(about, "base_model", None) or getattr(params, "base_model", None)
    return str(base) if base else None


def _router() -> Any:
    from litellm.proxy import proxy_server

    return proxy_server.llm_router


def deployments_of(group: str, team_id: str | None) -> list[Mapping[str, Any]]:
    router = _router()
    if router is None:
        return []
    return list(router.get_model_list(model_name=group, team_id=team_id) or ())


_CHOOSES = "auto_router/"
"""How the model of a deployment begins that chooses another deployment."""


def dearest(
    kind: Kind,
    data: Mapping[str, Any],
    team_id: str | None,
    expected_input: int,
    expected_output: int,
) -> Target | None:
    """The deployment that this request would cost most on, of those that may be chosen for it.

    None where that is not known yet: a router of the proxy's chooses a model, or the proxy has no
    such model, which it says itself. What is called in the end is asked for then.
    """
    group = str(data.get("model") or "")
    targets: list[Target] = []
    for deployment in deployments_of(group, team_id):
        params = {
            **deployment.get("litellm_params", {}),
            "model_info": deployment.get("model_info", {}),
            "size": data.get("size"),
            "quality": data.get("quality"),
        }
        if str(params.get("model")).startswith(_CHOOSES):
            return None
        target = target_of(kind, params)
        if target not in targets:
            targets.append(target)
    if not targets:
        named = {"model": group, "size": data.get("size"), "quality": data.get("quality")}
        target = target_of(kind, named)
        return target if target.row() is not None else None
    return max(targets, key=lambda target: _cost(target, expected_input, expected_output))


def _cost(target: Target, expected_input: int, expected_output: int) -> Decimal:
    row = target.row() or {}
    return (
        _price(row, "input_cost_per_token") * expected_input
        + _price(row, "output_cost_per_token") * expected_output
        + _price(row, "input_cost_per_query")
    )


def _price(row: Mapping[str, Any], name: str) -> Decimal:
    # Only to compare; by its shortest decimal, so that no float enters a sum of money.
    value = row.get(name)
    return Decimal(str(value)) if isinstance(value, int | float) else Decimal(0)


def group_serving(kind: Kind, provider: str, model: str, auth: Any) -> str | None:
    """A group of this proxy all of whose deployments are that model, and that the proxy's key may
    use; None where there is none.
    """
    router = _router()
    names: dict[str, bool] = {}
    for deployment in (router.get_model_list() or ()) if router is not None else ():
        target = target_of(
            kind,
            {
                **deployment.get("litellm_params", {}),
                "model_info": deployment.get("model_info", {}),
            },
        )
        name = str(deployment.get("model_name"))
        names[name] = names.get(name, True) and target == Target(provider, model)
    return next(
        (
            name
            for name, whole in names.items()
            if whole and "*" not in name and may_use(auth, name)
        ),
        None,
    )


_EVERYTHING = frozenset({"*", "all-proxy-models", "all-team-models"})


def may_use(auth: Any, group: str) -> bool:
    """Whether the proxy's key and its team are allowed the group. Access groups are not resolved:
    what only they allow is taken as not allowed.
    """
    return all(_allows(getattr(auth, name, None), group) for name in ("models", "team_models"))


def _allows(models: Iterable[Any] | None, group: str) -> bool:
    listed = {str(model) for model in models or ()}
    return not listed or group in listed or bool(listed & _EVERYTHING)
