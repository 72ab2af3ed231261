"""One WebSocket as the stream uses it: whole frames only, a bounded queue, a clear end.

simple-websocket sends with `socket.send`, which under gevent may take a part of a frame and drop the rest when the
reader is slow, and from two greenlets at once. So the socket is wrapped: every send is whole, one at a time. What is
told goes out at once, past the library, as far as the kernel takes it; only for the rest a greenlet is started.
"""

from __future__ import annotations

import socket as sockets
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import gevent
import structlog
from gevent.lock import BoundedSemaphore
from simple_websocket import ConnectionClosed

from web.stream_allowance import Allowance
from web.stream_following import TOO_SLOW, Client
from web.stream_frame import Frame

log = structlog.get_logger(__name__)

UNREAD_MAX: Final = 64
"""Messages that wait to be answered; behind them the client's own sends wait."""
BYTES_A_SECOND: Final = 262_144
BURST_BYTES: Final = 1_048_576
"""What is read of one client, frames that are no messages too: pings cost time as well."""
SEND_TIMEOUT_S: Final = 15.0
CLOSE_TIMEOUT_S: Final = 1.0
SLOW_CLOSE_TIMEOUT_S: Final = 5.0


class WholeSends:
    """A socket whose `send` sends everything, one caller at a time, and whose `recv` is no faster than is allowed."""

    def __init__(self, sock: Any, may_read: Callable[[], bool]) -> None:
        self._sock = sock
        self._may_read = may_read
        self._allowance = Allowance(BYTES_A_SECOND, BURST_BYTES)
        self._line = BoundedSemaphore(1)
        sock.settimeout(SEND_TIMEOUT_S)

    def send(self, data: bytes) -> int:
        """All of it, when its turn comes."""
        with self._line:
            self._sock.sendall(data)
        return len(data)

    def send_now(self, data: bytes) -> bytes | None:
        """What the kernel takes at once. Returns the rest, and holds the line for `send_rest` unless that is empty.

        None where another send holds the line. Raises `OSError`.
        """
        if not self._line.acquire(blocking=False):
            return None
        taken = -1
        try:
            taken = self._sock.send(data, 0, 0.0)
        except (BlockingIOError, TimeoutError):
            taken = 0
        finally:
            if taken in (-1, len(data)):
                self._line.release()
        return data[taken:]

    def send_rest(self, rest: bytes) -> None:
        """What `send_now` left. Raises `OSError`."""
        try:
            self._sock.sendall(rest)
        finally:
            self._line.release()

    def recv(self, size: int) -> bytes:
        while not self._may_read():
            gevent.sleep(0.02)
        data: bytes = self._sock.recv(size)
        gevent.sleep(self._allowance.take(len(data)))  # 0 too: one that never stops leaves the others their turn
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


class StreamSocket(Client):
    """A slow reader holds up nobody: what its kernel does not take waits for a greenlet of its own."""

    def __init__(self, ws: Any) -> None:
        super().__init__()
        self._sends = WholeSends(ws.sock, lambda: len(ws.input_buffer) < UNREAD_MAX or not ws.connected)
        ws.sock = self._sends
        self._ws = ws
        self._closer: gevent.Greenlet[..., None] | None = None
        self._writer: gevent.Greenlet[..., None] | None = None

    def say(self, frame: Frame) -> None:
        if self.is_over or not self._ws.connected:
            return
        if self._writer is None:
            try:
                rest = self._sends.send_now(frame.websocket())
            except OSError:
                self._lost()
                return
            if rest is not None and not rest:
                return
            if rest is None:
                self._backlog.add(frame)
            self._writer = gevent.spawn(self._write, rest)
        elif not self._backlog.add(frame):
            log.warning("stream_reader_too_slow")
            self.end(TOO_SLOW, "too slow: reconnect and resume behind your last cursor")

    def hear(self, timeout_s: float | None = None) -> str | bytes | None:
        """The next message; None when the connection is over, or nothing came within `timeout_s`."""
        try:
            message: str | bytes | None = self._ws.receive(timeout_s)
        except ConnectionClosed:
            return None
        return message

    def end(self, code: int, why: str) -> None:
        if not self.is_over:
            self.is_over = True
            self._closer = gevent.spawn(self._close, code, why)

    def finish(self) -> None:
        """The reading is over: let an end that was begun be said, stop the writer."""
        self.is_over = True
        if self._closer is not None:
            self._closer.join()
        self._stop_writer()

    def _write(self, rest: bytes | None) -> None:
        """What is waiting, until nothing is."""
        try:
            if rest is not None:
                self._sends.send_rest(rest)
            while self._backlog and not self.is_over:
                self._sends.send(self._backlog.take().websocket())
        except OSError:
            self._lost()
        finally:
            self._writer = None

    def _lost(self) -> None:
        self.is_over = True
        self._cut()

    def _close(self, code: int, why: str) -> None:
        # A reader that reads nothing never takes the close frame either: it gets a moment, then the line is cut.
        grace_s = SLOW_CLOSE_TIMEOUT_S if code == TOO_SLOW else CLOSE_TIMEOUT_S
        with gevent.Timeout(grace_s, False), suppress(ConnectionClosed, OSError):
            self._ws.close(code, why)
        self._stop_writer()
        gevent.sleep(0.05)
        self._cut()

    def _stop_writer(self) -> None:
        if self._writer is not None:
            self._writer.kill(block=False)

    def _cut(self) -> None:
        self._ws.connected = False
        with suppress(OSError):
            self._ws.sock.shutdown(sockets.SHUT_RDWR)
        self._ws.event.set()
