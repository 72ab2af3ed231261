"""Many processes on one screen."""

from __future__ import annotations

import io
from pathlib import Path

from cli.console import LogFiles, Screen


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
