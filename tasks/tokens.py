"""Prices of gas in tokens: `tokens.price`."""

from __future__ import annotations

from intendly.bootstrap.settlements import SettlementsVenue
from tasks.base import pipeline_task


@pipeline_task("tokens.price", SettlementsVenue, tells=False)
def price(venue: SettlementsVenue) -> int:
    """Price one fill's gas in every token."""
    return venue.price_tokens.run()
