"""gunicorn's gevent worker with an end to every wait for a client: for its body, and for its taking of the answer.

gunicorn itself bounds only what comes before a body: the wait for a request and for its head, by `keepalive`. A
connection that is over its time is closed; where a body is late, after a 408.
"""

from __future__ import annotations

import time
from typing import Any

import gevent

from web.unreadable import ProblemWorker


class BodyInTime:
    """A body's reader that raises werkzeug's `RequestTimeout` when the whole body has not come within `seconds`."""

    def __init__(self, reader: Any, seconds: float) -> None:
        self._reader = reader
        self._until = time.monotonic() + seconds

    def read(self, size: int) -> bytes:
        """Up to `size` bytes."""
        data: bytes | None = None
        with gevent.Timeout(max(0.0, self._until - time.monotonic()), False):
            data = self._reader.read(size)
        if data is None:
            from werkzeug.exceptions import RequestTimeout  # what it imports must wait for the monkey patch

            raise RequestTimeout
        return data


class PatientWorker(ProblemWorker):
    """Waits `keepalive` seconds for a head and as many for its body, twice as many for an answer to be taken."""

    def handle_request(self, listener_name: Any, req: Any, sock: Any, addr: Any) -> None:
        """One request whose head is there, to the end of its answer."""
        sock.settimeout(2 * self.cfg.keepalive)
        reader = req.body.reader
        req.body.reader = BodyInTime(reader, self.cfg.keepalive)
        try:
            super().handle_request(listener_name, req, sock, addr)
        except TimeoutError:
            raise StopIteration from None  # gunicorn's way to close a connection
        finally:
            req.body.reader = reader  # what nobody read of it is skipped in the time for the next head
