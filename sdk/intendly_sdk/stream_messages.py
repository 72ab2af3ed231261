"""What travels on /api/v1/stream. JSON text frames; each request carries an `id` that its `Reply` repeats.

A connection begins with the server's `Hello`. A client then subscribes, by intents, by swappers, or as a solver
(after `Login`), and gets `Event`s in the order of their numbers. `after` resumes behind a cursor; without it
events start with the next one. Solvers may bid and decline on the same connection.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, TypeAdapter

from intendly_sdk.messages import AuctionOpened, Event, Message, Problem, SignedBid
from intendly_sdk.primitives import Address, Hash32, HexBytes, UnixSeconds

RequestId = Annotated[int, Field(strict=True, ge=0, le=2**53 - 1)]
Cursor = Annotated[str, Field(pattern=r"^[0-9]{1,18}-[0-9]{1,18}$")]


class Hello(Message):
    """The server's first frame: the challenge that a `Login` signs, and the cursor of the newest event."""

    type: Literal["hello"] = "hello"
    challenge: Hash32
    cursor: Cursor
    server_time: int = Field(description="unix milliseconds")


class Login(Message):
    """A solver proves its key: `signature` is over StreamLogin(solver, challenge, expires_at)."""

    type: Literal["login"] = "login"
    id: RequestId
    solver: Address
    expires_at: UnixSeconds = Field(description="at most 300 seconds ahead")
    signature: HexBytes


class Subscribe(Message):
    """Adds to what this connection hears. With `after`, events behind that cursor come first, without a gap."""

    type: Literal["subscribe"] = "subscribe"
    id: RequestId
    intents: tuple[Hash32, ...] = Field(default=(), max_length=500)
    swappers: tuple[Address, ...] = Field(default=(), max_length=100)
    auctions: bool = Field(default=False, description="every auction.opened and auction.closed")
    solver: bool = Field(default=False, description="auctions, and the fate of this solver's bids; after a Login")
    after: Cursor | None = None


class PlaceBid(Message):
    """A bid, answered like POST /bids."""

    type: Literal["bid"] = "bid"
    id: RequestId
    signed_bid: SignedBid


class Decline(Message):
    """The logged-in solver will not bid in this auction, so that it need not be waited for."""

    type: Literal["decline"] = "decline"
    id: RequestId
    auction_id: Hash32


class Ping(Message):
    """Shows that the line lives, to a program that can't see the server's own pings; the reply has `server_time`."""

    type: Literal["ping"] = "ping"
    id: RequestId


class Reply(Message):
    """The answer to the request of the same `id`: `result` or `problem`."""

    type: Literal["reply"] = "reply"
    id: RequestId
    ok: bool
    result: dict[str, Any] | None = None
    problem: Problem | None = None


ClientMessage = Annotated[Login | Subscribe | PlaceBid | Decline | Ping, Field(discriminator="type")]
Timed = TypeVar("Timed", AuctionOpened, Event)
ServerMessage = Annotated[Hello | Reply | Event, Field(discriminator="type")]
client_message: TypeAdapter[ClientMessage] = TypeAdapter(ClientMessage)
server_message: TypeAdapter[ServerMessage] = TypeAdapter(ServerMessage)


def auction_of(event: Event) -> AuctionOpened:
    """The auction that an auction.opened event tells of, with the event's own clock readings.

    Raises `ValueError` when the event tells of something else.
    """
    clock = {"server_time": event.server_time, "ms_left": event.ms_left}
    return AuctionOpened.model_validate(
        {**event.data, "auction_id": event.auction_id, **{k: v for k, v in clock.items() if v is not None}}
    )


def aged(told: Timed, seconds: float) -> Timed:
    """The same as it would be told so much later: less is left of its auction, down to nothing."""
    if told.server_time is None or told.ms_left is None:
        return told
    passed = min(round(seconds * 1000), max(0, told.ms_left))
    return told.model_copy(update={"server_time": told.server_time + passed, "ms_left": told.ms_left - passed})
