"""Threads for requests to strangers, of which no host takes more than its share."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

Work = Callable[[], None]


class FairThreads:
    """Runs `per_host` pieces of work of one host at once, and `threads` in all; the others of that host wait in line.

    Who waits in line holds no thread, so that a hundred solvers at one host that hangs are as good as `per_host`.
    """

    def __init__(self, name: str, *, threads: int, per_host: int) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._per_host = per_host
        self._lock = threading.Lock()
        self._running: dict[str, int] = {}
        self._waiting: dict[str, deque[Work]] = {}

    def run(self, host: str, work: Work) -> None:
        """Run it in a thread, when it is its turn. It must not raise."""
        with self._lock:
            if self._running.get(host, 0) >= self._per_host:
                self._waiting.setdefault(host, deque()).append(work)
                return
            self._running[host] = self._running.get(host, 0) + 1
        self._threads.submit(self._work_off, host, work)

    def _work_off(self, host: str, work: Work) -> None:
        following: Work | None = work
        while following is not None:
            try:
                following()
            finally:
                following = self._next(host)

    def _next(self, host: str) -> Work | None:
        with self._lock:
            line = self._waiting.get(host)
            if line:
                return line.popleft()
            self._waiting.pop(host, None)
            self._running[host] -= 1
            if not self._running[host]:
                del self._running[host]
            return None
