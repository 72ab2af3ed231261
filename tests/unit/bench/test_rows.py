"""What rounds come to, and what is written where."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from bench import catalogue, command
from bench.measure import Outcome, measured
from bench.results import LATEST, Results, ResultsError, commit_now, committed, merged, read, results_of, write
from bench.rows import (
    Aim,
    NotMeasured,
    Reading,
    Rounds,
    Row,
    Run,
    Spec,
    Subject,
    excess_at_most,
    percentile,
    ratio_at_least,
    ratio_at_most,
    row_of,
    value_at_most,
)
from bench.tables import DOCUMENT, document_with, markdown

QUIET = Console(quiet=True)


def spec(name: str = "a.b", **more: object) -> Spec:
    return Spec(name, "what it is", "ms", "its floor", **more)  # type: ignore[arg-type]


def row(name: str, value: float = 1.0) -> Row:
    return row_of(Spec(name, "", "ms"), [Reading(value)])


def results(*rows: Row, commit: str = "abc") -> Results:
    return results_of(rows, date="2026-01-01T00:00:00Z", commit=commit)


def test_a_row_is_the_median_of_its_rounds_beside_that_of_its_floor() -> None:
    readings = [Reading(value, floor) for value, floor in [(10, 5), (12, 4), (11, 5), (30, 5), (10.5, 5)]]
    made = row_of(spec(aim=ratio_at_most(3)), readings, date="now", commit="abc")
    assert (made.value, made.floor, made.ratio, made.met) == (11, 5, 2.2, True)
    assert made.spread == pytest.approx((6 - 2) / 2.2, rel=1e-3), "of the rounds' ratios"
    assert (made.aim, made.unit, made.rounds, made.date, made.commit) == ("ratio ≤ 3", "ms", 5, "now", "abc")


def test_many_readings_of_a_round_are_one_percentile_over_all_rounds() -> None:
    made = row_of(spec(percentile=99, aim=value_at_most(97)), [Reading(list(range(50))), Reading(list(range(50, 100)))])
    assert (made.value, made.ratio, made.met) == (98, None, False)


@pytest.mark.parametrize(("percent", "expected"), [(50, 50.5), (99, 99), (100, 100)])
def test_a_percentile(percent: int, expected: float) -> None:
    assert percentile([float(number) for number in range(1, 101)], percent) == expected


@pytest.mark.parametrize(("value", "met"), [(0.6, True), (0.59, False)])
def test_more_may_be_better(value: float, met: bool) -> None:
    made = row_of(spec(aim=ratio_at_least(0.6), better="more"), [Reading(value, 1.0)])
    assert (made.met, made.better) == (met, "more")


@pytest.mark.parametrize(("value", "met"), [(202_000.0, True), (202_001.0, False)])
def test_an_aim_may_be_so_much_above_the_floor(value: float, met: bool) -> None:
    made = row_of(spec(aim=excess_at_most(102_000)), [Reading(value, 100_000.0)])
    assert (made.met, made.aim) == (met, "value ≤ floor + 102,000")


@pytest.mark.parametrize("aim", [excess_at_most(1), ratio_at_most(1)])
def test_what_has_no_floor_has_met_no_aim_that_is_of_one(aim: Aim) -> None:
    assert row_of(spec(aim=aim), [Reading(0.5)]).met is None


def test_of_small_sizes_no_aim_is_judged() -> None:
    made = row_of(spec(aim=value_at_most(1)), [Reading(100.0)], small=True)
    assert (made.small, made.met, made.aim) == (True, None, "value ≤ 1")


def _counts(run: Run) -> Rounds:
    for number in range(100):
        yield {"a.b": Reading(run.size(number, -number), 10), "a.c": Reading(1)}


def _lacks(run: Run) -> Rounds:
    if not run.small:
        raise NotMeasured("there is no nginx")
    yield {}


def _breaks(_run: Run) -> Rounds:
    yield {"c": Reading(1)}
    raise ValueError("broken")


COUNTS = Subject((spec("a.b"), spec("a.c")), _counts)


def test_a_subject_gives_as_many_rounds_as_it_is_asked_for() -> None:
    outcome = measured([COUNTS], [], 5, small=False, console=QUIET)
    assert [(each.name, each.value, each.rounds) for each in outcome.results.rows] == [("a.b", 2, 5), ("a.c", 1, 5)]
    assert outcome.failures == []
    assert outcome.results.cpus >= 1
    assert "python" in outcome.results.versions


def test_of_a_subject_those_rows_are_told_that_were_asked_for() -> None:
    outcome = measured([COUNTS], ["a.b"], 3, small=True, console=QUIET)
    assert [(each.name, each.value) for each in outcome.results.rows] == [("a.b", -1)]


def test_what_lacks_something_has_a_note_and_what_breaks_stops_nobody() -> None:
    lacks, breaks = Subject((spec("b"),), _lacks), Subject((spec("c"),), _breaks)
    outcome = measured([lacks, breaks, COUNTS], [], 2, small=False, console=QUIET)
    found = {each.name: (each.value, each.note) for each in outcome.results.rows}
    failed = (None, "failed: ValueError")
    assert found == {"b": (None, "there is no nginx"), "c": failed, "a.b": (0.5, None), "a.c": (1, None)}
    assert outcome.failures == ["breaks"]


def test_a_name_stands_for_all_rows_below_it() -> None:
    assert [one.name for one in catalogue.specs(["stream.fan_out"])] == ["stream.fan_out.p50", "stream.fan_out.p99"]
    assert catalogue.specs(["stream.fan"]) == []
    names = [one.name for one in catalogue.specs()]
    assert len(set(names)) == len(names)


def test_a_subset_updates_its_own_rows(tmp_path: Path) -> None:
    file = tmp_path / "results" / "r.json"
    write(file, results(row("a", 1), row("b", 1), row("gone", 1), commit="old"))
    write(file, merged(read(file), results(row("b", 2), commit="new"), ["a", "b", "c"]))
    kept = read(file)
    assert kept is not None
    assert [(each.name, each.value) for each in kept.rows] == [("a", 1), ("b", 2)]
    assert kept.commit == "new"


@pytest.fixture
def latest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place of its own for the results of a run that measures nothing."""

    def none(*_: object, **__: object) -> Outcome:
        return Outcome(results(row("stream.memory")), [])

    monkeypatch.setattr(command, "measured", none)
    monkeypatch.setattr(command, "LATEST", tmp_path / "latest.json")
    return tmp_path / "latest.json"


@pytest.mark.parametrize(
    ("names", "rounds", "small", "is_written"),
    [([], 5, False, True), ([], 4, False, False), ([], 5, True, False), (["stream.memory"], 5, False, False)],
)
def test_only_a_full_run_is_written_where_nobody_asked(
    latest: Path, names: list[str], rounds: int, small: bool, is_written: bool
) -> None:
    command._measure(names, rounds, small=small, out=None)
    assert latest.exists() is is_written


def test_what_is_asked_for_is_written(latest: Path, tmp_path: Path) -> None:
    command._measure(["stream.memory"], 1, small=True, out=tmp_path / "mine.json")
    kept = read(tmp_path / "mine.json")
    assert kept is not None
    assert [each.name for each in kept.rows] == ["stream.memory"]
    assert not latest.exists()


def test_a_failure_is_an_exit_code(latest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missed = row_of(spec("stream.memory", aim=value_at_most(1)), [Reading(9)])
    monkeypatch.setattr(command, "measured", lambda *_, **__: Outcome(results(missed), []))
    assert command._measure([], 1, small=False, out=None) == 0, "a missed aim is shown, and no failure"
    monkeypatch.setattr(command, "measured", lambda *_, **__: Outcome(results(missed), ["memory"]))
    with pytest.raises(SystemExit) as left:
        command._measure([], 1, small=False, out=None)
    assert left.value.code == 1


@pytest.mark.parametrize("text", ["{broken", "[]", '{"rows": []}'])
def test_a_file_of_something_else_is_refused_before_anything_is_measured(text: str, latest: Path) -> None:
    latest.write_text(text)
    with pytest.raises(ResultsError, match="expected results of this bench"):
        command._measure([], 5, small=False, out=None)
    assert latest.read_text() == text


def test_a_place_that_takes_no_file_is_refused_before_anything_is_measured(latest: Path, tmp_path: Path) -> None:
    for place in (tmp_path, Path("/proc/x/y.json")):
        with pytest.raises(ResultsError, match=str(place)):
            command._measure([], 1, small=False, out=place)
    assert not latest.exists()


@pytest.mark.parametrize("path", ["", "/nowhere"])
def test_without_git_there_is_no_commit(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", path)
    assert (commit_now(), committed()) == ("", None)


def test_of_several_runs_the_table_says_which_rows_are_whose() -> None:
    days = {"a": 1, "b": 1, "c": 2}
    ours = [row_of(spec(name), [Reading(1.0)], date=f"day {day}", commit=f"c{day}") for name, day in days.items()]
    text = markdown([spec(name) for name in "abc"], results(*ours))
    assert "Measured day 1 at c1 by 1 rounds; `c` day 2 at c2 by 1, on" in text


def _lines(text: str) -> Iterator[str]:
    return (line for line in text.splitlines() if line.startswith("| `"))


def test_the_document_has_every_row_and_the_latest_figures() -> None:
    text = DOCUMENT.read_text()
    table = markdown(catalogue.specs(), read(LATEST))
    assert document_with(text, table) == text, "write it anew: .venv/bin/python -m bench --write-docs"


def test_a_row_that_is_not_measured_has_its_line_too() -> None:
    table = markdown([spec("a", aim=ratio_at_most(3)), spec("b")], results(row("b", 12_345)))
    assert list(_lines(table)) == [
        "| `a` | what it is; floor: its floor | – | – | – | ratio ≤ 3 | – | – |",
        "| `b` | what it is; floor: its floor | 12,340 ms | – | – | – | – | 0% |",
    ]
