"""The connection layer under a request to a solver: addresses are checked here, and all waits and reads are bounded.

httpcore's own limits count each read anew, so that a server could drip its answer for ever; nor does it count replies
that are no answer yet (1xx) or pieces, and what it does for each is Python, which holds up all other threads. A check
of the URL before the request would leave a gap in which its name may resolve to something else. A connection that is
kept stays at the address that was checked when it was made.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable
from typing import Any, Final

import httpcore
from httpcore import ConnectTimeout, NetworkBackend, NetworkStream, ReadTimeout, WriteTimeout

from intendly.adapters.asking.addresses import resolve

HEAD_MAX_BYTES: Final = 16_384
"""Up to the answer's body, with whatever is sent before it."""
REPLIES_MAX: Final = 4
"""Heads, the answer's own among them."""
PIECES: Final = 64
"""Reads, or chunks, that may be as small as they like; beyond them one for each `PIECE_BYTES`."""
PIECE_BYTES: Final = 512
_AT_ONCE: Final = 4_096
"""Read of a head, so that little of it is parsed before it is counted."""
_REPLY: Final = b"HTTP/"


class AnswerRefused(Exception):
    """The answer is not one that is read."""


class Limits:
    """What one request may take, for all its waits and reads together; `begin` is said at each.

    `end`, by `time.monotonic`, is when it is over, and `most_bytes` how much is read.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self.begin(0.0)

    def begin(self, end: float) -> None:
        """The next request."""
        self._end = end
        self._reads = self._bytes = 0
        self._head: bytes | None = b""

    def in_body(self) -> None:
        """The answer's head has been read."""
        self._head = None

    def left(self, exceeded: type[Exception]) -> float:
        """The seconds until its end, more than 0. Raises `exceeded` once that has passed."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise exceeded("the time limit has passed")
        return left

    def at_once(self, most: int) -> int:
        """How much may be read now."""
        return most if self._head is None else min(most, _AT_ONCE)

    def took(self, data: bytes) -> bytes:
        """`data`, which was read. Raises `AnswerRefused`."""
        self._reads += 1
        self._bytes += len(data)
        if self._bytes > self._most_bytes:
            raise AnswerRefused(f"more than {self._most_bytes} bytes")
        refuse_small_pieces(self._reads, self._bytes)
        if self._head is not None:
            self._head += data
            if self._head.count(_REPLY) > REPLIES_MAX:
                raise AnswerRefused(f"more than {REPLIES_MAX} replies to one request")
            if len(self._head) > HEAD_MAX_BYTES:
                raise AnswerRefused(f"its head has more than {HEAD_MAX_BYTES} bytes")
        return data


def refuse_small_pieces(pieces: int, size: int) -> None:
    """Raises `AnswerRefused` where so many have brought so few bytes."""
    if pieces > PIECES + size // PIECE_BYTES:
        raise AnswerRefused("it comes in pieces that are too small")


class BoundedStream(NetworkStream):
    """A stream whose reads and writes are held to the limits."""

    def __init__(self, stream: NetworkStream, limits: Limits) -> None:
        self._stream = stream
        self._limits = limits

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        data = self._stream.read(self._limits.at_once(max_bytes), self._limits.left(ReadTimeout))
        return self._limits.took(data)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        self._stream.write(buffer, self._limits.left(WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> NetworkStream:
        tls = self._stream.start_tls(ssl_context, server_hostname, self._limits.left(ConnectTimeout))
        return BoundedStream(tls, self._limits)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class CheckedBackend(NetworkBackend):
    """Resolves a host once, checks every address, and connects to one that it checked."""

    def __init__(self, limits: Limits, *, allow_private: bool) -> None:
        self._limits = limits
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
            left = self._limits.left(ConnectTimeout)
            try:
                stream = self._sockets.connect_tcp(address, port, left, local_address, socket_options)
            except httpcore.ConnectError as error:
                refused = error
            else:
                return BoundedStream(stream, self._limits)
        raise refused

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
