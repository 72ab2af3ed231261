"""Items that come together are written together; one that fails fails alone."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError

from intendly.adapters.group import Group, _Call


class Journal:
    """Writes slowly, and fails for poisoned items as a database would: the whole statement, and nothing stays."""

    def __init__(self, poisoned: frozenset[int] = frozenset(), *, takes_s: float = 0.01) -> None:
        self.poisoned = poisoned
        self.takes_s = takes_s
        self.batches: list[list[int]] = []
        self.writers = 0

    def write(self, items: Sequence[int]) -> list[int]:
        self.writers += 1
        assert self.writers == 1, "two writers at once"
        try:
            time.sleep(self.takes_s)
            if self.poisoned & set(items):
                raise IntegrityError("INSERT", None, Exception("check"))
            self.batches.append(list(items))
            return [item * 10 for item in items]
        finally:
            self.writers -= 1


def submit_all(commits: Group[int, int], items: Sequence[int]) -> list[int | Exception]:
    def one(item: int) -> int | Exception:
        (outcome,) = commits.submit([item])
        return outcome

    with ThreadPoolExecutor(len(items)) as pool:
        return list(pool.map(one, items))


def test_each_gets_its_own_outcome_from_few_writes() -> None:
    journal = Journal()
    assert submit_all(Group(journal.write), range(50)) == [item * 10 for item in range(50)]
    assert sorted(item for batch in journal.batches for item in batch) == list(range(50))
    assert len(journal.batches) < 25


def test_one_alone_is_written_at_once() -> None:
    journal = Journal(takes_s=0)
    assert Group(journal.write).submit([7]) == [70]
    assert journal.batches == [[7]]


def test_several_of_one_caller_have_each_their_own_outcome() -> None:
    journal = Journal(frozenset({3}), takes_s=0)
    outcomes = Group(journal.write, batch_max=4).submit(range(10))
    assert isinstance(outcomes[3], IntegrityError)
    assert [one for place, one in enumerate(outcomes) if place != 3] == [n * 10 for n in range(10) if n != 3]


def test_poisoned_items_fail_alone() -> None:
    journal = Journal(frozenset({3, 17}), takes_s=0.001)
    outcomes = submit_all(Group(journal.write), range(20))
    for item, outcome in enumerate(outcomes):
        assert isinstance(outcome, IntegrityError) if item in {3, 17} else outcome == item * 10


def test_a_batch_has_a_limit() -> None:
    journal = Journal()
    submit_all(Group(journal.write, batch_max=4), range(30))
    assert max(map(len, journal.batches)) <= 4


def test_a_database_that_is_away_is_asked_once_for_all() -> None:
    calls = 0
    begun = threading.Event()

    def write(items: Sequence[int]) -> list[int]:
        nonlocal calls
        calls += 1
        begun.set()
        time.sleep(0.05)
        raise OperationalError("INSERT", None, Exception("gone"))

    commits: Group[int, int] = Group(write)

    def one(item: int) -> None:
        (outcome,) = commits.submit([item])
        assert isinstance(outcome, OperationalError)

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(one, range(20)))
    assert calls < 15


def test_a_writer_that_is_stopped_leaves_nobody_waiting() -> None:
    started = threading.Event()
    stopped = False

    def write(items: Sequence[int]) -> list[int]:
        nonlocal stopped
        if not stopped:
            stopped = True
            started.set()
            time.sleep(0.1)
            raise SystemExit
        return list(items)

    commits: Group[int, int] = Group(write)
    with ThreadPoolExecutor(2) as pool:

        def first() -> None:
            with pytest.raises(SystemExit):
                commits.submit([1])

        leader = pool.submit(first)
        started.wait()
        assert pool.submit(commits.submit, [2]).result(timeout=5) == [2]
        leader.result(timeout=5)


class Gate:
    """Writes what it is given when it is let: each batch waits until `let` was called for one of its items."""

    def __init__(self) -> None:
        self.batches: list[set[int]] = []
        self._lets: dict[int, threading.Event] = defaultdict(threading.Event)
        self.commits: Group[int, int] = Group(self._write)

    def let(self, item: int) -> None:
        self._lets[item].set()

    def submit(self, pool: ThreadPoolExecutor, *items: int) -> list[Future[list[int | Exception]]]:
        """Each by a caller of its own, once they all wait."""
        before = len(self.commits._waiting)
        submitted = [pool.submit(self.commits.submit, [item]) for item in items]
        eventually(lambda: len(self.commits._waiting) == before + len(items))
        return submitted

    def _write(self, items: Sequence[int]) -> list[int]:
        self.batches.append(set(items))
        for item in items:
            assert self._lets[item].wait(5)
        return list(items)


def test_whose_items_are_written_goes_on_while_the_next_are_written() -> None:
    """An answer does not wait for a later batch: else those behind it could never come together again."""
    gate = Gate()
    with ThreadPoolExecutor(8) as pool:
        plug = pool.submit(gate.commits.submit, [0])
        eventually(lambda: gate.batches == [{0}])
        pair = gate.submit(pool, 1, 2)
        gate.let(0)
        eventually(lambda: gate.batches == [{0}, {1, 2}])
        late = gate.submit(pool, 3)
        gate.let(1)
        gate.let(2)
        assert [one.result(timeout=1) for one in pair] == [[1], [2]]
        eventually(lambda: gate.batches[2:] == [{3}])
        assert not late[0].done()
        gate.let(3)
        assert late[0].result(timeout=5) == [3]
        assert plug.result() == [0]


def test_one_that_is_stopped_while_it_waits_takes_its_items_along(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate()

    def stop(_call: object) -> None:
        raise KeyboardInterrupt

    with ThreadPoolExecutor(8) as pool:
        plug = pool.submit(gate.commits.submit, [0])
        eventually(lambda: gate.batches == [{0}])
        with monkeypatch.context() as patched:
            patched.setattr(_Call, "sleep", stop)
            with pytest.raises(KeyboardInterrupt):
                gate.commits.submit([1])
        behind = gate.submit(pool, 2)
        for item in (0, 2):
            gate.let(item)
        assert behind[0].result(timeout=5) == [2]
        assert plug.result() == [0]
    assert gate.batches == [{0}, {2}]


def eventually(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.001)


def test_nothing_is_nothing() -> None:
    assert Group(Journal().write).submit([]) == []


def test_all_stand_or_fall_together_for_who_wants_that() -> None:
    commits = Group(Journal(frozenset({3}), takes_s=0).write)
    assert commits.get([1, 2]) == [10, 20]
    with pytest.raises(IntegrityError):
        commits.get([1, 3])
