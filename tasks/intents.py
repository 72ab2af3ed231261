"""Ending intents: `intents.expire`."""

from __future__ import annotations

from intendly.bootstrap.settlements import SettlementsVenue
from tasks.base import pipeline_task


@pipeline_task("intents.expire", SettlementsVenue)
def expire(venue: SettlementsVenue) -> int:
    """Expire what the indexed chain has outlived."""
    return venue.expire_intents.run()
