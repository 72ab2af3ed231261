"""What the venue's processes hold, at rest and under load, and how long `intendly up` takes to be ready."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal

import psutil

from bench.child import BenchError
from bench.rows import Reading, Rounds, Run, Spec, subject, value_at_most
from cli.processes import ROOT

_PROCESSES: Final = {
    "backend-relayer": "web/gunicorn.conf.py",
    "websocket-server": "workers.stream",
    "backend-coordinator/auctions": "workers.coordinator auctions",
    "backend-coordinator/solvers": "workers.coordinator solvers",
    "backend-coordinator/settlements": "workers.coordinator settlements",
    "beat": "workers.beat",
    "flower": "workers.flower",
    "solver/pool_router": "solvers.pool_router",
    "solver/market_maker": "solvers.market_maker",
}
"""Each with what only its own command has."""
_MIB: Final = 2**20
_AIM: Final = value_at_most(150)


def _row(process: str, when: str) -> str:
    return f"memory.{process.rpartition('/')[2]}.{when}"


def spec(process: str, when: str, words: str) -> Spec:
    """A row; `words` say when it is."""
    what = f"resident memory of {process}, the largest of its processes, {words}"
    return Spec(_row(process, when), what, "MiB", aim=_AIM)


UNDER_LOAD: Final = [spec(process, "load", "after 20 intents a second") for process in _PROCESSES]


def resident(parent: int, when: Literal["rest", "load"]) -> dict[str, Reading]:
    """The rows of all processes of the venue that the process `parent` keeps running."""
    named = [(_process_of(one), one.pid) for one in psutil.Process(parent).children(recursive=True)]
    return {
        _row(process, when): Reading(max(largest_mib(pid) for name, pid in named if name == process))
        for process in _PROCESSES
    }


def _process_of(one: psutil.Process) -> str | None:
    command = " ".join(one.cmdline())
    return next((process for process, mark in _PROCESSES.items() if mark in command), None)


def largest_mib(pid: int) -> float:
    """Resident memory of the largest among the process and those below it."""
    family = (psutil.Process(pid), *psutil.Process(pid).children(recursive=True))
    return max(each.memory_info().rss for each in family) / _MIB


@subject(
    Spec("startup.up", "`intendly up` on data that is there already, until it is ready", "s", aim=value_at_most(5)),
    *(spec(process, "rest", "before any intent") for process in _PROCESSES),
)
def startup(run: Run) -> Rounds:
    folder = run.ground.new_folder("up")
    if not run.small:
        with _up(folder):
            pass
    while True:
        began = time.monotonic()
        with _up(folder) as up:
            took = time.monotonic() - began
            rest = resident(up, "rest")
        yield {"startup.up": Reading(took)} | rest


@contextmanager
def _up(folder: Path) -> Iterator[int]:
    """The program in a process of its own, whose number this is, ready; told to stop in the end."""
    command = [sys.executable, "-m", "cli.main", "up", "--json"]
    with (folder / "up.log").open("ab") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | {"DATA_DIR": str(folder)}, stdout=subprocess.PIPE, stderr=log
        )
        with process:
            try:
                if process.stdout is None or not process.stdout.readline():
                    raise BenchError(f"intendly up ended: {(folder / 'up.log').read_text()[-300:]}")
                yield process.pid
            finally:
                process.send_signal(signal.SIGINT)
                process.wait()
