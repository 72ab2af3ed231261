"""The newest events, kept in memory, so that those who resume are told without a question to the database each."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final

from intendly_sdk.messages import EventKind

from intendly.domain.events import Interest, Published
from web.stream_frame import Frame
from web.stream_topics import topics_of, topics_to

EVENTS_MAX: Final = 10_000
BYTES_MAX: Final = 32 << 20
"""Of their JSON."""


class History:
    """Events in the order of their numbers, without a hole, found by topic; and the auctions that take bids."""

    def __init__(self, events_max: int = EVENTS_MAX, bytes_max: int = BYTES_MAX) -> None:
        self._events_max, self._bytes_max = events_max, bytes_max
        self._events: deque[tuple[Published, Frame]] = deque()
        self._bytes = 0
        self._by_topic: dict[str, deque[tuple[int, Frame]]] = {}
        self._open: dict[str, tuple[Published, Frame]] = {}
        self._begins_behind: int | None = None

    def begin(self, number: int) -> None:
        """Forget all; what is added next is number + 1."""
        self._events.clear()
        self._by_topic.clear()
        self._open.clear()
        self._bytes = 0
        self._begins_behind = number

    def add(self, event: Published, frame: Frame) -> None:
        """The next event."""
        self._events.append((event, frame))
        self._bytes += len(event.frame)
        for topic in topics_to(event):
            self._by_topic.setdefault(topic, deque()).append((event.number, frame))
        if event.auction_id is not None:
            self._note_auction(event.auction_id, event, frame)
        while len(self._events) > self._events_max or self._bytes > self._bytes_max:
            self._drop_oldest()

    def take_bids(self, openings: Iterable[tuple[Published, Frame]]) -> None:
        """These are the auctions that take bids now, opened by events that may be older than what is kept."""
        self._open = {event.auction_id: (event, frame) for event, frame in openings if event.auction_id is not None}

    def behind(self, number: int, interest: Interest, upto: int) -> list[Frame] | None:
        """What `interest` hears of the events behind `number`, up to `upto`; None where not all of them are kept."""
        if self._begins_behind is None or number < self._begins_behind:
            return None
        found: dict[int, Frame] = {}
        for topic in topics_of(interest):
            for at, frame in reversed(self._by_topic.get(topic, ())):
                if at <= number:
                    break
                if at <= upto:
                    found[at] = frame
        return [found[at] for at in sorted(found)]

    def open_auctions(self, solver: str, upto: int, now_ms: int) -> list[Frame]:
        """The openings, up to `upto`, of the auctions on whose roster `solver` is and that take bids, in order."""
        self._open = {key: (one, frame) for key, (one, frame) in self._open.items() if (one.closes_at or 0) > now_ms}
        found = [(one.number, frame) for one, frame in self._open.values() if solver in one.roster]
        return [frame for number, frame in sorted(found, key=_number) if number <= upto]

    def _note_auction(self, auction_id: str, event: Published, frame: Frame) -> None:
        if event.kind == EventKind.AUCTION_OPENED:
            self._open[auction_id] = (event, frame)
        elif event.kind == EventKind.AUCTION_CLOSED:
            self._open.pop(auction_id, None)

    def _drop_oldest(self) -> None:
        event, _ = self._events.popleft()
        self._bytes -= len(event.frame)
        self._begins_behind = event.number
        for topic in topics_to(event):
            kept = self._by_topic[topic]
            kept.popleft()
            if not kept:
                del self._by_topic[topic]


def _number(found: tuple[int, Frame]) -> int:
    return found[0]
