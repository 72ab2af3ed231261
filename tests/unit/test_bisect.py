"""One poisoned row stops nobody."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from intendly.services.bisect import in_halves


class Batches:
    """Notes what was acted on and what failed; acting on a poisoned row raises."""

    def __init__(self, *poisoned: int) -> None:
        self.poisoned = set(poisoned)
        self.calls: list[list[int]] = []
        self.done: list[int] = []
        self.failed: list[int] = []

    def act(self, part: Sequence[int]) -> None:
        self.calls.append(list(part))
        if self.poisoned & set(part):
            raise ValueError("poisoned")
        self.done.extend(part)

    def note(self, row: int, error: Exception) -> None:
        assert isinstance(error, ValueError)
        self.failed.append(row)


def test_a_batch_goes_at_once_when_nothing_is_wrong() -> None:
    batches = Batches()
    in_halves(range(100), batches.act, batches.note)
    in_halves([], batches.act, batches.note)
    assert batches.calls == [list(range(100))]


def test_all_but_the_poisoned_rows_are_done_once() -> None:
    batches = Batches(13, 77)
    in_halves(range(100), batches.act, batches.note)
    assert batches.failed == [13, 77]
    assert sorted(batches.done) == [one for one in range(100) if one not in (13, 77)]


def test_what_is_nobodys_fault_ends_it() -> None:
    batches = Batches(*range(64))

    def failed(row: int, error: Exception) -> None:
        raise ConnectionError(row) from error

    with pytest.raises(ConnectionError):
        in_halves(range(64), batches.act, failed)
    assert [len(part) for part in batches.calls] == [64, 32, 16, 8, 4, 2, 1]
