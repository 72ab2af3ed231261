"""What opening, asking and closing auctions need of the outside (adapters/db/{openings,asks,closings,awards}.py).

As in `intendly.services.ports`, each method of a store is one transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from intendly_sdk.messages import AuctionOpened, Award, BidResponse, QuoteAsk
from intendly_sdk.primitives import Address, Hash32, HexBytes

from intendly.domain.closing import ClosingAuction, Outcome
from intendly.domain.opening import DueIntent, Opening
from intendly.services.ports import Chain


@dataclass(frozen=True, slots=True)
class Opened:
    """How many auctions were opened, and whether a solver on one of their rosters must be asked over HTTP."""

    auctions: int
    ask: bool


class OpeningStore(Protocol):
    """Open intents whose auction is due."""

    def retire_spent(self) -> int:
        """Cancel due intents whose Permit2 nonce was spent without a fill of theirs. Returns how many."""
        ...

    def due(self, limit: int, per_swapper: int) -> list[DueIntent]:
        """Up to `limit` intents that can be filled now, the longest due first, a share of them for each swapper."""
        ...

    def open(self, openings: Sequence[Opening], window_ms: int) -> Opened:
        """Open auctions of the intents that are as they were read, each to the active solvers not left out of it."""
        ...

    def postpone(self, intent_hash: Hash32, wait_s: int) -> None:
        """Look at this intent again in `wait_s` seconds."""
        ...


@dataclass(frozen=True, slots=True)
class Ask:
    """One request to one solver: the open auctions that it was not asked about yet, or what to quote."""

    solver: Address
    endpoint: str
    auctions: tuple[AuctionOpened, ...]
    quotes: tuple[QuoteAsk, ...] = ()


@dataclass(frozen=True, slots=True)
class AskFailed:
    """The solver gave no answer that counts; `why` is for the log, `code` for everyone (docs/solvers.md)."""

    why: str
    code: Literal["not_asked", "no_answer", "not_a_bid_response", "not_its_bids"] = "no_answer"


@dataclass(frozen=True, slots=True)
class CrowdedOut:
    """No request was sent to the solver: its turn did not come, for all the others at its host."""


Answered = tuple[Ask, BidResponse | AskFailed | CrowdedOut]


class AskStore(Protocol):
    """Solvers on rosters of open auctions that are asked over HTTP."""

    def claim(self, timeout_ms: int) -> list[Ask]:
        """Claim what is to be asked now, for this caller alone; again what was asked in vain `timeout_ms` ago."""
        ...

    def release(self, asks: Sequence[Ask]) -> None:
        """Give back what was not asked, to be claimed by the next that comes."""
        ...


class SolverEndpoints(Protocol):
    """Solvers that are asked over HTTP (adapters/asking)."""

    def ask_each(self, asks: Sequence[Ask]) -> Iterator[list[Answered]]:
        """Ask all at once; yield the answers as they arrive, none later than its time limit, whatever the others do.

        Those that arrived while the caller was busy come together. Who is not asked, as it failed again and again, has
        failed at once; who was crowded out has not.
        """
        ...


@dataclass(frozen=True, slots=True)
class ClosingClaim:
    """Auctions in `closing`, held under a lease by `token`; with how often each was tried, this time included."""

    token: str
    attempts: Mapping[Hash32, int]


@dataclass(frozen=True, slots=True)
class ClosingBatch:
    """What the claimed auctions are decided from. `block_time` is the newest indexed block's."""

    auctions: tuple[ClosingAuction, ...]
    block_time: int


class ClosingChain(Chain, Protocol):
    """What a close asks the chain: whether the intents can be filled, and whether the executors may fill them."""

    def executor_refusals(self, pairs: Collection[tuple[Address, Address]]) -> Mapping[tuple[Address, Address], str]:
        """Of these executors, each with its solver, those that Settlement would not call for it, and in words why."""
        ...


class ClosingStore(Protocol):
    """Auctions past their close."""

    def claim_due(self, limit: int) -> ClosingClaim:
        """Take due auctions to `closing`: from here on no bid gets in."""
        ...

    def claim_again(self, attempts_max: int) -> ClosingClaim:
        """Take one whose lease ran out before it was closed, unless it was tried `attempts_max` times."""
        ...

    def read(self, claim: ClosingClaim) -> ClosingBatch:
        """The claimed auctions with all their bids."""
        ...

    def record(self, claim: ClosingClaim, outcomes: Sequence[Outcome]) -> frozenset[Hash32]:
        """Write the outcomes whose auction is still held and whose intent is as it was read. The auctions' ids."""
        ...

    def release(self, claim: ClosingClaim, auction_ids: Sequence[Hash32], wait_s: int) -> None:
        """Give them back, to be taken again in `wait_s` seconds; this time does not count as a try."""
        ...

    def defer(self, claim: ClosingClaim, auction_id: Hash32, wait_s: int) -> None:
        """Give one back that failed, to be tried again alone in `wait_s` seconds."""
        ...


class AwardStore(Protocol):
    """Awards that are won and not signed yet."""

    def unsigned(self, limit: int) -> list[Award]: ...

    def sign(self, signatures: Mapping[Hash32, HexBytes]) -> int:
        """Store the signatures by bid hash. Returns how many awards are due by that."""
        ...


class Auctioneer(Protocol):
    """The key that signs awards."""

    def sign(self, award: Award) -> HexBytes: ...
