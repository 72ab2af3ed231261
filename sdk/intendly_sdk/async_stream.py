"""The stream for asyncio: subscribe, iterate events, bid. It reconnects and goes on where it was."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable
from typing import Any, Self

from intendly_sdk.backoff import delays
from intendly_sdk.errors import (
    ApiError,
    CursorGoneError,
    IntendlyError,
    NetworkError,
    StreamClosedError,
    UnavailableError,
)
from intendly_sdk.messages import BidAccepted, Event, EventKind, SignedBid
from intendly_sdk.primitives import Address, Hash32
from intendly_sdk.signatures import Signer
from intendly_sdk.stream_connection import MAY_PASS, StreamConnection
from intendly_sdk.stream_messages import Decline, Login, PlaceBid, Subscribe
from intendly_sdk.typed_data import Domain, stream_login_digest

LOGIN_SECONDS = 120
STEADY_SECONDS = 10.0
"""A connection that has held for so long begins the waits anew."""


class AsyncStreamClient:
    """Events in the order of their numbers, each once, across reconnects with growing, jittered waits.

    With a `signer` and a `domain` it logs in on every connection: as `solver`, whose registered key it is, or as
    itself. It pings, so that a dead line is noticed within 25 seconds. A consumer that is slow makes it read no
    further, which the venue feels; one that is so slow that the venue hangs up goes on behind the last event that it
    took, so nothing is lost. All from one event loop; one task takes the events, any task may bid.
    """

    def __init__(
        self,
        url: str,
        *,
        signer: Signer | None = None,
        domain: Domain | None = None,
        solver: Address | None = None,
        open_timeout: float = 5.0,
        reconnect: bool = True,
    ) -> None:
        if (signer is None) != (domain is None):
            raise ValueError("a login needs both a signer and a domain")
        self.cursor: str | None = None
        self._url = url
        self._login = None
        if signer is not None and domain is not None:
            self._login = (solver or signer.address, signer, domain)
        self._timeout = open_timeout
        self._reconnect = reconnect
        self._is_stopped = False
        self._subscription: Subscribe | None = None
        self._is_fresh = False
        self._connection: StreamConnection | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._connected_at = 0.0
        self._not_before = 0.0
        self._waits = delays()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection that is not known to be lost."""
        return self._connection is not None and self._connection.is_open

    def stop(self) -> None:
        """Make `next_event` and `events` end at once."""
        self._is_stopped = True
        if self._connecting is not None:
            self._connecting.cancel()
        if self._connection is not None:
            self._connection.wake()

    async def close(self) -> None:
        """Stop, and close the connection, within about a second."""
        self.stop()
        if self._connecting is not None:
            await _outcome_of(self._connecting)
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def subscribe(
        self,
        *,
        intents: tuple[Hash32, ...] = (),
        swappers: tuple[Address, ...] = (),
        auctions: bool = False,
        solver: bool = False,
        after: str | None = None,
    ) -> None:
        """Add to what is heard; `after` begins behind that cursor. Raises `ApiError`, `NetworkError`.

        One that fails for want of a connection is kept: `next_event` goes on trying.
        """
        known = self._subscription or Subscribe(id=0)
        wanted = Subscribe(
            id=0,
            intents=tuple(dict.fromkeys(known.intents + intents)),
            swappers=tuple(dict.fromkeys(known.swappers + swappers)),
            auctions=known.auctions or auctions,
            solver=known.solver or solver,
        )
        if after is not None:
            self.cursor = after
        is_first = self._connecting is None and self._connection is None
        before, self._subscription = self._subscription, wanted
        connection = await self._ready()
        if is_first:
            return
        try:
            await self._send_subscription(connection, after)
        except CursorGoneError:
            await self._drop(connection)
            raise
        except ApiError:
            self._subscription = before
            raise

    async def next_event(self, timeout: float | None = None) -> Event | None:
        """The next event, or None when there was none within `timeout` seconds, or after `stop`.

        Reconnects meanwhile (without `reconnect` a loss raises `NetworkError`). Raises `CursorGoneError` when
        the venue has begun a new epoch: events went by unseen, so read the state anew, then go on. A refused login
        (`ApiError`) and a close after which the same would be closed again (`StreamClosedError` that does not resume)
        are raised too; the next call tries again, after a wait.
        """
        ends = None if timeout is None else time.monotonic() + timeout
        while not self._is_stopped:
            try:
                waited = self._something()
            except NetworkError as error:
                if not self._reconnect or (isinstance(error, StreamClosedError) and not error.resumes):
                    raise
                continue
            if waited is None:
                continue
            if isinstance(waited, Event):
                return waited
            left = None if ends is None else ends - time.monotonic()
            if left is not None and left <= 0:
                break
            await asyncio.wait({waited}, timeout=left)
        return None

    async def events(self) -> AsyncIterator[Event]:
        """Every event, until `stop` or `close`. Raises what `next_event` does."""
        while (event := await self.next_event()) is not None:
            yield event

    async def bid(self, signed_bid: SignedBid) -> BidAccepted:
        """Place a bid and wait for the answer. Raises `ApiError`; `NetworkError`, also while there is no connection."""
        return BidAccepted.model_validate(await (await self.send_bid(signed_bid)), extra="ignore")

    async def decline(self, auction_id: Hash32) -> None:
        """Tell the auction not to wait. Raises as `bid`."""
        await (await self.send_decline(auction_id))

    async def send_bid(self, signed_bid: SignedBid) -> Awaitable[dict[str, Any]]:
        """Place a bid; returns once it is sent. Await what it returns for the answer. Both raise as `bid`."""
        connection = self._open()
        return await connection.send(PlaceBid(id=connection.next_id(), signed_bid=signed_bid))

    async def send_decline(self, auction_id: Hash32) -> Awaitable[dict[str, Any]]:
        """Tell the auction not to wait; otherwise as `send_bid`."""
        connection = self._open()
        return await connection.send(Decline(id=connection.next_id(), auction_id=auction_id))

    def _something(self) -> Event | asyncio.Future[None] | None:
        """An event; or None, to look again; or what to wait for."""
        if self._connection is not None:
            try:
                event = self._connection.take()
            except NetworkError:
                self._connection = None
                self._back_off()
                raise
            if event is None:
                return self._connection.more()
            return event if self._is_news(event) else None
        if self._connecting is None:
            self._connecting = asyncio.create_task(self._connect(), name="stream connecting")
        if not self._connecting.done():
            return self._connecting
        task, self._connecting = self._connecting, None
        if not task.cancelled():
            task.result()
        return None

    async def _ready(self) -> StreamConnection:
        """The connection, once there is one. Raises what the try to connect does."""
        if self._connection is None:
            task = self._connecting = self._connecting or asyncio.create_task(self._connect(), name="stream connecting")
            error = await _outcome_of(task)
            if self._connecting is task:
                self._connecting = None
            if error is not None:
                raise error
        return self._open()

    def _open(self) -> StreamConnection:
        if self._connection is None or self._is_stopped:
            raise NetworkError("stream: not connected")
        return self._connection

    async def _connect(self) -> None:
        await asyncio.sleep(self._not_before - time.monotonic())
        try:
            connection = await StreamConnection.open(self._url, timeout=self._timeout)
            try:
                if self._login is not None:
                    await connection.request(_login(connection, *self._login))
                await self._send_subscription(connection, self.cursor)
            except BaseException:
                await connection.close()
                raise
        except IntendlyError as error:
            self._back_off()
            if type(error) is ApiError and error.problem.status in MAY_PASS:
                raise UnavailableError(error.problem) from None  # its database is away, say: a loss like any other
            raise
        if self.cursor is None:
            self.cursor = connection.hello.cursor
        self._connection = connection
        self._connected_at = time.monotonic()

    async def _send_subscription(self, connection: StreamConnection, after: str | None) -> None:
        if self._subscription is None:
            return
        request = self._subscription.model_copy(update={"id": connection.next_id(), "after": after})
        try:
            await connection.request(request)
        except CursorGoneError:
            self.cursor = None
            raise
        self._is_fresh = after is None

    async def _drop(self, connection: StreamConnection) -> None:
        if self._connection is connection:
            self._connection = None
        await connection.close()

    def _back_off(self) -> None:
        now = time.monotonic()
        if self._connected_at and now - self._connected_at > STEADY_SECONDS:
            self._waits = delays()
        self._connected_at = 0.0
        self._not_before = now + next(self._waits)

    def _is_news(self, event: Event) -> bool:
        epoch, number = _position(event.cursor)
        if self.cursor is not None:
            known_epoch, known_number = _position(self.cursor)
            if epoch == known_epoch and number <= known_number:
                # A solver that comes anew is told of the auctions that are open already, with their own, older numbers.
                return self._is_fresh and event.kind is EventKind.AUCTION_OPENED
        self.cursor = event.cursor
        return True


async def _outcome_of(task: asyncio.Task[None]) -> BaseException | None:
    """What the task raised, once it is done; who waits may be cancelled without it."""
    await asyncio.wait({task})
    return NetworkError("stream: stopped") if task.cancelled() else task.exception()


def _position(cursor: str) -> tuple[int, int]:
    epoch, number = cursor.split("-")
    return int(epoch), int(number)


def _login(connection: StreamConnection, solver: Address, signer: Signer, domain: Domain) -> Login:
    # By the server's clock, so that a clock of ours that is off does not lock us out.
    expires_at = connection.hello.server_time // 1000 + LOGIN_SECONDS
    digest = stream_login_digest(solver, connection.hello.challenge, expires_at, domain)
    return Login(id=connection.next_id(), solver=solver, expires_at=expires_at, signature=signer.sign(digest))
