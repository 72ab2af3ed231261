"""Threads for requests to strangers, of which no line takes more than its share."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count

Work = Callable[[], None]


@dataclass(slots=True)
class _Line:
    running: int = 0
    of_strangers: int = 0
    waiting: list[tuple[bool, float, int, Work]] = field(default_factory=list)


class FairThreads:
    """Runs `per_line` pieces of work of one line at once, and `threads` in all; the others of that line wait.

    Strangers have at most half of a line. Of those that wait the known come first, then who had its last turn longest
    ago. Who waits holds no thread, so that a hundred solvers at one host that hangs are as good as half a line.
    """

    def __init__(self, name: str, *, threads: int, per_line: int) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._per_line = per_line
        self._lock = threading.Lock()
        self._lines: dict[str, _Line] = {}
        self._arrivals = count()

    def run(self, name: str, work: Work, *, is_known: bool, last_turn: float) -> None:
        """Run it in a thread, when it is its turn in the line of this name. It must not raise."""
        with self._lock:
            line = self._lines.setdefault(name, _Line())
            heappush(line.waiting, (not is_known, last_turn, next(self._arrivals), work))
            started = self._next(line)
        if started is not None:
            self._threads.submit(self._work_off, name, line, *started)

    def _work_off(self, name: str, line: _Line, is_stranger: bool, work: Work) -> None:
        following: tuple[bool, Work] | None = (is_stranger, work)
        while following is not None:
            is_stranger, work = following
            try:
                work()
            finally:
                with self._lock:
                    line.running -= 1
                    line.of_strangers -= is_stranger
                    following = self._next(line)
                    if not line.running:
                        del self._lines[name]

    def _next(self, line: _Line) -> tuple[bool, Work] | None:
        """Whoever is first in the line, if it may begin now; it counts as running."""
        if not line.waiting or line.running >= self._per_line:
            return None
        is_stranger = line.waiting[0][0]
        if is_stranger and line.of_strangers >= max(1, self._per_line // 2):
            return None
        work = heappop(line.waiting)[-1]
        line.running += 1
        line.of_strangers += is_stranger
        return is_stranger, work
