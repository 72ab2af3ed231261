"""The floor of the stream, as its parent speaks to it (`bench.bare_server` is the process)."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from bench.child import running_module
from intendly.adapters.embedded.ports import free_port


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
