"""What waits for a client is bounded in bytes too, whether it is live, held back, or told again."""

from __future__ import annotations

from typing import Any

import gevent
import pytest
from intendly_sdk.messages import EventKind
from intendly_sdk.primitives import Hash32

from intendly.domain.events import Interest, Published, StreamHead
from tests.unit.web.test_stream_hub import Feed, Table
from web.stream_backlog import WRITE_MAX_BYTES, Backlog, write_of
from web.stream_events import Listener
from web.stream_following import FIRST_PAGE, PAGE, PAGE_BYTES, QUEUE_MAX_BYTES, TRY_AGAIN, Following
from web.stream_frame import Frame
from web.stream_hub import Hub

INTENT = str(Hash32(b"\x11" * 32))
INTEREST = Interest(frozenset({INTENT}), frozenset(), False)


def event(number: int, size: int) -> Published:
    return Published(1, number, EventKind.INTENT_ACCEPTED, "x" * size, intent_hash=INTENT)


class Old(Table):
    """So many events of a size, all of them older than what a hub keeps."""

    def __init__(self, count: int, size: int) -> None:
        super().__init__()
        self.last, self._size = count, size
        self.pages: list[int] = []

    def since(self, number: int, limit: int) -> list[Published]:
        return []

    def heard_by(self, interest: Interest, after: int, upto: int, limit: int) -> list[Published]:
        page = [event(number, self._size) for number in range(after + 1, min(upto, after + limit) + 1)]
        self.pages.append(len(page))
        return page


def _hub(table: Table) -> Hub:
    hub = Hub(table, Feed())
    hub.look()
    hub._head = StreamHead(1, table.last)
    hub.history.begin(table.last)
    return hub


def test_it_is_full_by_frames_or_by_bytes_and_takes_one_of_any_size() -> None:
    backlog = Backlog(3, 100)
    assert [backlog.add(Frame("x" * size)) for size in (60, 40, 1)] == [True, True, False]
    assert (backlog.take().size, backlog.size, len(backlog)) == (60, 40, 1)
    assert [backlog.add(Frame("")) for _ in range(3)] == [True, True, False]
    assert [frame.size for frame in backlog.all()] == [40, 0, 0]
    assert backlog.add(Frame("x" * 1_000))
    assert not backlog.add(Frame("x"))


def test_a_write_has_one_frame_at_least_and_stops_behind_its_bytes() -> None:
    frames = iter([Frame("x" * size) for size in (2 * WRITE_MAX_BYTES, 1, WRITE_MAX_BYTES, 1, 1, 1)])
    assert [len(write_of(frames, 2)) for _ in range(5)] == [1, 2, 2, 1, 0]


def test_live_events_that_nobody_takes_end_the_connection_by_their_bytes() -> None:
    listener = Listener()
    count = 0
    while not listener.is_over:
        listener.say(Frame("x" * 60_000))
        count += 1
    assert count == QUEUE_MAX_BYTES // 60_000 + 1


def test_what_is_told_again_waits_for_a_reader_in_few_bytes() -> None:
    """A page grows and shrinks with its events."""
    table = Old(2_000, 60_000)
    hub, listener = _hub(table), Listener()
    following = Following(listener, hub, table)
    telling = gevent.spawn(following.catch_up, INTEREST, 0, following.add(INTEREST))
    gevent.sleep(0.1)
    assert 0 < listener._backlog.size <= 6 * (WRITE_MAX_BYTES + 60_000)
    chunks = listener.chunks()
    told = 0
    while told < 2_000:
        chunk = next(chunks)
        assert len(chunk) < 4 * (WRITE_MAX_BYTES + 60_000)
        told += chunk.count(b"id: ")
    telling.join()
    assert (table.pages[0], set(table.pages[1:-1])) == (FIRST_PAGE, {PAGE_BYTES // 60_000})
    assert sum(table.pages) == 2_000


def test_small_events_come_in_large_pages() -> None:
    table = Old(2_000, 10)
    listener = Listener()
    following = Following(listener, _hub(table), table)
    telling = gevent.spawn(following.catch_up, INTEREST, 0, following.add(INTEREST))
    chunks, told = listener.chunks(), 0
    while told < 2_000:
        told += next(chunks).count(b"id: ")
    telling.join()
    assert table.pages[:3] == [FIRST_PAGE, PAGE, PAGE]


def test_what_is_held_back_is_bounded_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[Any] = []
    hub, listener = _hub(Old(0, 1)), Listener()
    monkeypatch.setattr(listener, "end", lambda code, _why: ended.append(code))
    Following(listener, hub, hub._store).add(INTEREST)
    for number in range(1, 1 + QUEUE_MAX_BYTES // 60_000 + 1):
        hub._dispatch(event(number, 60_000))
    assert set(ended) == {TRY_AGAIN}
