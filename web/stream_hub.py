"""One reader of events for a whole process, and who of its connections hears what.

Events are dispatched in the order of their numbers, without a hole: what Redis did not bring is read from PostgreSQL.
Everything here runs in one thread under gevent: what does not wait for I/O is not interrupted.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Final, Protocol

import gevent
import structlog
from sqlalchemy.exc import SQLAlchemyError

from intendly.adapters.live import LiveUnavailable
from intendly.domain.events import Published, StreamHead
from intendly.services.ports import EventStore
from web.stream_frame import Frame
from web.stream_history import EVENTS_MAX, History
from web.stream_topics import topics_to

log = structlog.get_logger(__name__)

PAGE: Final = 1_000
WITHOUT_REDIS_S: Final = 0.25
CLOCK_TRIP_MAX_S: Final = 0.05
OPEN_AUCTIONS_MAX: Final = 10_000


class Listener(Protocol):
    """A connection, as the hub sees it."""

    def take(self, event: Published, frame: Frame) -> None:
        """An event that it hears, in order, and what is said of it."""
        ...

    def lost_its_place(self) -> None:
        """The numbers begin anew: nothing that it knows can be resumed."""
        ...


class Feed(Protocol):
    """Events as Redis brings them (intendly.adapters.live.RedisFeed)."""

    def attach(self) -> None:
        """Hear what is pushed from now on. Raises `LiveUnavailable`."""
        ...

    def receive(self) -> list[Published]:
        """The next batch, or none within about a second. Raises `LiveUnavailable`."""
        ...


class Hub:
    """The audience of each event, by topic, and the newest events for those who resume."""

    def __init__(self, store: EventStore, feed: Feed) -> None:
        self._store = store
        self._feed = feed
        self._topics: dict[str, set[Listener]] = {}
        self._head: StreamHead | None = None
        self._clock_ahead_ms: float | None = None
        self.history = History()
        self.is_live = False

    @property
    def head(self) -> StreamHead:
        """The newest event that was dispatched here. Raises `RuntimeError` before the first reading."""
        if self._head is None:
            raise RuntimeError("the events are not read yet")
        return self._head

    @property
    def is_ready(self) -> bool:
        return self._head is not None

    def now_ms(self) -> int:
        """The database's clock, unix milliseconds: an auction closes by that one, whatever this machine's says."""
        return int(time.time() * 1000 + (self._clock_ahead_ms or 0))

    def add(self, listener: Listener, topics: Iterable[str]) -> None:
        """Tell it what is told to these topics (web/stream_topics.py), from the next event on."""
        for topic in topics:
            self._topics.setdefault(topic, set()).add(listener)

    def remove(self, listener: Listener, topics: Iterable[str]) -> None:
        """Tell it nothing more of these."""
        for topic in topics:
            audience = self._topics.get(topic)
            if audience is not None:
                audience.discard(listener)
                if not audience:
                    del self._topics[topic]

    def run(self) -> None:
        """Read events for ever."""
        while True:
            try:
                self.read()
            except SQLAlchemyError as error:
                log.warning("events_not_read", error=type(error).__name__)
                gevent.sleep(WITHOUT_REDIS_S)
            except Exception:
                # Without its reader the process would hold its clients and tell them nothing.
                log.exception("events_not_read")
                gevent.sleep(WITHOUT_REDIS_S)

    def read(self) -> None:
        """One wait: a batch from Redis, or a look at PostgreSQL when none came in a second or Redis is away."""
        try:
            self._feed.attach()
            if self._head is None:
                self.look()
            batch = self._feed.receive()
            self.is_live = True
        except LiveUnavailable as error:
            if self.is_live:
                log.warning("live_feed_lost", error=str(error))
            self.is_live, batch = False, []
            gevent.sleep(WITHOUT_REDIS_S)
        for event in batch:
            self._take(event)
        if not batch:
            self.look()

    def _take(self, event: Published) -> None:
        head = self.head
        if event.epoch != head.epoch or event.number > head.last + 1:
            self.look()
        elif event.number == head.last + 1:
            self._dispatch(event)

    def look(self) -> None:
        """Whatever lies behind the last number, from PostgreSQL; everyone starts anew in a new epoch.

        From any greenlet: what another one dispatched meanwhile is passed over.
        """
        known, newest = self._head, self._read_head()
        if self._head is None or known is None:
            if self._head is None:
                self._begin(newest)
            return
        if newest.epoch != self._head.epoch or newest.last < known.last:
            if self._begin(newest):
                log.warning("event_epoch_changed", epoch=newest.epoch)
                for listener in {each for audience in self._topics.values() for each in audience}:
                    listener.lost_its_place()
            return
        while self._head.last < newest.last and (page := self._store.since(self._head.last, PAGE)):
            for event in page:
                if event.number > self._head.last:
                    self._dispatch(event)

    def _read_head(self) -> StreamHead:
        began = time.time()
        head = self._store.head()
        ended = time.time()
        if self._clock_ahead_ms is None or ended - began < CLOCK_TRIP_MAX_S:
            self._clock_ahead_ms = head.read_at - (began + ended) * 500
        return head

    def _begin(self, newest: StreamHead) -> bool:
        """Read what those who resume will ask for, then be ready; False where another greenlet was faster."""
        before, history, last = self._head, History(), max(0, newest.last - EVENTS_MAX)
        history.begin(last)
        while last < newest.last and (page := self._store.since(last, PAGE)):
            for event in page:
                history.add(event, self.frame(event))
            last = page[-1].number
        openings = self._store.open_auctions(last, OPEN_AUCTIONS_MAX)
        history.take_bids((event, self.frame(event)) for event in openings)
        if self._head is not before:
            return False
        self.history, self._head = history, StreamHead(newest.epoch, last)
        return True

    def frame(self, event: Published) -> Frame:
        """What is said of `event`."""
        return Frame.of(event, self.now_ms)

    def _dispatch(self, event: Published) -> None:
        self._head = StreamHead(event.epoch, event.number)
        frame = self.frame(event)
        self.history.add(event, frame)
        for listener in self._audience(event):
            listener.take(event, frame)

    def _audience(self, event: Published) -> dict[Listener, None]:
        """Each once, in the order of the topics."""
        found: dict[Listener, None] = {}
        for topic in topics_to(event):
            found.update(dict.fromkeys(self._topics.get(topic, ())))
        return found
