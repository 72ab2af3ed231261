"""How long to wait between tries, and whether a proxy of the environment may stand in the way."""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Iterator
from urllib.parse import urlsplit


def delays(first: float = 0.1, cap: float = 5.0) -> Iterator[float]:
    """Seconds to wait before each next try: doubling up to `cap`, each between half and the whole of it."""
    ceiling = first
    while True:
        yield ceiling * random.uniform(0.5, 1.0)  # noqa: S311
        ceiling = min(cap, ceiling * 2)


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
