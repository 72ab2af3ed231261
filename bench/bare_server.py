"""The floor of the stream: a gevent process that writes bytes to its sockets, and does nothing else.

`python -m bench.bare_server PORT`. Who asks to be upgraded is let in and given the greeting; on the connection of
`BareServer` the parent says what is written, to everyone at once.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, Final

from bench.child import running_module
from bench.clients import text_frame
from intendly.adapters.embedded.ports import free_port

_UPGRADED: Final = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
_HELLO: Final = text_frame('{"type":"hello","challenge":"0x%s","cursor":"1-0","server_time":0}' % ("0" * 64))
_REPLY: Final = text_frame('{"type":"reply","id":1,"ok":true,"result":{"cursor":"1-0"}}')


class BareServer:
    """One that runs, as its parent speaks to it."""

    def __init__(self, port: int, pid: int) -> None:
        self.port = port
        self.pid = pid
        self._control = _connected(port)

    def greet_with(self, data: bytes) -> None:
        """What is written to each who subscribes from now on, behind the reply."""
        self._ask(b"GREET", data)

    def tell(self, data: bytes) -> None:
        """Write it to everyone. Returns before it is done."""
        self._control.sendall(b"TELL %d\n" % len(data) + data)

    def wait_told(self) -> None:
        """Until what was told is written."""
        if not self._control.recv(1):
            raise ConnectionError("the bare server has ended")

    def close(self) -> None:
        self._control.close()

    def _ask(self, verb: bytes, data: bytes) -> None:
        self._control.sendall(b"%s %d\n" % (verb, len(data)) + data)
        self.wait_told()


@contextmanager
def bare_server() -> Iterator[BareServer]:
    """One in a process of its own."""
    port = free_port()
    with ExitStack() as stack:
        child = stack.enter_context(running_module("bench.bare_server", str(port)))
        server = BareServer(port, child.pid)
        stack.callback(server.close)
        yield server


def _connected(port: int) -> socket.socket:
    ends = time.monotonic() + 20
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port))
        except ConnectionRefusedError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.02)


def serve(port: int) -> None:
    """The process itself; for ever."""
    from gevent.server import StreamServer

    audience: set[Any] = set()
    greeting = b""

    def handle(sock: Any, _address: object) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        head = sock.recv(4_096)
        if not head.startswith(b"GET "):
            command(sock, head)
            return
        sock.sendall(_UPGRADED + _HELLO)
        with suppress(OSError):
            if sock.recv(4_096):
                sock.sendall(_REPLY + greeting)
                audience.add(sock)
            while sock.recv(4_096):
                pass
        audience.discard(sock)

    def command(sock: Any, data: bytes) -> None:
        nonlocal greeting
        while data or (data := sock.recv(65_536)):
            line, _, rest = data.partition(b"\n")
            verb, size = line.split()
            while len(rest) < int(size):
                rest += sock.recv(65_536)
            payload, data = rest[: int(size)], rest[int(size) :]
            if verb == b"GREET":
                greeting = payload
            else:
                for one in audience:
                    one.sendall(payload)
            sock.sendall(b".")
        os._exit(0)  # nobody is left to say what to write

    StreamServer(("127.0.0.1", port), handle, backlog=4_096).serve_forever()


if __name__ == "__main__":
    serve(int(sys.argv[1]))
