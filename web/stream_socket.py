"""One WebSocket as the stream uses it: whole frames only, a bounded queue, one writer, a clear end.

simple-websocket sends with `socket.send`, which under gevent may take a part of a frame and drop the rest when the
reader is slow, and from two greenlets at once. So the socket is wrapped: every send is whole, one at a time.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

import gevent
import structlog
from gevent.lock import RLock
from gevent.queue import Full, Queue
from simple_websocket import ConnectionClosed

log = structlog.get_logger(__name__)

QUEUE_MAX: Final = 1_000
SEND_TIMEOUT_S: Final = 15.0
GOING_AWAY: Final = 1001
POLICY: Final = 1008
TRY_AGAIN: Final = 1013
TOO_SLOW: Final = 4408
"""Our own code: the reader did not keep up; reconnect and resume."""


class WholeSends:
    """A socket whose `send` sends everything, one caller at a time."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self._lock = RLock()
        sock.settimeout(SEND_TIMEOUT_S)

    def send(self, data: bytes) -> int:
        with self._lock:
            self._sock.sendall(data)
        return len(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


class StreamSocket:
    """What is said goes through a queue that one greenlet empties, so that a slow reader holds up nobody."""

    def __init__(self, ws: Any) -> None:
        ws.sock = WholeSends(ws.sock)
        self._ws = ws
        self._queue: Queue[str] = Queue(QUEUE_MAX)
        self._is_over = False
        self._closer: gevent.Greenlet[..., None] | None = None
        self._writer = gevent.spawn(self._write)

    def say(self, frame: str) -> None:
        """Queue a frame. A reader that is `QUEUE_MAX` frames behind is dropped with `TOO_SLOW`."""
        if self._is_over:
            return
        try:
            self._queue.put_nowait(frame)
        except Full:
            log.warning("stream_reader_too_slow")
            self.end(TOO_SLOW, "too slow: reconnect and resume behind your last cursor")

    def hear(self) -> str | bytes | None:
        """The next message; None when the connection is over."""
        try:
            message: str | bytes | None = self._ws.receive()
        except ConnectionClosed:
            return None
        return message

    def end(self, code: int, why: str) -> None:
        """Close with a code, from any greenlet; what is still queued is not sent."""
        if not self._is_over:
            self._is_over = True
            self._closer = gevent.spawn(self._close, code, why)

    def finish(self) -> None:
        """The reading is over: let an end that was begun be said, stop the writer."""
        self._is_over = True
        if self._closer is not None:
            self._closer.join()
        self._writer.kill(block=False)

    def _write(self) -> None:
        while not self._is_over:
            frame = self._queue.get()
            try:
                self._ws.send(frame)
            except (ConnectionClosed, OSError):
                self._is_over = True
                self._cut()

    def _close(self, code: int, why: str) -> None:
        # A reader that reads nothing never takes the close frame either: it gets a second, then the line is cut.
        with gevent.Timeout(1.0, False), suppress(ConnectionClosed, OSError):
            self._ws.close(code, why)
        self._writer.kill(block=False)
        gevent.sleep(0.05)
        self._cut()

    def _cut(self) -> None:
        import socket

        self._ws.connected = False
        with suppress(OSError):
            self._ws.sock.shutdown(socket.SHUT_RDWR)
        self._ws.event.set()
