"""A circuit breaker: after failures, do not try for a while, then let one caller try."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Breaker:
    """Closed until `failed` was said `failures` times in a row; then open for `open_s` seconds.

    After them one caller at a time is let through. Each time that one fails too, the pause doubles, up to `open_max_s`
    seconds (default: it stays as it is). A trial that says nothing for `trial_s` seconds is given up, and another
    caller may try.
    """

    def __init__(
        self,
        *,
        open_s: float,
        trial_s: float,
        failures: int = 1,
        open_max_s: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._open_s = self._pause_s = open_s
        self._open_max_s = open_s if open_max_s is None else open_max_s
        self._trial_s = trial_s
        self._failures = failures
        self._clock = clock
        self._lock = threading.Lock()
        self._failed = 0
        self._trying = False
        self._next_trial = 0.0

    def allows(self) -> bool:
        """Whether the caller may try now; it must then say `succeeded` or `failed`."""
        if self._failed < self._failures:
            return True
        with self._lock:
            now = self._clock()
            if self._failed >= self._failures and now < self._next_trial:
                return False
            self._next_trial = now + self._trial_s
            self._trying = True
            return True

    def succeeded(self) -> bool:
        """Close it. True when it was open before, which is when to speak of it."""
        if self._failed == 0:
            return False
        with self._lock:
            was_open = self._failed >= self._failures
            self._failed, self._pause_s, self._trying = 0, self._open_s, False
            return was_open

    def failed(self) -> bool:
        """Count it. True when it opens by that, which is when to speak of it."""
        with self._lock:
            self._failed += 1
            if self._failed < self._failures:
                return False
            if self._trying:  # not one that was under way when it opened
                self._pause_s, self._trying = min(2 * self._pause_s, self._open_max_s), False
            self._next_trial = self._clock() + self._pause_s
            return self._failed == self._failures
