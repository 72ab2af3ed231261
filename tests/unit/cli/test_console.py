"""Many processes on one screen."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from cli.console import LogFiles, QuietStart, Screen


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_lines_are_prefixed_and_plain_without_a_terminal() -> None:
    stream = io.StringIO()
    screen = Screen(["beat", "backend-relayer"], stream)
    screen("beat", "tick")
    screen("backend-relayer", "ready")
    assert stream.getvalue() == "beat            | tick\nbackend-relayer | ready\n"


def test_each_has_its_colour_on_a_terminal() -> None:
    stream = Terminal()
    screen = Screen(["a", "b"], stream)
    screen("a", "x")
    screen("b", "x")
    first, second = stream.getvalue().splitlines()
    assert first.startswith("\x1b[")
    assert first.partition("m")[0] != second.partition("m")[0]


def test_a_reader_that_has_gone_stops_nobody() -> None:
    stream = io.StringIO()
    screen = Screen(["a"], stream)
    stream.close()
    screen("a", "x")


def test_files_hold_the_lines_of_each(tmp_path: Path) -> None:
    files = LogFiles(tmp_path / "logs")
    files("solver/one", "x")
    files("beat", "y")
    files.close()
    assert (tmp_path / "logs" / "solver-one.log").read_text() == "x\n"
    assert (tmp_path / "logs" / "beat.log").read_text() == "y\n"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("2026-11-24T11:47:12Z [warning] runs_as_root [__main__] process=beat", True),
        ('{"level": "error", "message": "request_failed"}', True),
        ("2026-11-24 11:47:16,098 WARNING intendly_sdk.solver stream.refused", True),
        ("Traceback (most recent call last):", True),
        ("ModuleNotFoundError: No module named 'x'", True),
        ("2026-11-24T11:47:08Z [info] Starting gunicorn 27.0.1 [gunicorn.error]", False),
        (" -------------- solvers-31879@vm v5.7.0 (collider)", False),
        ("", False),
    ],
)
def test_a_start_is_quiet_but_for_trouble(line: str, shown: bool) -> None:
    stream = io.StringIO()
    start = QuietStart(Screen([], stream))
    start("beat", line)
    assert bool(stream.getvalue()) == shown
    start("supervisor", "9 processes start")
    assert "9 processes start" in stream.getvalue()
    start.ready = True
    start("beat", line)
    assert stream.getvalue().endswith(f"beat | {line}\n")


def test_when_it_is_over_only_the_supervisor_says_why() -> None:
    stream, over = io.StringIO(), [False]
    start = QuietStart(Screen([], stream), lambda: over[0])
    start.ready = True
    start("beat", "tick")
    over[0] = True
    start("beat", "Traceback (most recent call last):")
    start("supervisor", "valkey ended by itself")
    assert stream.getvalue() == "beat | tick\nsupervisor | valkey ended by itself\n"
    start.ready = False
    start("beat", "Traceback (most recent call last):")
    assert "Traceback" in stream.getvalue(), "while it starts nobody else says why"
