"""What one connection hears, and in which order: what came before first, then what is new, each once."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import gevent
from intendly_sdk.messages import EventKind

from intendly.domain.errors import CursorGone, TooManyTopics
from intendly.domain.events import Interest, Published
from intendly.services.ports import EventStore
from web.stream_backlog import Backlog, write_of
from web.stream_frame import Frame, Frames
from web.stream_hub import Hub
from web.stream_topics import login_of, solver_of, topics_of

PAGE: Final = 500
FIRST_PAGE: Final = 32
PAGE_BYTES: Final = 524_288
"""Of a page, about: how large events are is known from the page before."""
AT_ONCE: Final = 64
"""Events, at most, that one who resumes is told by one write, before the others have their turn."""
MOST_WAITING: Final = 4
"""Such writes that may wait for one who is slow."""
QUEUE_MAX: Final = 1_000
HELD_MAX: Final = 10_000
QUEUE_MAX_BYTES: Final = 32 << 20
"""Of live events that wait for one client, told or held back; all who hear an event share its bytes."""
TOPICS_MAX: Final = 10_000
GOING_AWAY: Final = 1001
POLICY: Final = 1008
TRY_AGAIN: Final = 1013
LOGIN_AGAIN: Final = 4401
TOO_SLOW: Final = 4408
"""The last two are our own: log in anew; the reader did not keep up."""


class Client(ABC):
    """One connection, as it is told things: a bounded queue that its own greenlet empties."""

    def __init__(self) -> None:
        self.is_over = False
        self._backlog = Backlog(QUEUE_MAX, QUEUE_MAX_BYTES)

    @abstractmethod
    def say(self, frame: Frame) -> None:
        """Send or queue a frame, without a wait. `QUEUE_MAX` frames or `QUEUE_MAX_BYTES` behind: `TOO_SLOW`."""

    @abstractmethod
    def end(self, code: int, why: str) -> None:
        """Close with a code, from any greenlet; what is still queued is not sent."""

    def wait_for_room(self, most: int) -> None:
        """Until at most so many frames, and half the bytes, wait for the client, or the connection is over."""
        while (len(self._backlog) > most or self._backlog.size > QUEUE_MAX_BYTES // 2) and not self.is_over:
            gevent.sleep(0.02)


class Following:
    """The subscriptions of one connection. `take` comes from the hub's greenlet, the rest from the connection's."""

    def __init__(self, client: Client, hub: Hub, store: EventStore) -> None:
        self._client = client
        self._hub = hub
        self._store = store
        self._topics: list[str] = []
        self._logins: dict[str, str] = {}
        self._followed = 0
        self._held: Backlog | None = None

    @property
    def is_idle(self) -> bool:
        """Nothing is followed."""
        return not self._followed

    def position(self, cursor: str | None) -> int | None:
        """The number behind which `cursor` resumes. Raises `CursorGone`."""
        if cursor is None:
            return None
        epoch, number = map(int, cursor.split("-"))
        if epoch != self._hub.head.epoch or number > self._hub.head.last:
            # Another server may have told the client what this one has not come to yet.
            self._hub.look()
        head = self._hub.head
        if epoch != head.epoch or number > head.last:
            raise CursorGone(f"the events begin anew at {head.cursor}: read the state, then subscribe from there")
        return number

    def add(self, interest: Interest) -> int:
        """Hear `interest` from the next event on; returns the number of the newest before it.

        Nothing is told before `catch_up`, which must follow. Raises `TooManyTopics`.
        """
        followed = 1 + len(interest.intents) + len(interest.swappers)
        if self._followed + followed > TOPICS_MAX:
            raise TooManyTopics(f"one connection follows at most {TOPICS_MAX} intents and swappers; open another one")
        self._followed += followed
        self._held = Backlog(HELD_MAX, QUEUE_MAX_BYTES)
        self._hear(topics_of(interest))
        return self._hub.head.last

    def catch_up(self, interest: Interest, after: int | None, upto: int) -> None:
        """Tell what lies behind `after`, up to `upto`, then what came meanwhile: no gap and no repeat.

        As fast as the client takes it: only what is live can overrun a reader.
        """
        try:
            before = self._before(interest, after, upto)
            while frames := write_of(before, AT_ONCE):
                self._client.say(Frames(frames))
                self._client.wait_for_room(MOST_WAITING)
                gevent.sleep(0)
        except Exception:
            # It was told that it hears, so it must not be left with a gap.
            self._client.end(TRY_AGAIN, "what came before could not be read: resume behind your last cursor")
            raise
        for frame in self._held.all() if self._held is not None else ():
            self._client.say(frame)
            self._client.wait_for_room(QUEUE_MAX // 2)
        self._held = None

    @contextmanager
    def logged_in(self, solver: str, key: str) -> Iterator[None]:
        """It is logged in by `key`, and ends with a change after which that is no longer the solver's.

        As before if the block raises.
        """
        before, topic = self._logins.get(solver), login_of(solver)
        if before is None:
            self._logins[solver] = key
            self._hear([topic])
        try:
            yield
        except BaseException:
            if before is None:
                del self._logins[solver]
                self._topics.remove(topic)
                self._hub.remove(self, [topic])
            raise
        self._logins[solver] = key

    def stop(self) -> None:
        """Hear nothing any more."""
        self._hub.remove(self, self._topics)

    def take(self, event: Published, frame: Frame) -> None:
        """An event that one of the subscriptions hears; held back while older ones are told."""
        if event.kind == EventKind.SOLVER_CHANGED and event.solver is not None:
            # The log-in may be newer than the change: the row stands before its event is told.
            if not _is_key(self._logins.get(event.solver), event):
                self._client.end(LOGIN_AGAIN, "your registration has changed: log in again, and resume")
                return
            if solver_of(event.solver) not in self._topics:
                return
        if self._held is None:
            self._client.say(frame)
        elif not self._held.add(frame):
            self._client.end(TRY_AGAIN, "too far behind: resume behind your last cursor")

    def _hear(self, topics: Sequence[str]) -> None:
        self._topics += topics
        self._hub.add(self, topics)

    def lost_its_place(self) -> None:
        """The numbers begin anew."""
        self._client.end(TRY_AGAIN, "the event numbers begin anew: read the state, then subscribe")

    def _before(self, interest: Interest, after: int | None, upto: int) -> Iterator[Frame]:
        """From memory where it is kept, else from the database by pages."""
        if after is None:
            if interest.solver is not None:
                yield from self._hub.history.open_auctions(interest.solver, upto, self._hub.now_ms())
            return
        limit = FIRST_PAGE
        while after < upto and not self._client.is_over:
            kept = self._hub.history.behind(after, interest, upto)
            if kept is not None:
                yield from kept
                return
            page = self._store.heard_by(interest, after, upto, limit)
            yield from map(self._hub.frame, page)
            after = page[-1].number if len(page) == limit else upto
            limit = max(1, min(PAGE, limit * PAGE_BYTES // (1 + sum(len(event.frame) for event in page))))


def _is_key(key: str | None, changed: Published) -> bool:
    """Whether `key` signs for the solver after this change."""
    data = json.loads(changed.frame)["data"]
    return data.get("active") is True and data.get("signing_key") == key
