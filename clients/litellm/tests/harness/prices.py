"""What a bill comes to, by the price file and in whole pico-USD: told apart from the code under
test, which never multiplies a price.
"""

from __future__ import annotations

import json
from decimal import ROUND_CEILING, Decimal
from functools import cache
from pathlib import Path
from typing import Any

import litellm

PICO = 10**12
MICRO = 10**6


@cache
def _rows() -> dict[str, dict[str, Any]]:
    file = Path(litellm.__file__).with_name("model_prices_and_context_window_backup.json")
    rows = json.loads(file.read_text(), parse_float=Decimal)
    assert isinstance(rows, dict)
    return rows


def _pico(row: dict[str, Any], name: str, otherwise: int = 0) -> int:
    price = row.get(name)
    return (
        otherwise
        if price is None
        else int((Decimal(price) * PICO).to_integral_value(ROUND_CEILING))
    )


def charge(model: str, bill: dict[str, Any]) -> int:
    """Micro-USD of one call, rounded up once."""
    row = _rows()[model]
    suffix = f"_{bill['service_tier']}" if bill.get("service_tier") else ""
    given = _pico(row, f"input_cost_per_token{suffix}")
    made = _pico(row, f"output_cost_per_token{suffix}")
    read, written, hour = (
        bill.get(name, 0)
        for name in ("cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens")
    )
    image, audio = bill.get("output_image_tokens", 0), bill.get("output_audio_tokens", 0)
    reasoning = bill.get("reasoning_tokens", 0)
    pico = (bill.get("input_tokens", 0) - read - written) * given
    pico += read * _pico(row, f"cache_read_input_token_cost{suffix}", given)
    pico += (written - hour) * _pico(row, "cache_creation_input_token_cost", given)
    pico += hour * _pico(row, "cache_creation_input_token_cost_above_1hr", given)
    pico += (bill.get("output_tokens", 0) - image - audio - reasoning) * made
    pico += reasoning * _pico(row, "output_cost_per_reasoning_token", made)
    pico += image * _pico(row, "output_cost_per_image_token", made) + audio * _pico(
        row, "output_cost_per_audio_token", made
    )
    for unit, field in (
        ("characters", "input_cost_per_character"),
        ("seconds", "input_cost_per_second"),
        ("queries", "input_cost_per_query"),
        ("images", "output_cost_per_image"),
    ):
        pico += bill.get("units", {}).get(unit, 0) * _pico(row, field)
    searches = bill.get("billed_tools", {}).get("web_search", 0)
    if searches:
        pico += searches * max(
            int(Decimal(price) * PICO) for price in row["search_context_cost_per_query"].values()
        )
    return -(-pico // (PICO // MICRO))
