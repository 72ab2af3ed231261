"""What the services need of the outside. Each method of a store is one transaction, and no more than one.

So a use case reads: fetch, decide (one pure call of the domain), record, act. adapters/ implement these; unit tests
pass fakes.
"""

from __future__ import annotations

from typing import Protocol


class Nudges(Protocol):
    """Tells the workers that work may be due. Losing one costs latency, never correctness."""

    def nudge(self, *tasks: str) -> None:
        """Send a nudge for each task name, after the commit. Coalesced; never raises, never blocks for long."""
