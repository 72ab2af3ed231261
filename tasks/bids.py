"""Bids: asking the solvers that are asked over HTTP."""

from __future__ import annotations

from intendly.bootstrap.asking import AskingVenue
from tasks.base import pipeline_task


@pipeline_task("bids.collect", AskingVenue, tells=False)
def collect(venue: AskingVenue) -> int:
    """Ask every solver about the open auctions that it was not asked about yet."""
    return venue.collect_bids.run()
