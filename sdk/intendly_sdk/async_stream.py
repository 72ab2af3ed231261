"""The stream for asyncio: subscribe, iterate events, bid. It reconnects and goes on where it was."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Self

from intendly_sdk.backoff import Waits
from intendly_sdk.errors import (
    ApiError,
    CursorGoneError,
    IntendlyError,
    NetworkError,
    StreamClosedError,
    UnavailableError,
)
from intendly_sdk.messages import BidAccepted, Event, SignedBid
from intendly_sdk.primitives import Address, Hash32
from intendly_sdk.signatures import Signer
from intendly_sdk.stream_connection import MAY_PASS, StreamConnection
from intendly_sdk.stream_login import LogIn
from intendly_sdk.stream_messages import Decline, PlaceBid, Subscribe
from intendly_sdk.stream_place import Place, position
from intendly_sdk.typed_data import Domain


class AsyncStreamClient:
    """Events in the order of their numbers, each once, across reconnects with growing, jittered waits.

    With a `signer` and a `domain` it logs in on every connection: as `solver`, whose registered key it is, or as
    itself. `on_lost` is told of each loss and failed try behind which it tries again. It pings, so that a dead line is
    noticed within 25 seconds. A consumer that is slow makes it read no further, which the venue feels; one that is so
    slow that the venue hangs up goes on behind the last event that it took, so nothing is lost. All from one event
    loop; one task takes the events, any task may bid.
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
        on_lost: Callable[[NetworkError], object] = lambda _: None,
    ) -> None:
        self._url = url
        self._login = LogIn(signer, domain, solver)
        self._timeout = open_timeout
        self._reconnect = reconnect
        self._on_lost = on_lost
        self._is_stopped = False
        self._place = Place()
        self._is_up = asyncio.Event()
        self._connection: StreamConnection | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._waits = Waits()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    @property
    def cursor(self) -> str | None:
        """Where it stands: the cursor of the last event that was handed out."""
        return self._place.cursor

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection that is not known to be lost, and it is not stopped."""
        return self._connection is not None and self._connection.is_open and not self._is_stopped

    async def connected(self) -> None:
        """Return once there is a connection, which `next_event` makes."""
        while not self.is_connected:
            self._is_up.clear()
            await self._is_up.wait()

    @property
    def signers(self) -> tuple[Signer, ...]:
        """The key that it logs in with; behind it those that are to take its place."""
        return self._login.signers

    def use_signer(self, signer: Signer) -> None:
        """Log in with this key from when the venue knows it as the solver's; until then with the one before.

        Raises `ValueError` where it does not log in.
        """
        self._login.use(signer)

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
        """Add to what is heard; `after` begins behind that cursor, anew where the connection has gone on already.

        Raises `ApiError`, `NetworkError`; `ValueError` for more than 500 intents or 100 swappers in all. One that fails
        for want of a connection or a login is kept: `next_event` goes on trying. One that is refused changes nothing.
        """
        more = Subscribe(id=0, intents=intents, swappers=swappers, auctions=auctions, solver=solver)
        if self._connecting is None and self._connection is None:
            self._place.ask_for(more, after)
            await self._ready()
            return
        try:
            connection = await self._ready()
        except IntendlyError:
            self._place.ask_for(more, after)
            raise
        await self._add(connection, more, after)

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
                self._on_lost(error)
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
                self._waits.lost()
                raise
            if event is None:
                return self._connection.more()
            return event if self._place.is_news(event) else None
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
        await asyncio.sleep(self._waits.until - time.monotonic())
        try:
            connection = await StreamConnection.open(self._url, timeout=self._timeout)
            try:
                await self._login.on(connection)
                await self._subscribe(connection)
            except BaseException:
                await connection.close()
                raise
        except IntendlyError as error:
            self._waits.lost()
            if type(error) is ApiError and error.problem.status in MAY_PASS:
                raise UnavailableError(error.problem) from None  # its database is away, say: a loss like any other
            raise
        if self._place.cursor is None:
            self._place.cursor = connection.hello.cursor
        self._connection = connection
        self._is_up.set()
        self._waits.connected()

    async def _subscribe(self, connection: StreamConnection) -> None:
        """Follow on a new connection all that was followed."""
        place = self._place
        if place.followed is None:
            return
        asked = place.followed.model_copy(update={"id": connection.next_id(), "after": place.cursor})
        try:
            await connection.request(asked)
        except CursorGoneError:
            place.cursor = None
            raise
        except ApiError as error:
            if error.problem.status not in MAY_PASS:
                place.refused()
            raise
        place.taken()

    async def _add(self, connection: StreamConnection, more: Subscribe, after: str | None) -> None:
        """Follow more on the open connection."""
        place = self._place
        wanted = place.missing(more) if after is None else place.joined(more)
        asked = wanted.model_copy(update={"id": connection.next_id(), "after": after})

        def taken() -> None:
            place.follow(asked)
            if after is not None:  # all behind it comes again behind the reply
                is_ahead = connection.retain(lambda event: position(event.cursor) <= position(after))
                place.rewind(after, is_ahead=is_ahead)

        try:
            await connection.request(asked, on_ok=taken)
        except CursorGoneError:
            place.cursor = None
            place.ask_for(more, None)
            await self._drop(connection)
            raise
        except NetworkError as error:
            place.ask_for(more, after)
            connection.abort(error)  # whether it was taken is not known
            if after is not None:
                await self._drop(connection)
            raise

    async def _drop(self, connection: StreamConnection) -> None:
        if self._connection is connection:
            self._connection = None
        await connection.close()


async def _outcome_of(task: asyncio.Task[None]) -> BaseException | None:
    """What the task raised, once it is done; who waits may be cancelled without it."""
    await asyncio.wait({task})
    return NetworkError("stream: stopped") if task.cancelled() else task.exception()
