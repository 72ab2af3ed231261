"""What is kept of the newest events, and what is found in it."""

from __future__ import annotations

from intendly.domain.events import Interest, Published
from web.stream_frame import Frame
from web.stream_history import History

INTENT, OTHER, SOLVER, RIVAL = "0x" + "11" * 32, "0x" + "22" * 32, "0x" + "aa" * 20, "0x" + "bb" * 20


def event(number: int, intent: str = INTENT, **fields: object) -> Published:
    given = {"kind": "intent.accepted", "frame": f'{{"n":{number}}}', "intent_hash": intent} | fields
    return Published(1, number, **given)  # type: ignore[arg-type]


def auction(number: int, *roster: str, closes_at: int = 2_000, kind: str = "auction.opened") -> Published:
    auction_id = "0x" + f"{number:064x}"
    return event(number, kind=kind, auction_id=auction_id, roster=roster, closes_at=closes_at)


def kept(*events: Published, **bounds: int) -> History:
    history = History(**bounds)
    history.begin(events[0].number - 1)
    for one in events:
        history.add(one, Frame.of(one, lambda: 0))
    return history


def told(frames: list[Frame] | None) -> list[str] | None:
    return None if frames is None else [frame.text() for frame in frames]


MINE = Interest(intents=frozenset({INTENT}))


def test_it_finds_by_topic_behind_a_number_in_order_and_each_once() -> None:
    both = Interest(intents=frozenset({INTENT, OTHER}), swappers=frozenset({RIVAL}))
    history = kept(event(5), event(6, OTHER, swapper=RIVAL), event(7), event(8, "0x"), event(9))
    assert told(history.behind(5, MINE, 9)) == ['{"n":7}', '{"n":9}']
    assert told(history.behind(4, both, 7)) == ['{"n":5}', '{"n":6}', '{"n":7}']
    assert history.behind(9, both, 9) == []


def test_it_does_not_answer_for_what_it_no_longer_has() -> None:
    by_count = kept(*(event(n) for n in range(1, 11)), events_max=4)
    assert by_count.behind(5, MINE, 10) is None
    assert told(by_count.behind(6, MINE, 10)) == [f'{{"n":{n}}}' for n in (7, 8, 9, 10)]
    by_size = kept(*(event(n, frame=f'{{"n":{n},"f":"{"x" * 1_000}"}}') for n in range(1, 11)), bytes_max=3_100)
    assert by_size.behind(6, MINE, 10) is None
    assert len(by_size.behind(7, MINE, 10) or ()) == 3
    assert History().behind(0, MINE, 0) is None


def test_what_is_for_one_solver_is_found_by_its_own_login_alone() -> None:
    history = kept(event(1, solver=SOLVER), auction(2, SOLVER), auction(3, RIVAL), event(4, kind="auction.closed"))
    seen = {solver: history.behind(0, Interest(solver=solver), 4) for solver in (SOLVER, RIVAL)}
    assert [frame.cursor for frame in seen[SOLVER] or ()] == ["1-1", "1-2", "1-4"]
    assert [frame.cursor for frame in seen[RIVAL] or ()] == ["1-3", "1-4"]
    assert [frame.cursor for frame in history.behind(0, MINE, 4) or ()] == ["1-2", "1-3", "1-4"]


def test_the_auctions_that_take_bids_are_those_opened_and_neither_closed_nor_over() -> None:
    history = kept(auction(1, SOLVER), auction(2, SOLVER, closes_at=500), auction(3, RIVAL), auction(4, SOLVER))
    closed = auction(4, kind="auction.closed")
    history.add(Published(1, 5, closed.kind, "{}", auction_id=closed.auction_id), Frame("{}"))
    assert [frame.cursor for frame in history.open_auctions(SOLVER, 5, 1_000)] == ["1-1"]
    assert history.open_auctions(SOLVER, 0, 1_000) == []
    history.take_bids([(auction(0, SOLVER), Frame("old", "1-0"))])
    assert [frame.cursor for frame in history.open_auctions(SOLVER, 5, 1_000)] == ["1-0"]
