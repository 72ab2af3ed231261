"""One connection to the stream, on asyncio: frames in and out, replies matched to requests, events kept in order."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any, Self

from pydantic import ValidationError
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from intendly_sdk.backoff import is_loopback, seconds_of
from intendly_sdk.errors import (
    ApiError,
    CursorGoneError,
    IntendlyError,
    NetworkError,
    ProtocolError,
    StreamClosedError,
    UnavailableError,
)
from intendly_sdk.messages import Event, Problem
from intendly_sdk.stream_messages import ClientMessage, Hello, Reply, ServerMessage, aged, server_message

MAX_FRAME_BYTES = 1 << 20
PING_EVERY_S = 10
PONG_WITHIN_S = 15
CLOSE_WITHIN_S = 1.0
QUEUE_MAX = 256
"""Events kept for the consumer; beyond it nothing is read, so the venue feels how slow the consumer is."""
QUEUE_MAX_WAITING = 10_000
"""The same while a reply is waited for, which may come behind many events."""
MESSAGES_A_SECOND = 80
BURST = 300
"""A little less than the venue takes of one connection before it closes it (docs/wire.md)."""
MAY_PASS = (429, 502, 503, 504)
"""Statuses of a refusal that another try may not meet."""
_LOST = (WebSocketException, OSError, EOFError)
_log = logging.getLogger(__name__)


class StreamConnection:
    """Open until it is closed or lost. Any task may send; one takes the events.

    A line that is dead without a word is noticed within 25 seconds: `PING_EVERY_S` and `PONG_WITHIN_S`.
    """

    def __init__(self, socket: ClientConnection, hello: Hello) -> None:
        self.hello = hello
        self._socket = socket
        self._ids = count(1)
        self._replies: dict[int, asyncio.Future[Reply | IntendlyError]] = {}
        self._on_ok: dict[int, Callable[[], None]] = {}
        self._events: deque[tuple[Event, float]] = deque()
        self._more: asyncio.Future[None] | None = None
        self._room = asyncio.Event()
        self._pace = _Pace()
        self._lost: NetworkError | None = None
        self._reader = asyncio.create_task(self._read(), name="stream reader")

    @classmethod
    async def open(cls, url: str, *, timeout: float = 5.0) -> Self:
        """Connect and hear the hello, `timeout` seconds for each. Raises `NetworkError`, `ApiError`."""
        try:
            socket = await connect(
                url,
                open_timeout=timeout,
                close_timeout=CLOSE_WITHIN_S,
                ping_interval=PING_EVERY_S,
                ping_timeout=PONG_WITHIN_S,
                max_size=MAX_FRAME_BYTES,
                compression=None,
                proxy=None if is_loopback(url) else True,
            )
        except InvalidStatus as error:
            raise _refused(url, error) from None
        except _LOST as error:
            raise NetworkError(f"{url}: {error or type(error).__name__}") from None
        try:
            async with asyncio.timeout(timeout):
                hello = _parsed(await socket.recv(decode=False))
            if not isinstance(hello, Hello):
                raise ProtocolError(f"{url}: expected a hello first")
        except TimeoutError:
            socket.transport.abort()
            raise NetworkError(f"{url}: no hello within {timeout:g} s") from None
        except ConnectionClosed as error:
            raise _closed(error) from None
        except BaseException:
            socket.transport.abort()
            raise
        return cls(socket, hello)

    @property
    def is_open(self) -> bool:
        """Not closed or lost yet."""
        return self._lost is None

    async def close(self) -> None:
        """Close, within `CLOSE_WITHIN_S`; harmless when it is closed already."""
        self._end(StreamClosedError(None, "closed by this side"))
        self._reader.cancel()
        await asyncio.wait({self._reader})
        await self._socket.close()

    def abort(self, why: NetworkError) -> None:
        """Be lost, at once; what has come can be taken still."""
        self._end(why)
        self._reader.cancel()
        self._socket.transport.abort()

    def next_id(self) -> int:
        """A request id that this connection has not used."""
        return next(self._ids)

    async def send(self, message: ClientMessage, timeout: float = 5.0) -> Awaitable[dict[str, Any]]:
        """Return once it is sent; await what comes back for the answer, `timeout` seconds at most.

        Both raise `NetworkError`, the answer `ApiError` too. Waits its turn beyond `MESSAGES_A_SECOND`.
        """
        await self._pace.turn()
        if self._lost is not None:
            raise self._lost
        reply: asyncio.Future[Reply | IntendlyError] = asyncio.get_running_loop().create_future()
        self._replies[message.id] = reply
        reply.add_done_callback(lambda _: self._replies.pop(message.id, None))
        self._room.set()
        late = NetworkError(f"stream: no answer to {message.type} within {timeout:g} s")
        reply.get_loop().call_later(timeout, _settle, reply, late)
        try:
            async with asyncio.timeout(timeout):
                await self._socket.send(message.model_dump_json(exclude_none=True))
        except TimeoutError:
            raise late from None
        except ConnectionClosed as error:
            self._end(lost := _closed(error))  # the reader may not have seen it yet
            raise lost from None
        return _answer(reply)

    async def request(
        self, message: ClientMessage, timeout: float = 5.0, on_ok: Callable[[], None] | None = None
    ) -> dict[str, Any]:
        """Send and wait for the answer; events that come first are kept. Raises `ApiError`, `NetworkError`.

        `on_ok` is called between the events before the answer and those behind it, where it is no refusal.
        """
        if on_ok is not None:
            self._on_ok[message.id] = on_ok
        try:
            return await (await self.send(message, timeout))
        finally:
            self._on_ok.pop(message.id, None)

    def take(self) -> Event | None:
        """The next event that has come, `ms_left` as of now. Once there is none, raises why the connection is over."""
        if self._events:
            event, came_at = self._events.popleft()
            self._room.set()
            return aged(event, time.monotonic() - came_at)
        if self._lost is not None:
            raise self._lost
        return None

    def retain(self, is_kept: Callable[[Event], bool]) -> bool:
        """Of the events that have come keep these alone; whether there are any."""
        self._events = deque(one for one in self._events if is_kept(one[0]))
        self._room.set()
        return bool(self._events)

    def more(self) -> asyncio.Future[None]:
        """Done when `take` has something new to say, or after `wake`."""
        if self._more is None or self._more.done():
            self._more = asyncio.get_running_loop().create_future()
            if self._events or self._lost is not None:
                self._more.set_result(None)
        return self._more

    def wake(self) -> None:
        """Have who waits for `more` look again."""
        if self._more is not None and not self._more.done():
            self._more.set_result(None)

    async def _read(self) -> None:
        try:
            while True:
                await self._wait_for_room()
                frame = _parsed(await self._socket.recv(decode=False))
                if isinstance(frame, Event):
                    self._events.append((frame, time.monotonic()))
                    self.wake()
                elif isinstance(frame, Reply) and (reply := self._replies.pop(frame.id, None)) is not None:
                    if frame.ok and (on_ok := self._on_ok.get(frame.id)) is not None:
                        on_ok()
                    _settle(reply, frame)
        except ConnectionClosed as error:
            self._end(_closed(error))
        except _LOST as error:
            self._end(StreamClosedError(None, f"{type(error).__name__} {error}"))
            self._socket.transport.abort()
        finally:
            self._end(StreamClosedError(None, "the reader failed"))

    async def _wait_for_room(self) -> None:
        while len(self._events) >= (QUEUE_MAX_WAITING if self._replies else QUEUE_MAX):
            self._room.clear()
            await self._room.wait()

    def _end(self, why: NetworkError) -> None:
        if self._lost is None:
            self._lost = why
        for reply in list(self._replies.values()):
            _settle(reply, why)
        self.wake()


class _Pace:
    """Spreads what is sent, in the order of asking: `BURST` at once, then `MESSAGES_A_SECOND`."""

    def __init__(self) -> None:
        self._due = 0.0

    async def turn(self) -> None:
        now = time.monotonic()
        self._due = max(self._due, now - BURST / MESSAGES_A_SECOND) + 1 / MESSAGES_A_SECOND
        if self._due > now:
            await asyncio.sleep(self._due - now)


def _settle(reply: asyncio.Future[Reply | IntendlyError], answer: Reply | IntendlyError) -> None:
    if not reply.done():
        reply.set_result(answer)


async def _answer(reply: asyncio.Future[Reply | IntendlyError]) -> dict[str, Any]:
    answer = await reply
    if isinstance(answer, IntendlyError):
        raise answer
    return answer_of(answer)


def answer_of(reply: Reply) -> dict[str, Any]:
    """The result of a reply. Raises `ApiError`, or `CursorGoneError` for a cursor of another epoch."""
    if reply.ok:
        return reply.result or {}
    problem = reply.problem or Problem(
        type="about:blank", title="refused", status=500, code="unknown", detail="refused without a reason"
    )
    raise CursorGoneError(problem) if problem.status == 410 else ApiError(problem)


def _parsed(text: bytes) -> ServerMessage | None:
    try:
        return server_message.validate_json(text, extra="ignore")
    except ValidationError as error:
        # A newer venue may say more than this version knows: that is no reason to stop listening.
        _log.warning("stream.unknown_frame errors=%d first=%s", error.error_count(), error.errors()[0]["msg"])
        return None


def _closed(error: ConnectionClosed) -> StreamClosedError:
    said = error.rcvd or error.sent
    return StreamClosedError(None, str(error)) if said is None else StreamClosedError(said.code, said.reason)


def _refused(url: str, error: InvalidStatus) -> IntendlyError:
    """What the server said instead of a handshake. Whatever may pass is a `NetworkError`."""
    response = error.response
    try:
        problem = Problem.model_validate_json(response.body or b"")
    except ValidationError:
        return NetworkError(f"{url}: {error}")
    if problem.status in MAY_PASS:
        return UnavailableError(problem, seconds_of(response.headers.get("Retry-After")))
    return CursorGoneError(problem) if problem.status == 410 else ApiError(problem)
