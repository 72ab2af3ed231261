"""A circuit breaker: after a failure, do not try for a while, then let one caller try."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Breaker:
    """Closed until `failed`; then open for `open_s` seconds, after which one caller at a time is let through.

    A trial that says nothing for `trial_s` seconds is given up, and another caller may try.
    """

    def __init__(self, *, open_s: float, trial_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._open_s = open_s
        self._trial_s = trial_s
        self._clock = clock
        self._lock = threading.Lock()
        self._closed = True
        self._next_trial = 0.0

    def allows(self) -> bool:
        """Whether the caller may try now; it must then say `succeeded` or `failed`."""
        if self._closed:
            return True
        with self._lock:
            now = self._clock()
            if not self._closed and now < self._next_trial:
                return False
            self._next_trial = now + self._trial_s
            return True

    def succeeded(self) -> None:
        self._closed = True

    def failed(self) -> bool:
        """Open it. True when it was closed before, which is when to speak of it."""
        with self._lock:
            was_closed, self._closed = self._closed, False
            self._next_trial = self._clock() + self._open_s
            return was_closed
