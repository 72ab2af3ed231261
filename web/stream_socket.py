"""One WebSocket as the stream uses it: whole frames only, a bounded queue, one writer, a clear end.

simple-websocket sends with `socket.send`, which under gevent may take a part of a frame and drop the rest when the
reader is slow, and from two greenlets at once. So the socket is wrapped: every send is whole, one at a time.
"""

from __future__ import annotations

import socket as sockets
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import gevent
import structlog
from gevent.lock import RLock
from gevent.queue import Full, Queue
from simple_websocket import ConnectionClosed

from web.stream_allowance import Allowance

log = structlog.get_logger(__name__)

QUEUE_MAX: Final = 1_000
UNREAD_MAX: Final = 64
"""Messages that wait to be answered; behind them the client's own sends wait."""
BYTES_A_SECOND: Final = 262_144
BURST_BYTES: Final = 1_048_576
"""What is read of one client, frames that are no messages too: pings cost time as well."""
SEND_TIMEOUT_S: Final = 15.0
CLOSE_TIMEOUT_S: Final = 1.0
SLOW_CLOSE_TIMEOUT_S: Final = 5.0
GOING_AWAY: Final = 1001
POLICY: Final = 1008
TRY_AGAIN: Final = 1013
TOO_SLOW: Final = 4408
"""Our own code: the reader did not keep up; reconnect and resume."""


class WholeSends:
    """A socket whose `send` sends everything, one caller at a time, and whose `recv` is no faster than is allowed."""

    def __init__(self, sock: Any, may_read: Callable[[], bool]) -> None:
        self._sock = sock
        self._may_read = may_read
        self._allowance = Allowance(BYTES_A_SECOND, BURST_BYTES)
        self._lock = RLock()
        sock.settimeout(SEND_TIMEOUT_S)

    def send(self, data: bytes) -> int:
        with self._lock:
            self._sock.sendall(data)
        return len(data)

    def recv(self, size: int) -> bytes:
        while not self._may_read():
            gevent.sleep(0.02)
        data: bytes = self._sock.recv(size)
        gevent.sleep(self._allowance.take(len(data)))  # 0 too: one that never stops leaves the others their turn
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


class StreamSocket:
    """What is said goes through a queue that one greenlet empties, so that a slow reader holds up nobody."""

    def __init__(self, ws: Any) -> None:
        ws.sock = WholeSends(ws.sock, lambda: len(ws.input_buffer) < UNREAD_MAX or not ws.connected)
        self._ws = ws
        self._queue: Queue[str | Callable[[], str]] = Queue(QUEUE_MAX)
        self.is_over = False
        self._closer: gevent.Greenlet[..., None] | None = None
        self._writer = gevent.spawn(self._write)

    def say(self, frame: str | Callable[[], str]) -> None:
        """Queue a frame, or what makes it when its turn comes.

        A reader that is `QUEUE_MAX` frames behind is dropped with `TOO_SLOW`.
        """
        if self.is_over:
            return
        try:
            self._queue.put_nowait(frame)
        except Full:
            log.warning("stream_reader_too_slow")
            self.end(TOO_SLOW, "too slow: reconnect and resume behind your last cursor")

    def wait_for_room(self) -> None:
        """Until the client has taken most of what was said, or the connection is over."""
        while self._queue.qsize() > QUEUE_MAX // 2 and not self.is_over:
            gevent.sleep(0.02)

    def hear(self) -> str | bytes | None:
        """The next message; None when the connection is over."""
        try:
            message: str | bytes | None = self._ws.receive()
        except ConnectionClosed:
            return None
        return message

    def end(self, code: int, why: str) -> None:
        """Close with a code, from any greenlet; what is still queued is not sent."""
        if not self.is_over:
            self.is_over = True
            self._closer = gevent.spawn(self._close, code, why)

    def finish(self) -> None:
        """The reading is over: let an end that was begun be said, stop the writer."""
        self.is_over = True
        if self._closer is not None:
            self._closer.join()
        self._writer.kill(block=False)

    def _write(self) -> None:
        while not self.is_over:
            frame = self._queue.get()
            try:
                self._ws.send(frame if isinstance(frame, str) else frame())
            except (ConnectionClosed, OSError):
                self.is_over = True
                self._cut()

    def _close(self, code: int, why: str) -> None:
        # A reader that reads nothing never takes the close frame either: it gets a moment, then the line is cut.
        grace_s = SLOW_CLOSE_TIMEOUT_S if code == TOO_SLOW else CLOSE_TIMEOUT_S
        with gevent.Timeout(grace_s, False), suppress(ConnectionClosed, OSError):
            self._ws.close(code, why)
        self._writer.kill(block=False)
        gevent.sleep(0.05)
        self._cut()

    def _cut(self) -> None:
        self._ws.connected = False
        with suppress(OSError):
            self._ws.sock.shutdown(sockets.SHUT_RDWR)
        self._ws.event.set()
