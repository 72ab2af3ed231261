"""Kills process groups when the process that watched over them is gone, kill -9 included.

A death signal reaches the leading process only; what that one forked would live on. So a guard, a process of its own,
is told of every group that begins ("+4711") and ends ("-4711"), and when the pipe to it closes it kills what is left.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path


class GroupGuard:
    """A guard, started with the first group. Its methods may be called from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def begin(self, group: int) -> None:
        """From now on this group dies with this process."""
        self._tell(f"+{group}\n")

    def end(self, group: int) -> None:
        """The group is gone; its number may come to belong to others."""
        self._tell(f"-{group}\n")

    def close(self) -> None:
        """End the guard; it kills the groups that have not ended."""
        with self._lock:
            if self._process:
                self._process.communicate()
            self._process = None

    def _tell(self, line: str) -> None:
        with self._lock:
            if self._process is None:
                self._process = _start()
            if self._process.stdin:
                with contextlib.suppress(BrokenPipeError):  # somebody killed it; the leaders still die with us
                    self._process.stdin.write(line.encode())
                    self._process.stdin.flush()


def _start() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(Path(__file__))], stdin=subprocess.PIPE, start_new_session=True, env={}
    )


def main() -> None:
    """The guard itself: reads stdin to its end."""
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        group = int(line[1:])
        if line.startswith("+"):
            groups.add(group)
        else:
            groups.discard(group)
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    main()
