"""Telling the streams: `events.publish`."""

from __future__ import annotations

from tasks.base import pipeline_task, venue


@pipeline_task("events.publish")
def publish() -> int:
    """Number what has been committed, and push it."""
    return venue().publish_events.run()
