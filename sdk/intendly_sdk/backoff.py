"""How long to wait between tries, and whether a proxy of the environment may stand in the way."""

from __future__ import annotations

import ipaddress
import random
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

STEADY_SECONDS = 10.0


def delays(first: float = 0.1, cap: float = 5.0) -> Iterator[float]:
    """Seconds to wait before each next try: doubling up to `cap`, each between half and the whole of it."""
    ceiling = first
    while True:
        yield ceiling * random.uniform(0.5, 1.0)  # noqa: S311
        ceiling = min(cap, ceiling * 2)


class Waits:
    """Of one who connects again and again; a connection that has held for `STEADY_SECONDS` begins them anew."""

    def __init__(self) -> None:
        self.until = 0.0
        """The next try is not to be before, in monotonic seconds."""
        self._connected_at: float | None = None
        self._delays = delays()

    def connected(self) -> None:
        """It is connected."""
        self._connected_at = time.monotonic()

    def lost(self) -> None:
        """It has lost its connection, or has got none."""
        now = time.monotonic()
        if self._connected_at is not None and now - self._connected_at > STEADY_SECONDS:
            self._delays = delays()
        self._connected_at = None
        self.until = now + next(self._delays)


def is_loopback(url: str) -> bool:
    """Whether the URL names this machine, which no proxy of the environment can reach."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def seconds_of(retry_after: str | None) -> float | None:
    """Seconds from a Retry-After header; None where it is missing or a date, which the venue never sends."""
    return float(retry_after) if retry_after is not None and retry_after.isdecimal() else None
