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
from cli.supervisor import Supervisor

_PROCESSES: Final = (
    "backend-relayer",
    "websocket-server",
    "backend-coordinator/auctions",
    "backend-coordinator/solvers",
    "backend-coordinator/settlements",
    "beat",
    "flower",
    "solver/pool_router",
    "solver/market_maker",
)
_MIB: Final = 2**20
_AIM: Final = value_at_most(150)


def _row(process: str, when: str) -> str:
    return f"memory.{process.rpartition('/')[2]}.{when}"


SPECS: Final = [
    Spec(_row(process, when), f"resident memory of {process}, the largest of its processes, {words}", "MiB", aim=_AIM)
    for process in _PROCESSES
    for when, words in (("rest", "before any intent"), ("load", "after 20 intents a second"))
]


def resident(venue: Supervisor, when: Literal["rest", "load"]) -> dict[str, Reading]:
    """The rows of all processes of a venue that runs."""
    return {_row(process, when): Reading(_largest(venue.pid(process))) for process in _PROCESSES}


def _largest(pid: int) -> float:
    family = (psutil.Process(pid), *psutil.Process(pid).children(recursive=True))
    return max(each.memory_info().rss for each in family) / _MIB


@subject(
    Spec("startup.up", "`intendly up` on data that is there already, until it is ready", "s", aim=value_at_most(5))
)
def startup(run: Run) -> Rounds:
    folder = run.ground.new_folder("up")
    if not run.small:
        with _up(folder):
            pass
    while True:
        began = time.monotonic()
        with _up(folder):
            took = time.monotonic() - began
        yield {"startup.up": Reading(took)}


@contextmanager
def _up(folder: Path) -> Iterator[None]:
    """The program in a process of its own, ready; told to stop in the end."""
    command = [sys.executable, "-m", "cli.main", "up", "--json"]
    with (folder / "up.log").open("ab") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | {"DATA_DIR": str(folder)}, stdout=subprocess.PIPE, stderr=log
        )
        with process:
            try:
                if process.stdout is None or not process.stdout.readline():
                    raise BenchError(f"intendly up ended: {(folder / 'up.log').read_text()[-300:]}")
                yield
            finally:
                process.send_signal(signal.SIGINT)
                process.wait()
