"""One connection to the stream: frames in and out, replies matched to requests, events kept in order."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from itertools import count
from typing import Any

from pydantic import ValidationError
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from intendly_sdk.backoff import is_loopback
from intendly_sdk.errors import ApiError, CursorGoneError, NetworkError, ProtocolError
from intendly_sdk.messages import Event, Problem
from intendly_sdk.stream_messages import ClientMessage, Hello, Reply, ServerMessage, server_message

MAX_FRAME_BYTES = 1 << 20
_LOST = (WebSocketException, OSError, EOFError)
_log = logging.getLogger(__name__)


class StreamConnection:
    """Open until it is closed or lost; a lost one raises `NetworkError` from every method.

    One thread reads (`receive`, `request`); `send` may be called from any.
    """

    def __init__(self, url: str, *, timeout: float = 5.0) -> None:
        self._ids = count(1)
        self._on_reply: dict[int, Callable[[Reply], None]] = {}
        self._early: deque[Event] = deque()
        self._stack = ExitStack()
        try:
            self._socket = self._stack.enter_context(
                connect(
                    url,
                    open_timeout=timeout,
                    close_timeout=1.0,
                    max_size=MAX_FRAME_BYTES,
                    compression=None,
                    proxy=None if is_loopback(url) else True,
                )
            )
            first = self._frame(timeout)
        except _LOST as error:
            self._stack.close()
            raise NetworkError(f"{url}: {error}") from None
        if not isinstance(first, Hello):
            self._stack.close()
            raise ProtocolError(f"{url}: expected a hello first")
        self.hello = first

    def close(self) -> None:
        """Close; harmless when it is closed already."""
        self._stack.close()

    def next_id(self) -> int:
        """A request id that this connection has not used."""
        return next(self._ids)

    def send(self, message: ClientMessage, on_reply: Callable[[Reply], None]) -> None:
        """Send and go on; the reading thread calls `on_reply` when the answer comes."""
        self._on_reply[message.id] = on_reply
        try:
            self._socket.send(message.model_dump_json(exclude_none=True))
        except _LOST as error:
            self._on_reply.pop(message.id, None)
            raise NetworkError(f"stream: {error}") from None

    def request(self, message: ClientMessage, timeout: float = 5.0) -> dict[str, Any]:
        """Send and wait for the answer. Events that come first are kept for `receive`. Raises `ApiError`."""
        replies: list[Reply] = []
        self.send(message, replies.append)
        ends = time.monotonic() + timeout
        while not replies:
            left = ends - time.monotonic()
            if left <= 0:
                raise NetworkError(f"stream: no answer to {message.type} within {timeout:g} s")
            event = self._read(left)
            if event is not None:
                self._early.append(event)
        return answer_of(replies[0])

    def receive(self, timeout: float) -> Event | None:
        """The next event, or None when there was none within `timeout` seconds."""
        if self._early:
            return self._early.popleft()
        ends = time.monotonic() + timeout
        while True:
            event = self._read(max(0.0, ends - time.monotonic()))
            if event is not None or time.monotonic() >= ends:
                return event

    def _read(self, timeout: float) -> Event | None:
        try:
            frame = self._frame(timeout)
        except TimeoutError:
            return None
        except _LOST as error:
            raise NetworkError(f"stream: {error}") from None
        if isinstance(frame, Reply):
            on_reply = self._on_reply.pop(frame.id, None)
            if on_reply is not None:
                on_reply(frame)
        return frame if isinstance(frame, Event) else None

    def _frame(self, timeout: float) -> ServerMessage | None:
        text = self._socket.recv(timeout=timeout)
        try:
            return server_message.validate_json(text)
        except ValidationError as error:
            # A newer venue may say more than this version knows: that is no reason to stop listening.
            _log.warning("stream.unknown_frame errors=%d first=%s", error.error_count(), error.errors()[0]["msg"])
            return None


def answer_of(reply: Reply) -> dict[str, Any]:
    """The result of a reply. Raises `ApiError`, or `CursorGoneError` for a cursor of another epoch."""
    if reply.ok:
        return reply.result or {}
    problem = reply.problem or Problem(
        type="about:blank", title="refused", status=500, code="unknown", detail="refused without a reason"
    )
    raise CursorGoneError(problem) if problem.status == 410 else ApiError(problem)
