"""The floor of the stream: a gevent process that writes bytes to its sockets, and does nothing else.

`python -m bench.bare_server PORT`. Who asks to be upgraded is let in and given the greeting; on the connection of
`bench.bare_stream` the parent says what is written, to everyone at once.
"""

from __future__ import annotations

import os
import socket
import sys
from contextlib import suppress
from typing import Any, Final

from gevent.server import StreamServer

from bench.clients import text_frame

_UPGRADED: Final = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
_HELLO: Final = text_frame('{"type":"hello","challenge":"0x%s","cursor":"1-0","server_time":0}' % ("0" * 64))
_REPLY: Final = text_frame('{"type":"reply","id":1,"ok":true,"result":{"cursor":"1-0"}}')


def serve(port: int) -> None:
    """The process itself; for ever."""
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
