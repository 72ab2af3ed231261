"""Reading the chain: `chain.index`."""

from __future__ import annotations

from tasks.base import pipeline_task, venue


@pipeline_task("chain.index")
def index() -> int:
    """Bring the index to the head of the chain."""
    return venue().index_chain.run()
