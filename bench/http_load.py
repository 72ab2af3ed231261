"""Clients over HTTP, in a process of their own: connections that are kept, each with one request under way.

Spoken to by lines of JSON: {"port": …, "requests": FILE, "sizes": […], "connections": N}. The file holds the requests'
bytes one after the other; each is sent once, over whichever connection is free. The answer is
{"seconds": …, "statuses": {"202": …}}.
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench.child import raise_file_limit

_END = b"\r\n\r\n"
_LENGTH = b"content-length:"


class Connection:
    """Sends one request, takes its answer, sends the next."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._heard = b""

    def send(self, request: bytes) -> None:
        self.socket.sendall(request)

    def answer(self) -> str | None:
        """The status, once the whole answer is there. Raises `EOFError` where the server hangs up."""
        data = self.socket.recv(1 << 16)
        if not data:
            raise EOFError("the server hung up")
        self._heard += data
        head_end = self._heard.find(_END)
        if head_end < 0:
            return None
        head = self._heard[:head_end].lower()
        at = head.index(_LENGTH) + len(_LENGTH)
        length = int(head[at:].split(b"\r\n", 1)[0])
        if len(self._heard) < head_end + len(_END) + length:
            return None
        self._heard = self._heard[head_end + len(_END) + length :]
        return head[9:12].decode()


def load(port: int, requests: Sequence[bytes], connections: int) -> dict[str, Any]:
    """Send every request; the time is from the first to the last answer."""
    statuses: Counter[str] = Counter()
    waiting = iter(requests)
    with ExitStack() as stack, selectors.DefaultSelector() as selector:
        free = [Connection(port) for _ in range(min(connections, len(requests)))]
        for one in free:
            stack.callback(one.socket.close)
        began = time.monotonic()
        for one in free:
            one.send(next(waiting))
            selector.register(one.socket, selectors.EVENT_READ, one)
        while statuses.total() < len(requests):
            for key, _ in selector.select():
                status = key.data.answer()
                if status is not None:
                    statuses[status] += 1
                    _go_on(key.data, waiting)
        seconds = time.monotonic() - began
    return {"seconds": seconds, "statuses": statuses}


def _go_on(connection: Connection, waiting: Iterator[bytes]) -> None:
    request = next(waiting, None)
    if request is not None:
        connection.send(request)


def _requests(file: str, sizes: Sequence[int]) -> list[bytes]:
    data, at, found = Path(file).read_bytes(), 0, []
    for size in sizes:
        found.append(data[at : at + size])
        at += size
    return found


def main() -> None:
    """Serve until stdin ends."""
    raise_file_limit()
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            answer = load(asked["port"], _requests(asked["requests"], asked["sizes"]), asked["connections"])
        except (OSError, EOFError, ValueError) as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
