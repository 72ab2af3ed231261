"""Processes of the bench's own: they end with it."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil

from cli.processes import ROOT


class BenchError(Exception):
    """What was to be measured did not work; the text says how."""


@contextmanager
def running_module(module: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """`python -m MODULE ARGUMENTS`, spoken to by lines; killed in the end. It must end where its stdin does."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def ask(process: subprocess.Popen[str], command: dict[str, Any]) -> dict[str, Any]:
    """One line there, one back. Raises `BenchError` where it says so, or has ended."""
    if process.stdin is None or process.stdout is None:
        raise BenchError("the process has no pipes")
    process.stdin.write(json.dumps(command) + "\n")
    process.stdin.flush()
    line = process.stdout.readline()
    if not line:
        raise BenchError(f"{process.args!r} has ended")
    answer: dict[str, Any] = json.loads(line)
    if "error" in answer:
        raise BenchError(answer["error"])
    return answer


def raise_file_limit() -> int:
    """As many open files as this process may have, for it and its children. Returns how many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def memory_kib(pid: int) -> float:
    """What the process and its children hold: their proportional set size, KiB."""
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    return sum(each.memory_full_info().pss for each in family) / 1_024
