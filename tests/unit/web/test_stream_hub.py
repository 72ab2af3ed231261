"""The hub dispatches every number once, in order, whoever brings it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from intendly_sdk.messages import EventKind
from intendly_sdk.primitives import Address

from intendly.domain.events import Interest, Published, StreamHead
from web.stream_frame import Frame
from web.stream_hub import Hub
from web.stream_topics import topics_of

INTENT = "0x" + "11" * 32
HOUR_MS = 3_600_000


def event(number: int, epoch: int = 1) -> Published:
    return Published(epoch, number, "intent.accepted", f"{number}", intent_hash=INTENT)


class Table:
    """Events as PostgreSQL has them. `meanwhile` runs while a page is on its way."""

    def __init__(self) -> None:
        self.epoch = 1
        self.last = 0
        self.meanwhile: Callable[[], None] = lambda: None

    def head(self) -> StreamHead:
        return StreamHead(self.epoch, self.last, int(time.time() * 1000) + HOUR_MS)

    def since(self, number: int, limit: int) -> list[Published]:
        page = [event(n, self.epoch) for n in range(number + 1, self.last + 1)][:limit]
        self.meanwhile()
        return page

    def publish(self, limit: int) -> None:
        raise NotImplementedError

    def heard_by(self, interest: Interest, after: int, upto: int, limit: int) -> list[Published]:
        raise NotImplementedError

    def open_auctions(self, upto: int, limit: int) -> list[Published]:
        return []


class Feed:
    """What Redis brings: one batch a reading."""

    def __init__(self) -> None:
        self.batches: list[list[Published]] = []

    def attach(self) -> None:
        """At once."""

    def receive(self) -> list[Published]:
        return self.batches.pop(0) if self.batches else []


class Ear:
    def __init__(self) -> None:
        self.heard: list[int] = []
        self.told_to_begin_anew = 0

    def take(self, event: Published, frame: Frame) -> None:
        self.heard.append(event.number)

    def lost_its_place(self) -> None:
        self.told_to_begin_anew += 1


@pytest.fixture
def table() -> Table:
    return Table()


@pytest.fixture
def feed() -> Feed:
    return Feed()


@pytest.fixture
def hub(table: Table, feed: Feed) -> Hub:
    hub = Hub(table, feed)
    hub.look()
    return hub


@pytest.fixture
def ear(hub: Hub) -> Ear:
    ear = Ear()
    hub.add(ear, [INTENT])
    return ear


def test_a_hole_is_read_and_repeats_are_passed_over(hub: Hub, table: Table, feed: Feed, ear: Ear) -> None:
    table.last = 5
    feed.batches = [[event(1), event(4), event(5)], [event(5), event(3)]]
    hub.read()
    hub.read()
    assert ear.heard == [1, 2, 3, 4, 5]


def test_two_that_read_at_once_dispatch_each_event_once(hub: Hub, table: Table, ear: Ear) -> None:
    def another_reader() -> None:
        table.meanwhile = lambda: None
        hub.look()

    table.last = 3
    table.meanwhile = another_reader
    hub.look()
    assert ear.heard == [1, 2, 3]


def test_a_slow_start_does_not_undo_what_another_reader_has_told(table: Table, feed: Feed) -> None:
    hub, ear = Hub(table, feed), Ear()
    hub.add(ear, [INTENT])

    def another_reader() -> None:
        table.meanwhile = lambda: None
        hub.look()
        table.last = 4
        hub.look()

    table.last = 3
    table.meanwhile = another_reader
    hub.look()
    hub.look()
    assert (ear.heard, hub.head.last) == ([4], 4)


def test_a_new_epoch_is_no_continuation(hub: Hub, table: Table, feed: Feed, ear: Ear) -> None:
    table.epoch, table.last = 2, 7
    feed.batches = [[event(1, epoch=2)]]
    hub.read()
    assert (ear.heard, ear.told_to_begin_anew, hub.head.cursor) == ([], 1, "2-7")


def test_a_database_that_forgot_numbers_is_no_continuation_either(hub: Hub, table: Table, ear: Ear) -> None:
    table.last = 5
    hub.look()
    table.last = 3
    hub.look()
    assert (ear.heard, ear.told_to_begin_anew) == ([1, 2, 3, 4, 5], 1)


def test_who_left_hears_nothing(hub: Hub, table: Table, ear: Ear) -> None:
    hub.remove(ear, [INTENT])
    table.last = 1
    hub.look()
    assert ear.heard == []


def test_its_clock_is_the_databases(hub: Hub) -> None:
    assert abs(hub.now_ms() - time.time() * 1000 - HOUR_MS) < 1_000


def test_an_auctions_solvers_hear_of_it_before_those_who_only_watch(hub: Hub) -> None:
    order: list[str] = []

    class Named(Ear):
        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

        def take(self, event: Published, frame: Frame) -> None:
            order.append(self.name)

    solver, watchers = Address(b"\x51" * 20), [Named(f"watcher {number}") for number in range(20)]
    for each in watchers:
        hub.add(each, topics_of(Interest(auctions=True)))
    bidder = Named("solver")
    hub.add(bidder, topics_of(Interest(auctions=True, solver=str(solver))))
    hub._dispatch(replace(event(1), kind=EventKind.AUCTION_OPENED, roster=(str(solver),)))
    assert order[0] == "solver"
    assert sorted(order[1:]) == sorted(each.name for each in watchers), "each once"
