"""Holders of embedded parts, as processes that a test may kill."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from intendly.adapters.embedded.folder import alive

ROOT = Path(__file__).parents[3]


class Running(NamedTuple):
    """A holder that has said it is ready."""

    process: subprocess.Popen[str]
    pids: list[int]
    postgres: str
    valkey: str
    anvil: str


Hold = Callable[[Path], Running]


@contextmanager
def holding(folder: Path, *before: str) -> Iterator[Running]:
    """Start a holder on `folder`, in front of its command the words `before`; kill it in the end."""
    process = subprocess.Popen(
        [*before, sys.executable, "-m", "tests.integration.embedded.holder", str(folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout
        line = process.stdout.readline()
        assert line, "the holder ended"
        yield Running(process, **json.loads(line))
        process.kill()


def wait_gone(pids: list[int], timeout_s: float = 10) -> None:
    """Return when none of the processes runs; fail with those that do."""
    end = time.monotonic() + timeout_s
    while left := [pid for pid in pids if alive(pid)]:
        assert time.monotonic() < end, f"still running: {left}"
        time.sleep(0.05)


def descendants(pid: int) -> list[int]:
    """The process and all below it."""
    found = [pid]
    for parent in found:
        for child in Path("/proc").glob("[0-9]*"):
            try:
                fields = (child / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == parent:
                found.append(int(child.name))
    return found


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
