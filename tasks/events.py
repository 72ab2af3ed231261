"""Telling the streams: `events.publish`."""

from __future__ import annotations

from intendly.bootstrap.auctions import AuctionsVenue
from tasks.base import pipeline_task


@pipeline_task("events.publish", AuctionsVenue, tells=False)
def publish(venue: AuctionsVenue) -> int:
    """Number what has been committed, and push it."""
    return venue.publish_events.run()
