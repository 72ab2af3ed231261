"""Numbers what has been committed, densely and once, then tells the stream servers (design: Events without gaps)."""

from __future__ import annotations

from typing import Final

from intendly.services.ports import EventStore, LivePush

BATCH: Final = 500


class PublishEvents:
    """One tick publishes until the outbox is empty. One publisher at a time; a second one leaves at once."""

    def __init__(self, store: EventStore, live: LivePush) -> None:
        self._store = store
        self._live = live

    def run(self) -> int:
        """Returns how many events were published."""
        published = 0
        while events := self._store.publish(BATCH):
            self._live.push(events)
            published += len(events)
        return published
