"""What got worse: the results of a run against earlier ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bench.results import Results
from bench.rows import Row

_LEAST: Final = 0.005
"""Of memory half a percent is nothing: it differs by that from one run to the next, however alike the rounds are."""
_MOST: Final = 0.75
"""However far apart the rounds were, because one was disturbed say, this is told."""


@dataclass(frozen=True, slots=True)
class Worse:
    """A row whose figure, its ratio where both have one, else its value, moved further than the rounds were apart.

    `moved` and `spread` are shares of what it was; where that was nothing, or is now, they are in the row's unit.
    """

    name: str
    figure: str
    before: float
    now: float
    moved: float
    """By how much it is worse."""
    spread: float
    """The wider one of the two runs."""

    def __str__(self) -> str:
        share = self.before and self.now
        moved, apart = (f"{self.moved:.0%}", f"{self.spread:.0%}") if share else (f"{self.moved:g}", f"{self.spread:g}")
        return (
            f"{self.name}: {self.figure} {self.before:g} → {self.now:g}, {moved} worse; the rounds were {apart} apart"
        )


def worse(before: Results, now: Results) -> list[Worse]:
    """By how much; the worst first. Rows that only one of them has, and those of small sizes, are passed over."""
    found = []
    for row in now.rows:
        known = before.row(row.name)
        if known is not None and (one := _moved(known, row)) is not None:
            found.append(one)
    return sorted(found, key=lambda one: -one.moved if one.before and one.now else -math.inf)


def missing(before: Results, now: Results, names: Sequence[str]) -> list[str]:
    """Of these rows those that had a figure and have none."""
    return [name for name in names if _value(before, name) is not None and _value(now, name) is None]


def _value(results: Results, name: str) -> float | None:
    row = results.row(name)
    return None if row is None else row.value


def _moved(before: Row, now: Row) -> Worse | None:
    if before.small or now.small or before.unit != now.unit:
        return None
    figure = "ratio" if before.ratio is not None and now.ratio is not None else "value"
    old, new = getattr(before, figure), getattr(now, figure)
    if old is None or new is None:
        return None
    if not old or not new:
        moved = (new - old) * (1 if now.better == "less" else -1)
        spread = before.spread or 0
    else:
        moved = (new / old if now.better == "less" else old / new) - 1  # half as many is as much worse as twice as long
        spread = min(max(before.spread or 0, now.spread or 0), _MOST)
    least = _LEAST if now.unit == "MiB" else 0
    return Worse(now.name, figure, old, new, moved, spread) if moved > max(spread, least) else None
