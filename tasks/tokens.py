"""Prices of gas in tokens: `tokens.price`."""

from __future__ import annotations

from tasks.base import pipeline_task, venue


@pipeline_task("tokens.price")
def price() -> int:
    """Price one fill's gas in every token."""
    return venue().price_tokens.run()
