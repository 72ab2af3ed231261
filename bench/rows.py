"""What a row of the bench is, and how a subject measures its rows.

A subject is a generator in one of the files of `bench.catalogue`. It builds its world, then measures one round at each
`yield`, every figure beside its floor, for as long as it is asked; how many rounds there are the frame decides:

    @subject(Spec("stream.fan_out.p99", "…", "ms", floor="…", aim=ratio_at_most(3)))
    def fan_out(run: Run) -> Rounds:
        with world(run) as one:
            while True:
                yield {"stream.fan_out.p99": Reading(one.told(), one.floor())}
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from bench.ground import Ground


class NotMeasured(Exception):
    """A subject lacks something; the text says what, and becomes the note of its rows."""


@dataclass(frozen=True, slots=True)
class Aim:
    """A bound on the value, on its ratio to the floor, or on its excess over it."""

    of: Literal["value", "ratio", "excess"]
    bound: float
    at_most: bool

    def __str__(self) -> str:
        what, sign = ("value", "floor + ") if self.of == "excess" else (self.of, "")
        return f"{what} {'≤' if self.at_most else '≥'} {sign}{_plain(self.bound)}"

    def met(self, value: float, floor: float | None) -> bool | None:
        """None where there is nothing to compare with the bound."""
        if self.of == "value":
            figure = value
        elif not floor:
            return None
        else:
            figure = value / floor if self.of == "ratio" else value - floor
        return figure <= self.bound if self.at_most else figure >= self.bound


def ratio_at_most(bound: float) -> Aim:
    return Aim("ratio", bound, at_most=True)


def ratio_at_least(bound: float) -> Aim:
    return Aim("ratio", bound, at_most=False)


def value_at_most(bound: float) -> Aim:
    return Aim("value", bound, at_most=True)


def excess_at_most(bound: float) -> Aim:
    """In the row's unit."""
    return Aim("excess", bound, at_most=True)


@dataclass(frozen=True, slots=True)
class Spec:
    """A row before it is measured. `what` and `floor` are words for the table; no `floor`: there is none.

    The value is the `percentile` of the readings of all rounds: of one reading a round the 50th is their median.
    """

    name: str
    what: str
    unit: str
    floor: str = ""
    aim: Aim | None = None
    better: Literal["less", "more"] = "less"
    percentile: int = 50


@dataclass(frozen=True, slots=True)
class Reading:
    """What one round found, in the row's unit: one figure, or many of which the row is a percentile."""

    value: float | Sequence[float]
    floor: float | None = None


Readings = Mapping[str, Reading]
"""Those of one round, by the names of the rows."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a subject is given. `small`: sizes that prove that it works, whose figures mean nothing."""

    small: bool
    ground: Ground = field(repr=False)

    def size(self, full: int, small: int) -> int:
        return small if self.small else full


Rounds = Generator[Readings, None, None]
Measure = Callable[[Run], Rounds]


@dataclass(frozen=True, slots=True)
class Subject:
    """A measurement and the rows that it brings."""

    specs: tuple[Spec, ...]
    measure: Measure

    @property
    def name(self) -> str:
        return self.measure.__name__.replace("_", " ").strip()


SUBJECTS: Final[list[Subject]] = []
"""Filled by the files of subjects, which `bench.catalogue` imports and puts in order."""


def subject(*specs: Spec) -> Callable[[Measure], Measure]:
    """Registers a generator as the measurement of these rows."""

    def register(measure: Measure) -> Measure:
        SUBJECTS.append(Subject(specs, measure))
        return measure

    return register


class Row(BaseModel):
    """A measured row, as it stands in the results.

    `ratio` is value ÷ floor. `spread` is how far apart the rounds were, (highest − lowest) ÷ median, of the ratio where
    there is one, else of the value. `value` is null where it could not be measured; `note` says why.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    value: float | None
    unit: str
    floor: float | None = None
    ratio: float | None = None
    aim: str | None = None
    met: bool | None = None
    spread: float | None = None
    better: Literal["less", "more"] = "less"
    rounds: int = 0
    small: bool = False
    date: str = ""
    commit: str = ""
    note: str | None = None


def row_of(spec: Spec, readings: Sequence[Reading], *, small: bool = False, date: str = "", commit: str = "") -> Row:
    """The row that these rounds make. Of small sizes no aim is judged."""
    values = [_many(reading.value) for reading in readings]
    value = percentile([each for one in values for each in one], spec.percentile)
    floors = [reading.floor for reading in readings if reading.floor is not None]
    floor = median(floors) if floors else None
    of_rounds = [
        percentile(one, spec.percentile) / (reading.floor or 1) for one, reading in zip(values, readings, strict=True)
    ]
    ratio = value / floor if floor else None
    return Row(
        name=spec.name,
        value=_short(value),
        unit=spec.unit,
        floor=_short(floor),
        ratio=_short(ratio),
        aim=str(spec.aim) if spec.aim else None,
        met=spec.aim.met(value, floor) if spec.aim and not small else None,
        spread=_short((max(of_rounds) - min(of_rounds)) / (abs(median(of_rounds)) or 1)),
        better=spec.better,
        rounds=len(readings),
        small=small,
        date=date,
        commit=commit,
    )


def percentile(values: Sequence[float], percent: int) -> float:
    """The least value that `percent` of them do not exceed; the 50th is the median."""
    if percent == 50:
        return median(values)
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]


def _many(value: float | Sequence[float]) -> Sequence[float]:
    return [value] if isinstance(value, int | float) else value


def _plain(value: float) -> str:
    return f"{value:,.0f}" if value >= 10_000 else f"{value:g}"


def _short(value: float | None) -> float | None:
    """Four significant digits: more are noise."""
    return None if value is None else float(f"{value:.4g}")
