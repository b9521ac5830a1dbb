"""Refusals as the proxy's clients see them: the authority's problem document inside an error of OpenAI's shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import HTTPException
from litellm.proxy._types import ProxyException

Problem = Mapping[str, Any]


def local_problem(status: int, code: str, detail: str, **more: Any) -> dict[str, Any]:
    """A problem of this hook's own, in the shape of the authority's."""
    title = code.replace("_", " ").capitalize()
    return {"type": f"/problems/{code}", "title": title, "status": status, "detail": detail, "code": code, **more}


class Refusal(ProxyException):  # type: ignore[misc]  # litellm is untyped here
    """Ends a request with the authority's status, problem and headers.

    The problem is in `error.provider_specific_fields`, which survives on every route that hands on the exception as it is.
    """

    def __init__(self, problem: Problem, headers: Mapping[str, str] | None = None, in_router: bool = False) -> None:
        status = int(problem.get("status") or 402)
        super().__init__(
            message=str(problem.get("detail") or problem.get("title") or "The budget authority refused this request."),
            type=str(problem.get("code") or "budget"),
            param=None,
            code=status,
            headers=dict(headers or {}),
            provider_specific_fields=dict(problem),
        )
        self.problem = dict(problem)
        # The router cools a deployment down after 401, 402, 404, 408, 429 and 5xx. It did nothing wrong.
        self.status_code = 403 if in_router else status
        self.detail = self.message

    def as_http_exception(self) -> HTTPException:
        """For the hook that may only answer with an `HTTPException`."""
        return HTTPException(
            status_code=int(self.code),
            detail={
                "error": self.message,
                "message": self.message,
                "type": self.type,
                "code": self.problem.get("code"),
                "provider_specific_fields": self.problem,
            },
            headers=dict(self.headers),
        )
