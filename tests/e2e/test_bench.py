"""The bench at small sizes: it works, and writes what it says. No time is judged."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bench.catalogue import specs
from bench.results import LATEST
from cli.processes import ROOT

pytestmark = pytest.mark.e2e

FIELDS = {"name", "value", "unit", "floor", "ratio", "aim", "met", "spread"}


def _bench(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bench", *arguments],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def _latest() -> bytes | None:
    return LATEST.read_bytes() if LATEST.exists() else None


def test_every_row_is_measured_and_written_where_it_was_asked_for(tmp_path: Path) -> None:
    before, out = _latest(), tmp_path / "small.json"
    done = _bench("--small", "--rounds", "1", "--out", str(out), DATABASE_URL="postgresql://a:b@production/main")
    assert done.returncode == 0, done.stdout + done.stderr
    results: dict[str, Any] = json.loads(out.read_text())
    assert results.keys() == {"date", "commit", "cpus", "versions", "rows"}
    rows: list[Mapping[str, Any]] = results["rows"]
    assert [row["name"] for row in rows] == [spec.name for spec in specs()]
    for row, spec in zip(rows, specs(), strict=True):
        assert row.keys() >= FIELDS
        assert row["name"] in done.stdout
        assert row["note"] is None
        assert row["value"] >= 0, row
        assert (row["floor"] is not None) is bool(spec.floor), row
        assert (row["met"], row["small"], row["rounds"]) == (None, True, 1)
    assert _latest() == before


def test_the_rows_are_listed() -> None:
    done = _bench("--list", "--only", "stream.resume")
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["stream.resume.time", "stream.resume.statements"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--only", "nothing"), "--only: expected rows that --list names, got nothing"),
        (("--rounds", "0"), "Invalid value for '--rounds': Input should be greater than or equal to 1"),
    ],
)
def test_a_mistake_is_one_line(arguments: tuple[str, ...], said: str) -> None:
    done = _bench(*arguments)
    assert (done.returncode, done.stderr) == (2, f"{said}\n")
