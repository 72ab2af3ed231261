"""What a request wants done for others and need not wait for: done behind it, by a thread of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Errand:
    """Runs `run` soon after it is asked to; what is asked meanwhile is done by one further run.

    Two runs begin `every_s` seconds apart at least, which `run` may change. It never raises. The thread (under gevent
    a greenlet) is started by the first who asks, so make an errand after a fork. A process that dies does not run it.
    """

    def __init__(self, run: Callable[[], None], *, name: str, every_s: float = 0.0) -> None:
        self._run = run
        self._name = name
        self.every_s = every_s
        self._wanted = False
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def ask(self) -> None:
        """Have it run soon; costs nothing to speak of."""
        if self._wanted:
            return
        self._wanted = True
        self._wake.set()
        if self._thread is None:
            with self._starting:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
                    self._thread.start()

    def close(self, timeout_s: float = 2.0) -> None:
        """Do what was asked for, and end. The next who asks starts it anew."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._closing.set()
            self._wake.set()
            thread.join(timeout_s)
            self._closing.clear()

    def _work(self) -> None:
        while self._wanted or not self._closing.is_set():
            self._wake.wait()
            self._wake.clear()
            if self._wanted:
                self._wanted = False
                began = time.monotonic()
                self._run()
                self._closing.wait(max(0.0, began + self.every_s - time.monotonic()))
