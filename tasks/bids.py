"""Bids: asking the solvers that are asked over HTTP."""

from __future__ import annotations

from tasks.base import pipeline_task, venue


@pipeline_task("bids.collect")
def collect() -> int:
    """Ask every solver about the open auctions that it was not asked about yet."""
    return venue().collect_bids.run()
