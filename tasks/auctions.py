"""Auctions: opening and closing what is due."""

from __future__ import annotations

from intendly.bootstrap.auctions import AuctionsVenue
from tasks.base import pipeline_task


@pipeline_task("auctions.open", AuctionsVenue)
def open_due(venue: AuctionsVenue) -> int:
    """Open an auction for every intent that is due."""
    return venue.open_auctions.run()


@pipeline_task("auctions.close", AuctionsVenue)
def close_due(venue: AuctionsVenue) -> int:
    """Close every auction that is due, and sign what was won."""
    return venue.close_auctions.run()
