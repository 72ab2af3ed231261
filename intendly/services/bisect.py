"""A batch in which one row is poisoned must not hold up the others (design: A poisoned row stops nobody)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def in_halves(rows: Sequence[T], act: Callable[[Sequence[T]], None], failed: Callable[[T, Exception], None]) -> None:
    """`act` on all of `rows`; when that raises, on each half, down to the single row, which goes to `failed`.

    `act` must do all or nothing. What `failed` raises ends it: then it was not the row's fault.
    """
    if not rows:
        return
    try:
        act(rows)
    except Exception as error:  # noqa: BLE001  whatever is wrong with a row
        if len(rows) == 1:
            failed(rows[0], error)
            return
        middle = len(rows) // 2
        in_halves(rows[:middle], act, failed)
        in_halves(rows[middle:], act, failed)
