"""Numbers what has been committed, densely and once, then tells the stream servers (design: Events without gaps)."""

from __future__ import annotations

from typing import Final

import structlog

from intendly.services.ports import EventStore, LivePush

log = structlog.get_logger(__name__)

BATCH: Final = 500
BATCHES: Final = 40
"""At most, in one tick: far from the task's time limit. The next tick goes on."""


class PublishEvents:
    """One tick publishes until the outbox is empty, or `BATCHES`. One at a time; a second one leaves at once."""

    def __init__(self, store: EventStore, live: LivePush) -> None:
        self._store = store
        self._live = live

    def run(self) -> int:
        """Returns how many events were published."""
        published = 0
        for _ in range(BATCHES):
            events = self._store.publish(BATCH)
            if not events:
                break
            self._live.push(events)
            published += len(events)
            log.info("events_published", first=events[0].number, last=events[-1].number)
        return published
