"""The verdict on a run: worse is what moved further than the rounds were apart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bench import command
from bench.compare import worse
from bench.results import Results, results_of, write
from bench.rows import Row


def row(name: str = "a", **more: Any) -> Row:
    return Row(**{"name": name, "value": 100.0, "unit": "ms", "spread": 0.1, **more})


def results(*rows: Row) -> Results:
    return results_of(rows, date="", commit="abc")


@pytest.mark.parametrize(
    ("before", "now", "moved"),
    [
        ({}, {"value": 109}, None),
        ({}, {"value": 111}, 0.11),
        ({}, {"value": 50}, None),
        ({"spread": 0.3}, {"value": 125}, None),
        ({}, {"value": 125, "spread": 0.3}, None),
        ({"better": "more"}, {"better": "more", "value": 80}, 0.25),
        ({"better": "more", "spread": 0.9}, {"better": "more", "value": 50, "spread": 1.1}, 1.0),
        ({"better": "more", "spread": 0.7}, {"better": "more", "value": 60}, None),
        ({"better": "more"}, {"better": "more", "value": 0}, 100),
        ({}, {"value": 300, "spread": 2.5}, 2.0),
        ({"better": "more"}, {"better": "more", "value": 150}, None),
        ({"ratio": 2.0}, {"ratio": 2.1, "value": 300}, None),
        ({"ratio": 2.0}, {"ratio": 2.5}, 0.25),
        ({"ratio": 2.0}, {"value": 150}, 0.5),
        ({"spread": None}, {"spread": None, "value": 101}, 0.01),
        ({"spread": None}, {"spread": None, "value": 100.4}, 0.004),
        ({"spread": 0, "unit": "MiB"}, {"spread": 0, "value": 100.4, "unit": "MiB"}, None),
        ({"small": True}, {"value": 900}, None),
        ({}, {"value": 900, "small": True}, None),
        ({"value": 0, "spread": 5.0}, {"value": 4, "spread": 0.4}, None),
        ({"value": 0, "spread": 5.0}, {"value": 270, "spread": 0.4}, 270),
        ({"value": None}, {}, None),
        ({}, {"value": None}, None),
        ({}, {"value": 900, "unit": "s"}, None),
    ],
)
def test_worse_is_beyond_the_wider_spread(before: dict[str, Any], now: dict[str, Any], moved: float | None) -> None:
    found = worse(results(row(**before)), results(row(**now)))
    assert [one.moved for one in found] == ([] if moved is None else [pytest.approx(moved)])


def test_the_worst_comes_first_and_new_rows_are_no_news() -> None:
    before = results(row("a"), row("b"), row("gone"))
    now = results(row("a", value=120), row("b", value=200), row("new", value=9_000))
    assert [one.name for one in worse(before, now)] == ["b", "a"]


@pytest.mark.parametrize(("value", "status"), [(105.0, 0), (150.0, 1)])
def test_the_command_compares_with_what_was_committed(
    value: float, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "LATEST", tmp_path / "latest.json")
    monkeypatch.setattr(command, "committed", lambda: results(row("stream.memory")))
    write(tmp_path / "latest.json", results(row("stream.memory", value=value)))
    assert command._compare() == status
    said = capsys.readouterr().out.splitlines()
    assert said[-1] == f"{status} of 1 rows got worse since abc by more than the spread"
    if status:
        assert said[0] == "stream.memory: value 100 → 150, 50% worse; the rounds were 10% apart"


def test_a_row_without_its_figure_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "LATEST", tmp_path / "latest.json")
    monkeypatch.setattr(command, "committed", lambda: results(row("stream.memory"), row("close.of_1"), row("gone")))
    write(tmp_path / "latest.json", results(row("stream.memory", value=None)))
    assert command._compare() == 1
    said = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in said[:-1]] == ["close.of_1", "stream.memory"]


def test_what_is_committed_is_not_compared_with_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "LATEST", tmp_path / "latest.json")
    monkeypatch.setattr(command, "committed", lambda: results(row("stream.memory")))
    write(tmp_path / "latest.json", results(row("stream.memory")))
    assert command._compare() == 0
    assert capsys.readouterr().out.startswith("nothing to compare")


def test_without_results_there_is_nothing_to_compare(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "LATEST", tmp_path / "latest.json")
    assert command._compare() == 0
    assert capsys.readouterr().out.startswith("nothing to compare")


def test_the_results_are_json_of_rows() -> None:
    told = json.loads(results(row()).model_dump_json())
    assert told.keys() == {"date", "commit", "cpus", "versions", "rows"}
    assert told["rows"][0].keys() >= {"name", "value", "unit", "floor", "ratio", "aim", "met", "spread"}
