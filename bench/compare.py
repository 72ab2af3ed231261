"""What got worse: the results of a run against earlier ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bench.results import Results
from bench.rows import Row

_LEAST: Final = 0.005
"""Half a percent is nothing: memory differs by that from one day to the next, however alike the rounds of a run are."""


@dataclass(frozen=True, slots=True)
class Worse:
    """A row whose figure, its ratio where both have one, else its value, moved further than the rounds were apart.

    `moved` and `spread` are shares of what it was; where that was nothing, in the row's unit.
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
        moved, apart = (
            (f"{self.moved:.0%}", f"{self.spread:.0%}") if self.before else (f"{self.moved:g}", f"{self.spread:g}")
        )
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
    return sorted(found, key=lambda one: -one.moved)


def _moved(before: Row, now: Row) -> Worse | None:
    if before.small or now.small or before.unit != now.unit:
        return None
    figure = "ratio" if before.ratio is not None and now.ratio is not None else "value"
    old, new = getattr(before, figure), getattr(now, figure)
    if old is None or new is None:
        return None
    scale = abs(old) or 1
    moved = (new - old) / scale * (1 if now.better == "less" else -1)
    spread = max(before.spread or 0, now.spread or 0) if old else before.spread or 0
    return Worse(now.name, figure, old, new, moved, spread) if moved > max(spread, _LEAST) else None
