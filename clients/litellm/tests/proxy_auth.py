"""The proxy's keys in the tests: `sk-<user>-<team>` is a key of that user and team; no database is
needed for it.
"""

from __future__ import annotations

from fastapi import Request
from litellm.proxy._types import UserAPIKeyAuth


async def authenticate(request: Request, api_key: str) -> UserAPIKeyAuth:
    if not api_key.startswith("sk-"):
        raise ValueError("no such key")
    _, user, team, *models = api_key.split("-")
    role = "proxy_admin" if user == "root" else None
    return UserAPIKeyAuth(
        api_key=api_key, user_id=user, team_id=team, models=models, user_role=role
    )
