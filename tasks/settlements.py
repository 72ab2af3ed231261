"""Getting fills on chain: `settlements.submit` and `settlements.track`."""

from __future__ import annotations

from tasks.base import pipeline_task, venue


@pipeline_task("settlements.submit")
def submit() -> int:
    """Send the winners' fills."""
    return venue().submit_settlements.run()


@pipeline_task("settlements.track")
def track() -> int:
    """Follow what was sent."""
    return venue().track_settlements.run()
