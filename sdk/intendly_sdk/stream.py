"""The stream for a program that waits: subscribe, iterate events, bid. It reconnects and goes on where it was."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Self

from intendly_sdk.backoff import delays
from intendly_sdk.errors import CursorGoneError, NetworkError
from intendly_sdk.messages import BidAccepted, Event, EventKind, SignedBid
from intendly_sdk.primitives import Address, Hash32
from intendly_sdk.signatures import Signer
from intendly_sdk.stream_connection import StreamConnection
from intendly_sdk.stream_messages import Decline, Login, PlaceBid, Reply, Subscribe
from intendly_sdk.typed_data import Domain, stream_login_digest

LOGIN_SECONDS = 120


class StreamClient:
    """Events in the order of their numbers, each once, across reconnects.

    With a `signer` and a `domain` it logs in as a solver on every connection. One thread reads; `send_bid` and
    `send_decline` may be called from any.
    """

    def __init__(
        self,
        url: str,
        *,
        signer: Signer | None = None,
        domain: Domain | None = None,
        open_timeout: float = 5.0,
        reconnect: bool = True,
    ) -> None:
        if (signer is None) != (domain is None):
            raise ValueError("a login needs both a signer and a domain")
        self._url = url
        self._login = (signer, domain) if signer is not None and domain is not None else None
        self._timeout = open_timeout
        self._reconnect = reconnect
        self._closed = threading.Event()
        self._connection: StreamConnection | None = None
        self._subscription: Subscribe | None = None
        self._is_fresh = False
        self.cursor: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def stop(self) -> None:
        """Make `events` end soon. Safe in a signal handler and from another thread."""
        self._closed.set()

    def close(self) -> None:
        """Stop, and close the connection."""
        self.stop()
        self._drop()

    def subscribe(
        self,
        *,
        intents: tuple[Hash32, ...] = (),
        swappers: tuple[Address, ...] = (),
        auctions: bool = False,
        solver: bool = False,
        after: str | None = None,
    ) -> None:
        """Add to what is heard; `after` begins behind that cursor. Raises `ApiError`, `NetworkError`."""
        known = self._subscription or Subscribe(id=0)
        self._subscription = Subscribe(
            id=0,
            intents=tuple(dict.fromkeys(known.intents + intents)),
            swappers=tuple(dict.fromkeys(known.swappers + swappers)),
            auctions=known.auctions or auctions,
            solver=known.solver or solver,
        )
        if after is not None:
            self.cursor = after
        if self._connection is None:
            self._connect()
        else:
            self._send_subscription(self._connection, after)

    def next_event(self, timeout: float) -> Event | None:
        """The next event, or None when there was none within `timeout` seconds.

        Reconnects meanwhile (without `reconnect` a loss raises `NetworkError`). Raises `CursorGoneError` when
        the venue has begun a new epoch: events went by unseen, so read the state anew, then go on.
        """
        ends = time.monotonic() + timeout
        waits = delays()
        while not self._closed.is_set():
            left = max(0.0, ends - time.monotonic())
            try:
                event = (self._connection or self._connect()).receive(left)
            except NetworkError:
                self._drop()
                if not self._reconnect:
                    raise
                event = None
                self._closed.wait(min(next(waits), left))
            if event is not None and self._is_news(event):
                return event
            if time.monotonic() >= ends:
                break
        return None

    def events(self) -> Iterator[Event]:
        """Every event, until `stop` or `close`."""
        while not self._closed.is_set():
            event = self.next_event(timeout=0.5)
            if event is not None:
                yield event

    def bid(self, signed_bid: SignedBid) -> BidAccepted:
        """Place a bid and wait for the answer. Raises `ApiError`, `NetworkError`."""
        connection = self._open()
        request = PlaceBid(id=connection.next_id(), signed_bid=signed_bid)
        return BidAccepted.model_validate(connection.request(request))

    def send_bid(self, signed_bid: SignedBid, on_reply: Callable[[Reply], None]) -> None:
        """Place a bid and go on. Raises `NetworkError` while there is no connection."""
        connection = self._open()
        connection.send(PlaceBid(id=connection.next_id(), signed_bid=signed_bid), on_reply)

    def send_decline(self, auction_id: Hash32, on_reply: Callable[[Reply], None]) -> None:
        """Tell the auction not to wait. Raises `NetworkError` while there is no connection."""
        connection = self._open()
        connection.send(Decline(id=connection.next_id(), auction_id=auction_id), on_reply)

    def _open(self) -> StreamConnection:
        connection = self._connection
        if connection is None:
            raise NetworkError("stream: not connected")
        return connection

    def _connect(self) -> StreamConnection:
        connection = StreamConnection(self._url, timeout=self._timeout)
        try:
            if self._login is not None:
                signer, domain = self._login
                connection.request(_login(connection, signer, domain))
            self._send_subscription(connection, self.cursor)
        except BaseException:
            connection.close()
            raise
        if self.cursor is None:
            self.cursor = connection.hello.cursor
        self._connection = connection
        return connection

    def _send_subscription(self, connection: StreamConnection, after: str | None) -> None:
        if self._subscription is None:
            return
        request = self._subscription.model_copy(update={"id": connection.next_id(), "after": after})
        try:
            connection.request(request)
        except CursorGoneError:
            self.cursor = None
            raise
        self._is_fresh = after is None

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _is_news(self, event: Event) -> bool:
        epoch, number = _position(event.cursor)
        if self.cursor is not None:
            known_epoch, known_number = _position(self.cursor)
            if epoch == known_epoch and number <= known_number:
                # A solver that comes anew is told of the auctions that are open already, with their own, older numbers.
                return self._is_fresh and event.kind is EventKind.AUCTION_OPENED
        self.cursor = event.cursor
        return True


def _position(cursor: str) -> tuple[int, int]:
    epoch, number = cursor.split("-")
    return int(epoch), int(number)


def _login(connection: StreamConnection, signer: Signer, domain: Domain) -> Login:
    # By the server's clock, so that a clock of ours that is off does not lock us out.
    expires_at = connection.hello.server_time // 1000 + LOGIN_SECONDS
    digest = stream_login_digest(signer.address, connection.hello.challenge, expires_at, domain)
    return Login(id=connection.next_id(), solver=signer.address, expires_at=expires_at, signature=signer.sign(digest))
