"""Many light WebSocket clients in a process of their own: they count the frames that they get, and when.

`python -m bench.clients` reads a command a line on stdin and answers each with a line. One thread on epoll, no library,
no parsing of what comes: what the clients themselves cost must not be taken for the server's. Each comes from an
address of its own (127.1.…), so that a proxy can tell them apart, and no port runs out.
"""

from __future__ import annotations

import json
import os
import select
import socket
import sys
import time
from typing import Any, Final

_UPGRADE: Final = (
    "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
_CONNECTS_AT_ONCE: Final = 500
"""Handshakes under way; a server's backlog is no subject of ours."""


class Connection:
    """One client: what is left of its greeting, and how far into a frame it is."""

    __slots__ = ("buffer", "frames", "greeted", "is_open", "last_at", "skip", "sock")

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.buffer = b""
        self.skip = 0
        self.frames = 0
        self.greeted = 0  # 1: upgraded, 2: hello is here, 3: subscribed
        self.is_open = False
        self.last_at = 0.0


class Clients:
    """All connections of this process."""

    def __init__(self) -> None:
        self._poll = select.epoll()
        self._poll.register(sys.stdin.fileno(), select.EPOLLIN)
        self._all: dict[int, Connection] = {}
        self._commands = b""
        self._waits: dict[str, Any] = {}
        self._frames = 0  # of all, since what was asked for last was complete
        self._to_open = 0
        self._subscribe = b""
        self._upgrade = b""
        self._address = ("", 0)
        self._opened = 0
        self._subscribed = 0

    def run(self) -> None:
        """Until stdin ends."""
        while True:
            for number, events in self._poll.poll():
                if number == sys.stdin.fileno():
                    if not self._command():
                        return
                elif connection := self._all.get(number):
                    self._hear(connection, events)
            self._answer()

    def _command(self) -> bool:
        data = os.read(sys.stdin.fileno(), 65_536)
        self._commands += data
        *lines, self._commands = self._commands.split(b"\n")
        for line in lines:
            self._waits = json.loads(line)
            if self._waits["command"] == "open":
                self._open(**self._waits)
            elif self._waits["command"] == "close":
                for connection in list(self._all.values()):
                    self._drop(connection)
                self._frames = 0
        return bool(data)

    def _open(self, count: int, host: str, port: int, path: str, subscribe: str, **_: Any) -> None:
        self._address, self._to_open, self._opened, self._subscribed = (host, port), count, 0, 0
        self._upgrade = _UPGRADE.format(path=path, host=f"{host}:{port}").encode()
        self._subscribe = masked_text(subscribe)
        for _number in range(min(count, _CONNECTS_AT_ONCE)):
            self._connect()

    def _connect(self) -> None:
        sock = socket.socket()
        sock.setblocking(False)
        sock.bind((f"127.1.{self._opened // 250}.{self._opened % 250 + 1}", 0))
        self._opened += 1
        sock.connect_ex(self._address)
        self._all[sock.fileno()] = Connection(sock)
        self._poll.register(sock.fileno(), select.EPOLLOUT)

    def _hear(self, connection: Connection, events: int) -> None:
        sock = connection.sock
        if not connection.is_open:
            if error := sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                self._fail(f"not connected: {os.strerror(error)}")
                return
            connection.is_open = True
            sock.send(self._upgrade)
            self._poll.modify(sock.fileno(), select.EPOLLIN)
            return
        try:
            data = sock.recv(65_536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._drop(connection)
            self._fail(f"a connection was closed by the server (events {events})")
            return
        connection.last_at = time.monotonic()
        if connection.skip > len(data):
            connection.skip -= len(data)
            return
        self._read(connection, connection.buffer + data[connection.skip :])

    def _read(self, connection: Connection, data: bytes) -> None:
        connection.skip = at = 0
        if not connection.greeted:
            head, whole, rest = data.partition(b"\r\n\r\n")
            if not whole:
                connection.buffer = data
                return
            if b" 101 " not in head.split(b"\r\n")[0]:
                self._fail(f"not upgraded: {data[-300:].decode(errors='replace')}")
                return
            connection.greeted, data = 1, rest
        while len(data) - at >= 2:
            size, head_size = data[at + 1] & 0x7F, 2
            if size >= 126:
                head_size = 4 if size == 126 else 10
                if len(data) - at < head_size:
                    break
                size = int.from_bytes(data[at + 2 : at + head_size], "big")
            end = at + head_size + size
            kind = data[at] & 0x0F
            if kind == 1 and connection.greeted == 3:
                connection.frames += 1
                self._frames += 1
            elif end > len(data):
                break  # of these the whole is read
            elif kind == 1:
                self._greet(connection, data[at + head_size : end])
            elif kind == 9:
                connection.sock.send(bytes((0x8A, 0x80 | size, 0, 0, 0, 0)) + data[at + head_size : end])
            elif kind == 8:
                self._fail(f"a connection was closed: {data[at + head_size : end]!r}")
            at = end
        connection.skip, connection.buffer = max(0, at - len(data)), data[at:]

    def _greet(self, connection: Connection, frame: bytes) -> None:
        connection.greeted += 1
        if connection.greeted == 2:
            connection.sock.send(self._subscribe)
            return
        if b'"ok":false' in frame:
            self._fail(frame.decode(errors="replace"))
        self._subscribed += 1
        if self._opened < self._to_open:
            self._connect()

    def _answer(self) -> None:
        waits = self._waits
        if not waits:
            return
        if waits["command"] == "open" and self._subscribed == self._to_open:
            self._say({"opened": self._opened})
        elif waits["command"] == "frames" and self._frames >= waits["each"] * len(self._all):
            if self._frames > waits["each"] * len(self._all):
                self._fail("more frames than were told")
                return
            self._frames = 0
            self._say({"at": [each.last_at for each in self._all.values()]})
        elif waits["command"] == "close":
            self._say({})

    def _drop(self, connection: Connection) -> None:
        self._all.pop(connection.sock.fileno(), None)
        connection.sock.close()

    def _fail(self, why: str) -> None:
        self._say({"error": why})

    def _say(self, answer: dict[str, Any]) -> None:
        self._waits = {}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def masked_text(text: str) -> bytes:
    """A client's text frame, up to 65,535 bytes; masked with zeros, which change nothing."""
    payload = text.encode()
    size = len(payload)
    head = bytes((0x81, 0x80 | size)) if size < 126 else bytes((0x81, 0xFE)) + size.to_bytes(2, "big")
    return head + bytes(4) + payload


def text_frame(text: str) -> bytes:
    """A server's text frame, up to 65,535 bytes."""
    payload = text.encode()
    size = len(payload)
    return (bytes((0x81, size)) if size < 126 else bytes((0x81, 0x7E)) + size.to_bytes(2, "big")) + payload


if __name__ == "__main__":
    Clients().run()
