"""The demo as a user starts it: a process of its own, in a folder of its own, its last line read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Demo:
    """A demo that runs."""

    process: subprocess.Popen[str]
    data_dir: Path

    def result(self, timeout_s: float) -> dict[str, float]:
        """Wait for its end and read its last line. Fails with what it said when it ended with an error."""
        out, err = self.process.communicate(timeout=timeout_s)
        assert self.process.returncode == 0, f"{err[-4_000:]}\n{out}\n{self._logs()}"
        lines = out.strip().splitlines()
        assert len(lines) == 1, out
        told: dict[str, float] = json.loads(lines[-1])
        return told

    def running(self) -> dict[str, psutil.Process]:
        """The venue's processes by what tells them apart in their command lines; not the databases and the chain."""
        found = {}
        for child in psutil.Process(self.process.pid).children(recursive=True):
            try:
                command = " ".join(child.cmdline())
            except psutil.Error:
                continue
            for name in NAMES:
                if name in command and name not in found:
                    found[name] = child
        return found

    def _logs(self) -> str:
        tails = []
        for log in sorted(self.data_dir.glob("demo/logs/*.log")):
            lines = [line for line in log.read_text(errors="replace").splitlines() if "rror" in line or "Trace" in line]
            tails.append(f"--- {log.name}\n" + "\n".join(lines[-15:]))
        return "\n".join(tails)


NAMES = (
    "workers.coordinator auctions",
    "workers.coordinator solvers",
    "workers.coordinator settlements",
    "web/gunicorn.conf.py",
    "workers.stream",
    "workers.beat",
    "workers.flower",
    "solvers.pool_router",
    "solvers.market_maker",
)
"""One for each process of the venue, the two solvers among them."""


@pytest.fixture
def start_demo(tmp_path: Path) -> Iterator[Callable[..., Demo]]:
    """Starts demos; what still runs in the end is stopped."""
    started: list[Demo] = []

    def start(*arguments: str, env: dict[str, str] | None = None) -> Demo:
        process = subprocess.Popen(
            [sys.executable, "-m", "cli.main", "demo", "--once", "--json", "--data-dir", str(tmp_path), *arguments],
            cwd=ROOT,
            env=os.environ | (env or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(Demo(process, tmp_path))
        return started[-1]

    yield start
    for demo in started:
        if demo.process.poll() is None:
            demo.process.terminate()
            try:
                demo.process.communicate(timeout=30)
            except subprocess.TimeoutExpired:
                demo.process.kill()
                demo.process.communicate()
