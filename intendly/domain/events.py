"""A change, as its transaction writes it into the outbox. Its number comes later, from the publisher."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from intendly_sdk.messages import EventKind
from intendly_sdk.primitives import Address, Hash32


@dataclass(frozen=True, slots=True)
class Change:
    """What happened, and who hears of it: with `solver` set, that solver alone.

    `data` is JSON: amounts as decimal strings, bytes as 0x hex.
    """

    kind: EventKind
    intent_hash: Hash32 | None = None
    auction_id: Hash32 | None = None
    swapper: Address | None = None
    solver: Address | None = None
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Published:
    """A numbered event on its way to the streams.

    `frame` is the event's JSON (intendly_sdk.messages.Event), made once. With `solver` set it is for that solver alone.
    `roster` names the solvers that an opened auction is for; it is not in the frame. `closes_at` is in unix
    milliseconds, of an opened auction.
    """

    epoch: int
    number: int
    kind: str
    frame: str
    intent_hash: str | None = None
    auction_id: str | None = None
    swapper: str | None = None
    solver: str | None = None
    roster: tuple[str, ...] = ()
    closes_at: int | None = None


@dataclass(frozen=True, slots=True)
class StreamHead:
    """The newest event. A cursor is `epoch-number`. `read_at` is the database's clock when it said so, unix ms."""

    epoch: int
    last: int
    read_at: int = 0

    @property
    def cursor(self) -> str:
        return f"{self.epoch}-{self.last}"


@dataclass(frozen=True, slots=True)
class Interest:
    """What one subscription hears. Hashes and addresses as 0x hex."""

    intents: frozenset[str] = frozenset()
    swappers: frozenset[str] = frozenset()
    auctions: bool = False
    solver: str | None = None
