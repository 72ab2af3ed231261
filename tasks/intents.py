"""Ending intents: `intents.expire`."""

from __future__ import annotations

from tasks.base import pipeline_task, venue


@pipeline_task("intents.expire")
def expire() -> int:
    """Expire what the indexed chain has outlived."""
    return venue().expire_intents.run()
