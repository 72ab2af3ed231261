"""The connection layer under a request to a solver: addresses are checked here, and every wait ends at one deadline.

httpcore's own limits count each read anew, so that a server could drip its answer for ever; and a check of the URL
before the request would leave a gap in which its name may resolve to something else. A connection that is kept stays at
the address that was checked when it was made.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable
from typing import Any

import httpcore
from httpcore import ConnectTimeout, NetworkBackend, NetworkStream, ReadTimeout, WriteTimeout

from intendly.adapters.asking.addresses import resolve


class Deadline:
    """A moment that all waits of one request share: `end`, by `time.monotonic`. The next request has another."""

    def __init__(self, end: float) -> None:
        self.end = end

    def left(self, exceeded: type[Exception]) -> float:
        """The seconds until it, more than 0. Raises `exceeded` once it has passed."""
        left = self.end - time.monotonic()
        if left <= 0:
            raise exceeded("the time limit has passed")
        return left


class DeadlineStream(NetworkStream):
    """A stream whose reads and writes all end at the deadline."""

    def __init__(self, stream: NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        return self._stream.read(max_bytes, self._deadline.left(ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        self._stream.write(buffer, self._deadline.left(WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> NetworkStream:
        tls = self._stream.start_tls(ssl_context, server_hostname, self._deadline.left(ConnectTimeout))
        return DeadlineStream(tls, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class CheckedBackend(NetworkBackend):
    """Resolves a host once, checks every address, and connects to one that it checked."""

    def __init__(self, deadline: Deadline, *, allow_private: bool) -> None:
        self._deadline = deadline
        self._allow_private = allow_private
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> NetworkStream:
        refused: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in resolve(host, port, allow_private=self._allow_private):
            left = self._deadline.left(ConnectTimeout)
            try:
                stream = self._sockets.connect_tcp(address, port, left, local_address, socket_options)
            except httpcore.ConnectError as error:
                refused = error
            else:
                return DeadlineStream(stream, self._deadline)
        raise refused

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
