"""Numbers what has been committed, densely and once, then tells the stream servers (design: Events without gaps)."""

from __future__ import annotations

import time
from typing import Final

import structlog

from intendly.services.ports import EventStore, LivePush

log = structlog.get_logger(__name__)

BATCH: Final = 500
BATCHES: Final = 40
"""At most, in one tick: far from the task's time limit. The next tick goes on."""
PATIENCE_S: Final = 0.1
LOOK_EVERY_S: Final = 0.005


class PublishEvents:
    """Publishes until the outbox is empty, or `BATCHES`. One at a time; a second one leaves at once."""

    def __init__(self, store: EventStore, live: LivePush) -> None:
        self._store = store
        self._live = live

    def run(self) -> int:
        """Returns how many events were published."""
        return self._published() or 0

    def tell(self) -> None:
        """The same for what the caller has just committed: another publisher, which may have looked before that, is
        waited for, though not for long. What it leaves is the next tick's.
        """
        ends = time.monotonic() + PATIENCE_S
        while self._published() is None and time.monotonic() < ends:
            time.sleep(LOOK_EVERY_S)

    def _published(self) -> int | None:
        """None where another publisher is at it."""
        published = 0
        for _ in range(BATCHES):
            events = self._store.publish(BATCH)
            if events is None:
                return None
            if not events:
                break
            self._live.push(events)
            published += len(events)
            log.info("events_published", first=events[0].number, last=events[-1].number)
        return published
