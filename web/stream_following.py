"""What one connection hears, and in which order: what came before first, then what is new, each once."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final

from intendly.domain.errors import CursorGone, TooManyTopics
from intendly.domain.events import Interest, Published
from intendly.services.ports import EventStore
from web.stream_hub import Hub
from web.stream_socket import TRY_AGAIN, StreamSocket

PAGE: Final = 500
HELD_MAX: Final = 10_000
TOPICS_MAX: Final = 10_000
OPEN_AUCTIONS_MAX: Final = 2_000


class Following:
    """The subscriptions of one connection. `take` comes from the hub's greenlet, the rest from the connection's."""

    def __init__(self, socket: StreamSocket, hub: Hub, store: EventStore) -> None:
        self._socket = socket
        self._hub = hub
        self._store = store
        self._interests: list[Interest] = []
        self._topics = 0
        self._held: deque[Published] | None = None

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
        topics = 1 + len(interest.intents) + len(interest.swappers)
        if self._topics + topics > TOPICS_MAX:
            raise TooManyTopics(f"one connection follows at most {TOPICS_MAX} intents and swappers; open another one")
        self._topics += topics
        self._held = deque()
        self._hub.add(self, interest)
        self._interests.append(interest)
        return self._hub.head.last

    def catch_up(self, interest: Interest, after: int | None, upto: int) -> None:
        """Tell what lies behind `after`, up to `upto`, then what came meanwhile: no gap and no repeat.

        As fast as the client takes it: only what is live can overrun a reader.
        """
        try:
            for event in self._before(interest, after, upto):
                self._tell(event)
                self._socket.wait_for_room()
        except Exception:
            # It was told that it hears, so it must not be left with a gap.
            self._socket.end(TRY_AGAIN, "what came before could not be read: resume behind your last cursor")
            raise
        while self._held:
            self._tell(self._held.popleft())
            self._socket.wait_for_room()
        self._held = None

    def end(self) -> None:
        """Hear nothing any more."""
        self._hub.remove(self, self._interests)

    def take(self, event: Published) -> None:
        """An event that one of the subscriptions hears; held back while older ones are told."""
        if self._held is None:
            self._tell(event)
        elif len(self._held) < HELD_MAX:
            self._held.append(event)
        else:
            self._socket.end(TRY_AGAIN, "too far behind: resume behind your last cursor")

    def lost_its_place(self) -> None:
        """The numbers begin anew."""
        self._socket.end(TRY_AGAIN, "the event numbers begin anew: read the state, then subscribe")

    def _before(self, interest: Interest, after: int | None, upto: int) -> Iterator[Published]:
        if after is None:
            if interest.solver is not None:
                yield from self._store.open_auctions(interest.solver, upto, OPEN_AUCTIONS_MAX)
            return
        while after < upto and not self._socket.is_over:
            page = self._store.heard_by(interest, after, upto, PAGE)
            yield from page
            after = page[-1].number if len(page) == PAGE else upto

    def _tell(self, event: Published) -> None:
        closes_at = event.closes_at
        if closes_at is None:
            self._socket.say(event.frame)
            return

        def stamped() -> str:
            now = self._hub.now_ms()
            return f'{event.frame[:-1]},"server_time":{now},"ms_left":{max(0, closes_at - now)}}}'

        self._socket.say(stamped)
