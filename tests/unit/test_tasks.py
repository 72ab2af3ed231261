"""What every tick does around its body."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs

import tasks.base
from tasks.auctions import open_due
from tasks.events import publish


class FakeVenue:
    """Of which `run` is what a body does."""

    def __init__(self, run: Callable[[], int], tell: Callable[[], None] | None = None) -> None:
        self.said: list[str] = []
        self.nudges = SimpleNamespace(taken=self.said.append)
        self.open_auctions = SimpleNamespace(run=run)
        self.publish_events = SimpleNamespace(run=run, tell=tell or (lambda: self.said.append("told")))


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[FakeVenue], FakeVenue]:
    def put(venue: FakeVenue) -> FakeVenue:
        monkeypatch.setattr(tasks.base, "venue", lambda _kind: venue)
        return venue

    return put


@pytest.mark.parametrize(("done", "said"), [(3, ["auctions.open", "told"]), (0, ["auctions.open"])])
def test_what_a_tick_did_is_told(at: Callable[[FakeVenue], FakeVenue], done: int, said: list[str]) -> None:
    venue = at(FakeVenue(lambda: done))
    assert open_due.run() == done
    assert venue.said == said


def test_what_a_tick_did_before_it_failed_is_told(at: Callable[[FakeVenue], FakeVenue]) -> None:
    def fails() -> int:
        raise ConnectionError

    venue = at(FakeVenue(fails))
    with pytest.raises(ConnectionError):
        open_due.run()
    assert venue.said == ["auctions.open", "told"]


def test_a_tick_is_done_though_telling_fails(at: Callable[[FakeVenue], FakeVenue]) -> None:
    def fails() -> None:
        raise ConnectionError

    at(FakeVenue(lambda: 3, fails))
    with capture_logs() as lines:
        assert open_due.run() == 3
    assert [line["event"] for line in lines] == ["telling_failed"]


def test_publishing_is_told_by_itself(at: Callable[[FakeVenue], FakeVenue]) -> None:
    venue = at(FakeVenue(lambda: 3))
    assert publish.run() == 3
    assert venue.said == ["events.publish"]
