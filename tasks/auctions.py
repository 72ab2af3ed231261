"""Auctions: opening and closing what is due."""

from __future__ import annotations

from tasks.base import pipeline_task, venue


@pipeline_task("auctions.open")
def open_due() -> int:
    """Open an auction for every intent that is due."""
    return venue().open_auctions.run()


@pipeline_task("auctions.close")
def close_due() -> int:
    """Close every auction that is due, and sign what was won."""
    return venue().close_auctions.run()
