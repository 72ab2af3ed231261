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
