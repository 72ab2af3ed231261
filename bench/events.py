"""Events of a site: made, told to its stream servers, and timed at the clients; and the same by bare servers."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from intendly_sdk.messages import EventKind
from intendly_sdk.primitives import Address, Hash32

from bench.bare_stream import BareServer
from bench.clients import text_frame
from bench.crowd import Crowd
from intendly.adapters.db import outbox
from intendly.adapters.db.engine import Database
from intendly.adapters.db.events import EventStore
from intendly.adapters.live import RedisLive
from intendly.domain.events import Change, Published
from intendly.settings import Settings

STREAM_SERVER: Final = "websocket-server"
SWAPPER: Final = Address(b"\x5a" * 20)
SUBSCRIBE: Final = {"swappers": [str(SWAPPER)]}


class Events:
    """The events of a site: made, and told to its stream servers."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._database = database
        self.store = EventStore(database)
        self.live = RedisLive(settings.redis_url.get_secret_value())
        self._made = 0

    def commit(self, count: int) -> None:
        """As many changes of one swapper's intents, of about 300 bytes each on the wire."""
        first, self._made = self._made, self._made + count
        with self._database.transaction() as connection:
            outbox.record(connection, [_accepted(number) for number in range(first, first + count)])

    def number(self, count: int = 1) -> list[Published]:
        """The next events, committed and not yet told."""
        self.commit(count)
        return self.store.publish(count) or []


@contextmanager
def events_of(settings: Settings) -> Iterator[Events]:
    database = Database(settings.sqlalchemy_url, pool_size=2, application="bench")
    try:
        yield Events(settings, database)
    finally:
        database.dispose()


def _accepted(number: int) -> Change:
    intent_hash = Hash32(number.to_bytes(32, "big"))
    return Change(EventKind.INTENT_ACCEPTED, intent_hash, swapper=SWAPPER, data={"state": "open", "reason": "accepted"})


def frames_of(events: Sequence[Published]) -> bytes:
    """What a server writes to each who hears them."""
    return b"".join(text_frame(event.frame) for event in events)


def told(events: Events, clients: Crowd) -> list[float]:
    """How many milliseconds after it was pushed each client had an event."""
    published = events.number()
    began = time.monotonic()
    events.live.push(published)
    return [(at - began) * 1_000 for at in clients.frames()]


def told_bare(bares: Sequence[BareServer], clients: Crowd, data: bytes) -> list[float]:
    """The same, where the servers only write."""
    began = time.monotonic()
    for bare in bares:
        bare.tell(data)
    at = clients.frames()
    for bare in bares:
        bare.wait_told()
    return [(each - began) * 1_000 for each in at]
