"""A run: each subject's rounds, one subject after the other."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from bench.catalogue import is_wanted
from bench.ground import Ground
from bench.results import Results, commit_now, date_now, results_of
from bench.rows import NotMeasured, Reading, Row, Run, Spec, Subject, row_of


@dataclass(frozen=True)
class Outcome:
    """What was measured; `failures` are the names of the subjects that ended in an error, whose rows have no value."""

    results: Results
    failures: list[str]


def measured(
    subjects: Sequence[Subject], only: Sequence[str], rounds: int, *, small: bool, console: Console
) -> Outcome:
    """Measure these subjects; of their rows those that `only` names. One that fails is told, and the others go on."""
    date, commit = date_now(), commit_now()
    rows: list[Row] = []
    failures = []
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with closing(Ground(durable=not small)) as ground, Progress(*columns, console=console) as progress:
        run = Run(small, ground)
        for subject in subjects:
            specs = [spec for spec in subject.specs if is_wanted(spec, only)]
            task = progress.add_task(subject.name, total=rounds)
            try:
                readings: dict[str, list[Reading]] = {spec.name: [] for spec in specs}
                with closing(subject.measure(run)) as measuring:
                    for round_ in islice(measuring, rounds):
                        for name, found in readings.items():
                            found.append(round_[name])
                        progress.advance(task)
                rows += [row_of(spec, readings[spec.name], small=small, date=date, commit=commit) for spec in specs]
            except NotMeasured as lack:
                rows += [_without(spec, str(lack), small=small, date=date, commit=commit) for spec in specs]
            except Exception as error:  # noqa: BLE001 - told; the others are measured
                failures.append(subject.name)
                why = f"failed: {type(error).__name__}"
                rows += [_without(spec, why, small=small, date=date, commit=commit) for spec in specs]
                progress.console.print(f"{subject.name} failed:\n{traceback.format_exc()}", markup=False)
    return Outcome(results_of(rows, date=date, commit=commit), failures)


def _without(spec: Spec, why: str, *, small: bool, date: str, commit: str) -> Row:
    return Row(
        name=spec.name,
        value=None,
        unit=spec.unit,
        aim=str(spec.aim) if spec.aim else None,
        better=spec.better,
        small=small,
        date=date,
        commit=commit,
        note=why,
    )
