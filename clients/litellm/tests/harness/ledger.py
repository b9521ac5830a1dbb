"""What the authority has on its books, read over its own API; money as whole micro-USD."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

import httpx

from .processes import wait_until

SETTLED_WITHIN_S = 30


def micro(usd: str) -> int:
    amount = Decimal(usd) * 1_000_000
    assert amount == amount.to_integral_value(), usd
    return int(amount)


def usd(micro_usd: int) -> str:
    return f"{Decimal(micro_usd) / 1_000_000:.6f}"


class Ledger:
    def __init__(self, url: str) -> None:
        self._url = url
        self.gateway = httpx.Client(
            base_url=url, headers={"Authorization": "Bearer bak_demo_gateway"}, timeout=60
        )
        self.admin = httpx.Client(
            base_url=url, headers={"Authorization": "Bearer bak_demo_admin"}, timeout=60
        )

    def new_run(self, limit_micro: int | None = None) -> str:
        run_id = f"run-{uuid.uuid4().hex[:12]}"
        if limit_micro is not None:
            self.gateway.post(
                "/budget/runs", json={"run_id": run_id, "limit_usd": usd(limit_micro)}
            ).raise_for_status()
        return run_id

    def run(self, run_id: str) -> dict[str, Any] | None:
        response = self.gateway.get(f"/budget/runs/{run_id}")
        return None if response.status_code == 404 else dict(response.raise_for_status().json())

    def committed(self, run_id: str) -> int:
        run = self.run(run_id)
        return micro(run["committed_usd"]) if run else 0

    def decision(self, decision_id: str) -> dict[str, Any]:
        return dict(self.gateway.get(f"/budget/decisions/{decision_id}").raise_for_status().json())

    def settles_at(
        self, run_id: str, expected_micro: int, within_s: float = SETTLED_WITHIN_S
    ) -> None:
        """Waits until nothing of the run is held, then holds what was committed against what is
        expected.
        """
        seen: dict[str, Any] = {}

        def settled() -> bool:
            run = self.run(run_id)
            seen.clear()
            seen.update(run or {"committed_usd": "0.00", "reserved_usd": "0.00"})
            return (
                micro(seen["reserved_usd"]) == 0 and micro(seen["committed_usd"]) >= expected_micro
            )

        try:
            wait_until(settled, within_s, "settled")
        except AssertionError:
            raise AssertionError(
                f"{run_id}: expected {usd(expected_micro)} committed and nothing reserved, "
                f"but committed {seen['committed_usd']}, reserved {seen['reserved_usd']}"
            ) from None
        assert micro(seen["committed_usd"]) == expected_micro, (
            f"{run_id}: expected {usd(expected_micro)}, committed {seen['committed_usd']}"
        )

    def put_policy(self, change: dict[str, Any]) -> dict[str, Any]:
        """Changes some of the tenant's policy; answers with the whole of it as it was."""
        before = self.admin.get("/budget/policy").raise_for_status().json()
        self.admin.put("/budget/policy", json={**before, **change}).raise_for_status()
        return dict(before)
