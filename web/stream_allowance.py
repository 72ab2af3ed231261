"""How much one client may say: a bucket that fills at a steady rate, up to a burst."""

from __future__ import annotations

import time
from collections.abc import Callable


class Allowance:
    """`rate` a second, and up to `burst` at once."""

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._left, self._at = burst, clock()

    def take(self, amount: float) -> float:
        """Use `amount`; returns the seconds until it was all allowed, 0 where it is now."""
        now = self._clock()
        self._left = min(self._burst, self._left + (now - self._at) * self._rate) - amount
        self._at = now
        return max(0.0, -self._left / self._rate)
