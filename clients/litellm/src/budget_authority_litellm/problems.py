"""Refusals as the proxy's clients see them: the authority's problem document inside an error of
OpenAI's shape.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import HTTPException
from litellm.proxy._types import ProxyException

Problem = Mapping[str, Any]

_LONGEST_WAIT_S = 60
"""SDKs wait no longer for a retry."""


def local_problem(status: int, code: str, detail: str, **more: Any) -> dict[str, Any]:
    """A problem of this hook's own, in the shape of the authority's."""
    title = code.replace("_", " ").capitalize()
    return {
        "type": f"/problems/{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        **more,
    }


class Refusal(ProxyException):  # type: ignore[misc]  # litellm is untyped here
    """Ends a request with the authority's status, problem and headers.

    The problem is in `error.provider_specific_fields`, which survives on every route that hands on
    the exception as it is.
    """

    def __init__(
        self, problem: Problem, headers: Mapping[str, str] | None = None, in_router: bool = False
    ) -> None:
        status = int(problem.get("status") or 402)
        stated = problem.get("detail") or problem.get("title")
        self.message: str
        super().__init__(
            message=str(stated or "The budget authority refused this request."),
            type=str(problem.get("code") or "budget"),
            param=None,
            code=status,
            headers=dict(headers or {}),
            provider_specific_fields=dict(problem),
        )
        self.problem = dict(problem)
        # The router cools a deployment down after 401, 402, 404, 408, 429 and 5xx. It did nothing
        # wrong.
        self.status_code = 403 if in_router else status
        self.detail: str = self.message

    def name_unbounded(self, fields: Sequence[str]) -> None:
        """Says which fields made the input as large as the model's window."""
        if not fields or self.status >= 500:
            return
        self.problem["unbounded_by"] = list(fields)
        self.provider_specific_fields = dict(self.problem)
        listed = ", ".join(fields)
        self.message = self.detail = (
            f"{self.detail} Nothing bounds the input of this request, because of {listed}."
        )

    def say_whether_to_retry(self, is_retry: bool) -> None:
        """OpenAI's and Anthropic's SDKs obey `x-should-retry`: once, where waiting helps.

        :param is_retry: whether the refused request is itself such a retry
        """
        if self.status >= 500:
            return
        waits = "wait" in (self.problem.get("remedies") or ()) and self._retry_after_s() is not None
        self.headers["x-should-retry"] = "true" if waits and not is_retry else "false"

    def write_as_anthropic(self) -> None:
        """As that API's errors are: the proxy hands on a message which is one as it is."""
        code = self.problem.get("code")
        error = {"type": code, "message": f"{code}: {self.detail}"}
        self.message = json.dumps({"type": "error", "error": error})

    def _retry_after_s(self) -> int | None:
        """None where there is none, or one that no client would wait for."""
        stated = next((v for k, v in self.headers.items() if k.lower() == "retry-after"), "")
        return int(stated) if stated.isdecimal() and int(stated) <= _LONGEST_WAIT_S else None

    @property
    def status(self) -> int:
        return int(self.code)

    def as_http_exception(self) -> HTTPException:
        """For the hook that may only answer with an `HTTPException`."""
        return HTTPException(
            status_code=int(self.code),
            detail={
                "error": self.detail,
                "message": self.detail,
                "type": self.type,
                "code": self.problem.get("code"),
                "provider_specific_fields": self.problem,
            },
            headers=dict(self.headers),
        )
