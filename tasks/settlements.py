"""Getting fills on chain: `settlements.submit` and `settlements.track`."""

from __future__ import annotations

from intendly.bootstrap.settlements import SettlementsVenue
from intendly.services.submit_settlements import LANE_LEASE_S
from tasks.base import pipeline_task


@pipeline_task("settlements.submit", SettlementsVenue, limit_s=LANE_LEASE_S - 3)
def submit(venue: SettlementsVenue) -> int:
    """Send the winners' fills."""
    return venue.submit_settlements.run()


@pipeline_task("settlements.track", SettlementsVenue)
def track(venue: SettlementsVenue) -> int:
    """Follow what was sent."""
    return venue.track_settlements.run()
