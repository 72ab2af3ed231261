"""A connection to one solver, which is kept between requests: it saves the two or three round trips of a new one."""

from __future__ import annotations

import ssl
import time
from typing import Final

import httpcore

from intendly.adapters.asking.connection import AnswerRefused, CheckedBackend, Limits, refuse_small_pieces

ANSWER_MAX_BYTES: Final = 1 << 20
KEPT_FOR_S: Final = 60.0
"""From its making on: then the name is resolved anew."""
IDLE_S: Final = 30.0
_HEADERS: Final[list[tuple[bytes | str, bytes | str]]] = [
    ("content-type", "application/json"),
    ("accept", "application/json"),
    ("user-agent", "intendly-venue"),
]


class Line:
    """One request at a time. It connects at the first, to an address that it checked, and stays with that one.

    It is never another solver's: what a server sends beyond its answer is taken for its own next one at most.
    """

    def __init__(self, url: httpcore.URL, tls: ssl.SSLContext, *, allow_private: bool) -> None:
        self._url = url
        self._limits = Limits(2 * ANSWER_MAX_BYTES)  # what chunks add to a body is small, if they are not
        backend = CheckedBackend(self._limits, allow_private=allow_private)
        self._http = httpcore.HTTPConnection(url.origin, tls, keepalive_expiry=IDLE_S, network_backend=backend)
        self._kept_until = time.monotonic() + KEPT_FOR_S
        self.is_used = False

    def can_be_kept(self) -> bool:
        """Whether the next request may go over it."""
        return self._http.is_available() and not self._http.has_expired() and time.monotonic() < self._kept_until

    def post(self, body: bytes, end: float) -> bytes:
        """The body of the answer, which is there before `end`. Raises `AnswerRefused`, and what httpcore raises."""
        self._limits.begin(end)
        answer, pieces = bytearray(), 0
        with self._http.stream("POST", self._url, headers=_HEADERS, content=body) as response:
            if response.status != 200:
                raise AnswerRefused(f"status {response.status}")
            self._limits.in_body()
            for chunk in response.iter_stream():
                answer += chunk
                pieces += 1
                refuse_small_pieces(pieces, len(answer))
                if len(answer) > ANSWER_MAX_BYTES:
                    raise AnswerRefused(f"more than {ANSWER_MAX_BYTES} bytes")
        self.is_used = True
        return bytes(answer)

    def close(self) -> None:
        self._http.close()
