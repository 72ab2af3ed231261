"""Runs a set of processes: starts, says when ready, restarts what dies or hangs, stops all, leaves none behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from cli.group_guard import GroupGuard
from cli.keeper import SUPERVISOR, Keeper, ProcessFailed, ProcessSpec, Say

__all__ = ["SUPERVISOR", "ProcessFailed", "ProcessSpec", "Say", "Supervisor"]


class Supervisor:
    """Keeps the processes of `specs` running between `start` and `stop`, or within a `with` block.

    They, and what they forked, die with this process, also on kill -9.
    """

    def __init__(self, specs: Sequence[ProcessSpec], say: Say, *, cwd: Path | None = None) -> None:
        self._say = say
        self._guard = GroupGuard()
        self._keepers = {spec.name: Keeper(spec, say, self._guard, cwd) for spec in specs}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._keepers)

    def start(self) -> None:
        """Start all at once; returns before they are ready."""
        for keeper in self._keepers.values():
            keeper.start()

    def wait_ready(self) -> None:
        """Return when every process is ready. Raises `ProcessFailed` for the first that is not within its time."""
        for keeper in self._keepers.values():
            keeper.wait_ready()

    def pid(self, name: str) -> int:
        """The process number of `name` as it runs now; 0 while it is down."""
        return self._keepers[name].pid

    def restarts(self, name: str) -> int:
        """How often `name` was started again."""
        return self._keepers[name].restarts

    def kill(self, name: str) -> None:
        """SIGKILL its leading process, as a crash would; it is started again."""
        self._keepers[name].kill()

    def wait_restarted(self, name: str, restarts: int, timeout_s: float = 60) -> None:
        """Return when `name` was started again more than `restarts` times and is ready. Raises `ProcessFailed`."""
        keeper, end = self._keepers[name], time.monotonic() + timeout_s
        while keeper.restarts <= restarts:
            if time.monotonic() > end:
                raise ProcessFailed(f"{name} was not started again within {timeout_s:.0f} s")
            time.sleep(0.02)
        keeper.wait_ready()

    def stop(self) -> None:
        """Stop all, rank by rank from the highest. What does not end in its time is killed. May be called twice."""
        for keeper in self._keepers.values():
            keeper.retire()
        for rank in sorted({keeper.spec.stop_rank for keeper in self._keepers.values()}, reverse=True):
            of_rank = [keeper for keeper in self._keepers.values() if keeper.spec.stop_rank == rank]
            stoppers = [threading.Thread(target=keeper.stop) for keeper in of_rank]
            for stopper in stoppers:
                stopper.start()
            for stopper in stoppers:
                stopper.join()
        self._guard.close()
