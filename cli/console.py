"""The lines of many processes on one screen, each with the name of who wrote it; or in a file for each."""

from __future__ import annotations

import contextlib
import re
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TextIO

from cli.keeper import SUPERVISOR

# By the level as structlog, json and logging write it, and by what Python prints of its own.
_TROUBLE = re.compile(
    r"""\[(?:warning|error|critical)\b|"level": ?"(?:warning|error|critical)"|\b(?:WARNING|ERROR|CRITICAL)\b"""
    r"""|\w(?:Warning|Error|Exception):|^Traceback"""
)
_COLOURS = (36, 32, 33, 35, 34, 96, 92, 93, 95, 94)


class Screen:
    """Writes "name | line"; in colour, one for each name, on a terminal only. Safe from several threads."""

    def __init__(self, names: Sequence[str], stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._width = max((len(name) for name in names), default=0)
        self._coloured = self._stream.isatty()
        self._colours = {name: _COLOURS[place % len(_COLOURS)] for place, name in enumerate(names)}
        self._lock = threading.Lock()

    def __call__(self, name: str, line: str) -> None:
        label = f"{name:<{self._width}} |"
        if self._coloured:
            label = f"\x1b[{self._colours.get(name, 1)}m{label}\x1b[0m"
        with self._lock, contextlib.suppress(OSError, ValueError):  # nobody reads any more: run on
            self._stream.write(f"{label} {line}\n")
            self._stream.flush()


class QuietStart:
    """Until `ready` is set only the supervisor's own lines are shown, and what looks like trouble; then all are.

    Once it is ready and `is_over`, as when a server has fallen, only the supervisor speaks: the others but miss it.
    """

    def __init__(self, screen: Screen, is_over: Callable[[], bool] = lambda: False) -> None:
        self._screen = screen
        self._is_over = is_over
        self.ready = False

    def __call__(self, name: str, line: str) -> None:
        if name == SUPERVISOR or (not self._is_over() if self.ready else _TROUBLE.search(line)):
            self._screen(name, line)


class LogFiles:
    """Writes each process's lines into `folder`/name.log, begun anew by each run."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._streams: dict[str, TextIO] = {}
        self._lock = threading.Lock()

    def __call__(self, name: str, line: str) -> None:
        with self._lock, contextlib.suppress(OSError):
            if name not in self._streams:
                self._streams[name] = (self._folder / f"{name.replace('/', '-')}.log").open("w")
            self._streams[name].write(f"{line}\n")
            self._streams[name].flush()

    def close(self) -> None:
        with self._lock:
            for stream in self._streams.values():
                stream.close()
            self._streams.clear()
