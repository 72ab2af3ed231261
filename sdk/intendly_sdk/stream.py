"""The stream for a program that waits: `AsyncStreamClient` behind calls that block."""

from __future__ import annotations

import logging
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any, Self, TypeVar

from intendly_sdk.async_stream import AsyncStreamClient
from intendly_sdk.errors import ApiError, NetworkError
from intendly_sdk.loop_thread import LoopClosed, LoopThread
from intendly_sdk.messages import BidAccepted, Event, SignedBid
from intendly_sdk.primitives import Address, Hash32
from intendly_sdk.signatures import Signer
from intendly_sdk.stream_messages import Reply
from intendly_sdk.typed_data import Domain

Got = TypeVar("Got")
log = logging.getLogger(__name__)


class StreamClient:
    """Events in the order of their numbers, each once, across reconnects.

    With a `signer` and a `domain` it logs in on every connection: as `solver`, whose registered key it is, or as
    itself. It pings, so that a dead line is noticed within 25 seconds. One thread takes the events; the other methods
    may be called from any. The connection lives on a thread of this client, from its first use until `close`.
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
        self._client = AsyncStreamClient(
            url, signer=signer, domain=domain, solver=solver, open_timeout=open_timeout, reconnect=reconnect
        )
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._thread: LoopThread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    @property
    def cursor(self) -> str | None:
        """Where it stands: the cursor of the last event that was handed out."""
        return self._client.cursor

    def use_signer(self, signer: Signer) -> None:
        """Log in with this key from when the venue knows it as the solver's; until then with the one before.

        Raises `ValueError` where it does not log in. Safe from another thread.
        """
        self._client.use_signer(signer)

    def stop(self) -> None:
        """Make `events` end soon. Safe in a signal handler and from another thread."""
        self._closed.set()
        thread = self._thread
        if thread is not None:
            thread.call_soon(self._client.stop)

    def close(self) -> None:
        """Stop, and close the connection, within about a second."""
        self.stop()
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            thread.run(self._client.close())
            thread.close()

    def subscribe(
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
        self._run(
            self._client.subscribe(intents=intents, swappers=swappers, auctions=auctions, solver=solver, after=after)
        )

    def next_event(self, timeout: float) -> Event | None:
        """The next event, or None when there was none within `timeout` seconds, or after `stop`.

        Reconnects meanwhile (without `reconnect` a loss raises `NetworkError`). Raises `CursorGoneError` when
        the venue has begun a new epoch: events went by unseen, so read the state anew, then go on. A refused login
        (`ApiError`) and a close after which the same would be closed again (`StreamClosedError` that does not resume)
        are raised too; the next call tries again, after a wait.
        """
        if self._closed.is_set():
            return None
        try:
            return self._run(self._client.next_event(timeout))
        except LoopClosed:
            return None

    def events(self) -> Iterator[Event]:
        """Every event, until `stop` or `close`. Raises what `next_event` does."""
        while not self._closed.is_set():
            event = self.next_event(timeout=60.0)
            if event is not None:
                yield event

    def bid(self, signed_bid: SignedBid) -> BidAccepted:
        """Place a bid and wait for the answer. Raises `ApiError`, `NetworkError`."""
        return self._run(self._client.bid(signed_bid))

    def send_bid(self, signed_bid: SignedBid, on_reply: Callable[[Reply], None]) -> None:
        """Place a bid and go on. Raises `NetworkError` while there is no connection.

        `on_reply` is called on this client's thread, so it must not wait; not at all where no answer comes.
        """
        self._start(self._client.send_bid(signed_bid), on_reply)

    def send_decline(self, auction_id: Hash32, on_reply: Callable[[Reply], None]) -> None:
        """Tell the auction not to wait. Otherwise as `send_bid`."""
        self._start(self._client.send_decline(auction_id), on_reply)

    def _start(
        self, sending: Coroutine[Any, Any, Awaitable[dict[str, Any]]], on_reply: Callable[[Reply], None]
    ) -> None:
        thread = self._thread
        if thread is None or not self._client.is_connected:
            sending.close()
            raise NetworkError("stream: not connected")
        thread.start(_told(sending, on_reply))

    def _run(self, coroutine: Coroutine[Any, Any, Got]) -> Got:
        """Wait for it. Raises `LoopClosed` once this client is closed."""
        with self._lock:
            if self._thread is None and not self._closed.is_set():
                self._thread = LoopThread("intendly stream")
            thread = self._thread
        if thread is None:
            coroutine.close()
            raise LoopClosed("stream: closed")
        return thread.run(coroutine)


async def _told(sending: Coroutine[Any, Any, Awaitable[dict[str, Any]]], on_reply: Callable[[Reply], None]) -> None:
    try:
        reply = Reply(id=0, ok=True, result=await (await sending))
    except ApiError as error:
        reply = Reply(id=0, ok=False, problem=error.problem)
    except NetworkError as error:
        log.warning("stream.unanswered reason=%r", str(error))
        return
    try:
        on_reply(reply)
    except Exception:
        log.exception("stream.on_reply_failed")
