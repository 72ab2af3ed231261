"""Reading the chain: `chain.index`."""

from __future__ import annotations

from intendly.bootstrap.settlements import SettlementsVenue
from tasks.base import pipeline_task


@pipeline_task("chain.index", SettlementsVenue)
def index(venue: SettlementsVenue) -> int:
    """Bring the index to the head of the chain."""
    return venue.index_chain.run()
