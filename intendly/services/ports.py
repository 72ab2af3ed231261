"""What the services need of the outside. Each method of a store is one transaction, and no more than one.

So a use case reads: fetch, decide (one pure call of the domain), record, act. adapters/ implement these; unit tests
pass fakes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from intendly_sdk.messages import (
    AuctionView,
    IntentState,
    IntentStatus,
    IntentView,
    SignedIntent,
    TokenView,
)
from intendly_sdk.messages import Receipt as IntentReceipt
from intendly_sdk.primitives import Address, Hash32, HexBytes

from intendly.domain.bid import NewBid, Terms
from intendly.domain.bundle import Bundle, BundleCost
from intendly.domain.chain import Block, Log, SolverChanged
from intendly.domain.deployment import Home, Token
from intendly.domain.errors import RateLimited
from intendly.domain.events import Interest, Published, StreamHead
from intendly.domain.intent_rules import Market
from intendly.domain.settlement import Fees, IntentFacts, Receipt, Settlement
from intendly.domain.signatures import Claim, WalletAnswer


class Nudges(Protocol):
    """Tells the workers that work may be due. Losing one costs latency, never correctness."""

    def nudge(self, task: str, *, work: int = 1, at_once: bool = False) -> None:
        """Tell `task`'s workers, after the commit, that `work` rows became due. Never raises, never blocks.

        Nudges are coalesced, and a venue with much to do is left to beat's ticks; not `at_once`, for what a tick
        could not take.
        """


# Who may ask for how much, and whether anybody may.


class Quota(Protocol):
    """What those who signed may still send of one kind. Ask it after their signatures, or a stranger uses it up."""

    def spend(self, accounts: Sequence[Address]) -> Sequence[RateLimited | None]:
        """One for each, in order: None where it is within the account's budget.

        Raises `RateLimited` where who sends it has no more of its own; then nothing is spent.
        """

    def give_back(self, accounts: Sequence[Address]) -> None:
        """What was spent for nothing: a signature that the account gave once may be shown again by anybody."""


class PauseReader(Protocol):
    """Whether the venue is paused, at most about a second old."""

    def reason(self) -> str | None:
        """Why it is paused, in the operator's words; None where it is not."""


# Accepting intents and bids, and reading them back.


@dataclass(frozen=True, slots=True)
class Accepted:
    """How an intent stands after it was handed in; `created` is false when it was there before.

    `accepted_at` is when it was committed, in unix seconds of the database's clock.
    """

    state: IntentState
    created: bool
    accepted_at: int


@dataclass(frozen=True, slots=True)
class PagePosition:
    """Where a page of a swapper's intents ends: microseconds of created_at, and the hash."""

    created_us: int
    intent_hash: Hash32


class MarketReader(Protocol):
    """The tokens and block time, at most about a second old."""

    def market(self) -> Market: ...

    def tokens(self) -> tuple[TokenView, ...]: ...


class Receipts(Protocol):
    """The venue's word, signed."""

    @property
    def signer(self) -> Address: ...

    def of_intent(self, intent_hash: Hash32, accepted: Accepted) -> IntentReceipt:
        """That the intent is committed."""
        ...

    def of_cancel(self, intent_hash: Hash32, not_after: int) -> HexBytes:
        """That no award fills it after `not_after`, unix seconds of block time: the signature."""
        ...


@dataclass(frozen=True, slots=True)
class CancelStanding:
    """How an intent stands to its swapper's cancel. Times are unix seconds of block time.

    `not_after`: no award that was ever signed for it holds longer; `block_time` is the newest indexed block's.
    """

    state: IntentState
    not_after: int
    block_time: int


class CancelStore(Protocol):
    """Ends intents at their swapper's word."""

    def cancel(self, intent_hash: Hash32) -> CancelStanding | None:
        """Cancel it if it is open: `state` is then CANCELLED, as it is for one that was before. None: no such intent.

        An award and a cancel compare-and-set the same version, so that only one of them is ever signed.
        """
        ...


class IntentReader(Protocol):
    """Intents as anyone may see them."""

    def accepted(self, intent_hash: Hash32) -> Accepted | None:
        """How an intent that was accepted before stands."""
        ...

    def find(self, intent_hash: Hash32) -> IntentView | None: ...

    def status(self, intent_hash: Hash32) -> IntentStatus | None: ...

    def page(
        self, swapper: Address, limit: int, after: PagePosition | None
    ) -> tuple[tuple[IntentView, ...], PagePosition | None]:
        """Newest first, and the position that the next page starts after; None at the end."""
        ...


class AuctionReader(Protocol):
    """Auctions as anyone may see them: no bid and no secret before the close, no calldata ever."""

    def find(self, auction_id: Hash32) -> AuctionView | None: ...


@dataclass(frozen=True, slots=True)
class Asked:
    """A solver's question of how it stands in an auction, and whether this bid of its is in."""

    auction_id: Hash32
    solver: Address
    bid_hash: Hash32 | None


@dataclass(frozen=True, slots=True)
class Standing:
    """The answer; `terms` is None for an auction that does not exist."""

    terms: Terms | None
    is_in: bool


@dataclass(frozen=True, slots=True)
class NoBid:
    """A solver's answer in an auction that is none of its bids: it does not bid, or it failed to.

    `refusal` is a code: what was wrong with an answer that failed.
    """

    auction_id: Hash32
    solver: Address
    answer: Literal["declined", "failed"]
    refusal: str | None = None


Place = Literal["first", "next", "again", "late"]
"""A bid that is placed is in now, as its solver's first answer or a later one; was in before; came after the close."""


class BidStore(Protocol):
    """Bids while their auction is open."""

    def standings(self, asked: Sequence[Asked]) -> list[Standing]:
        """One for each of `asked`, in their order."""
        ...

    def place(self, bids: Sequence[NewBid]) -> list[Place]:
        """Commit those whose auction is still open, under its FOR SHARE lock, each in place of the solver's last."""
        ...

    def record_no_bids(self, no_bids: Sequence[NoBid]) -> None:
        """Note the answers on the rosters, where there is none yet."""
        ...

    def pull_close(self, auction_ids: Sequence[Hash32]) -> int:
        """Pull forward the close of those whose whole roster has answered. How many of them are due now."""
        ...


# The chain, as the close and the pipeline of settlements see it (adapters/chain/).


class Chain(Protocol):
    """The chain as it stands at its latest block. Raises `ChainUnavailable` when no endpoint answers in time."""

    def facts(self, intents: Sequence[SignedIntent]) -> Mapping[Hash32, IntentFacts]:
        """What decides whether each intent can be filled now, by intent hash, read by Multicall in chunks.

        Every intent asked for is in the answer.
        """
        ...

    def block_time(self) -> int:
        """The latest block's timestamp, unix seconds."""
        ...


class Wallets(Protocol):
    """Accounts with code, at the chain's latest block. Raises `ChainUnavailable` when no endpoint answers in time."""

    def ask(self, claims: Sequence[Claim]) -> list[WalletAnswer | None]:
        """What each account answers Permit2, in the order of `claims`; None for an account without code."""
        ...


class HomeStore(Protocol):
    """Which chain and contract the database's rows are about."""

    def settle_in(self, home: Home) -> Home:
        """What they are about; from now on `home` where they were about nothing yet."""
        ...


class ChainIdentity(Protocol):
    """Which chain answers. Raises `ChainUnavailable` when no endpoint answers in time."""

    def identity(self) -> tuple[int, Hash32]:
        """Its id, and the hash of its first block."""
        ...


class ChainReader(Protocol):
    """The chain in block order, for the index. Raises `ChainUnavailable` when no endpoint answers in time."""

    def head(self) -> Block:
        """The latest block."""
        ...

    def final_number(self) -> int:
        """The newest block that the chain will not take back."""
        ...

    def blocks(self, numbers: Sequence[int]) -> list[Block | None]:
        """The canonical blocks of these numbers, in their order; None where there is none (any more)."""
        ...

    def logs_between(self, first: int, last: int) -> list[Log]:
        """Both contracts' logs of blocks `first` to `last`, in order. For blocks well behind the head."""
        ...

    def logs_of(self, hashes: Sequence[Hash32]) -> list[Log]:
        """The same of exactly these blocks. Raises `Conflict` when one of them is not known (any more)."""
        ...

    def registered(self, solvers: Sequence[Address]) -> list[SolverChanged]:
        """How the registry has these solvers now."""
        ...


@dataclass(frozen=True, slots=True)
class IndexCursor:
    """The newest indexed block."""

    number: int
    hash: Hash32


class ChainIndex(Protocol):
    """What the index has written: cursor and effects commit together."""

    def cursor(self) -> IndexCursor | None: ...

    def known_blocks(self, below: int, limit: int) -> list[IndexCursor]:
        """The stored canonical blocks under `below`, newest first."""
        ...

    def advance(self, since: IndexCursor | None, blocks: Sequence[Block], logs: Sequence[Log], final: int) -> bool:
        """Write the effects of `logs` and stand at the last of `blocks`.

        False, with nothing written, when the cursor is not at `since` any more: another index was faster.
        """
        ...

    def solvers_after(self, number: int) -> list[Address]:
        """The solvers whose newest registry event is in a block after `number`."""
        ...

    def roll_back(self, since: IndexCursor, to: IndexCursor, solvers: Sequence[SolverChanged]) -> bool:
        """Take back what the blocks after `to` did; `solvers` stand as the chain has them now.

        False, with nothing written, when the cursor is not at `since` any more.
        """
        ...


class Expiry(Protocol):
    """Ends what no block can fill any more."""

    def expire(self, limit: int) -> int:
        """Expire up to `limit` intents whose deadline lies before the indexed block's time. Returns how many."""
        ...


@dataclass(frozen=True, slots=True)
class PricedGas:
    """Gas in tokens, each amount in the token's smallest unit, as of a block."""

    block_number: int
    fees: Mapping[Address, int]


class PriceSource(Protocol):
    """What gas costs, in tokens. Raises `ChainUnavailable` when no endpoint answers in time."""

    def gas_fees(self, gas: int) -> PricedGas:
        """The price of `gas` units in each of the venue's tokens, by the best known pool; without those it lacks."""
        ...


class TokenStore(Protocol):
    """The tokens that the venue trades."""

    def put(self, tokens: Sequence[Token], priced: PricedGas) -> None:
        """Write the list, and the prices where there are any."""
        ...


@dataclass(frozen=True, slots=True)
class SignedBytes:
    """A signed transaction: the bytes that go out, and the name under which the chain knows them."""

    hash: Hash32
    raw: HexBytes


@dataclass(frozen=True, slots=True)
class Lane:
    """A submitter key that this process holds for now. A write under an older `token` is refused."""

    address: Address
    token: int
    next_nonce: int


class LaneStore(Protocol):
    """Who may send from a submitter key."""

    def claim(self, address: Address, owner: str, lease_s: int) -> Lane | None:
        """Hold the lane for `lease_s` seconds; None while somebody else does, or before `open`."""
        ...

    def open(self, address: Address, next_nonce: int) -> None:
        """Begin a lane at this account nonce, unless it was begun before."""
        ...

    def release(self, lane: Lane) -> None:
        """Let go before the lease ends."""
        ...


class SettlementStore(Protocol):
    """Settlements from the award to the last word of the chain."""

    def due_awards(self, limit: int) -> list[Bundle]:
        """Signed awards that no settlement carries yet, the oldest first."""
        ...

    def lapse(self, bids: Sequence[Hash32]) -> int:
        """Awards that can no longer be mined in time: their intents are open again."""
        ...

    def reserve(self, lane: Lane, bids: Sequence[Hash32], calldata: bytes, gas_limit: int) -> bool:
        """Take the lane's next nonce for these bids. False, with nothing written, when lane or awards have moved on."""
        ...

    def unsent(self, lane: Address) -> list[Settlement]:
        """What was reserved or signed and never broadcast, in the order of the nonces."""
        ...

    def add_attempt(self, settlement: int, n: int, signed: SignedBytes, fees: Fees) -> bool:
        """Store the bytes before they go out. False when there is an attempt `n` already."""
        ...

    def mark_broadcast(self, settlement: int, n: int) -> None:
        """The bytes are with a node."""
        ...

    def claim_due(self, limit: int, lease_s: int) -> list[Settlement]:
        """Settlements to look after now; nobody else looks at them for `lease_s` seconds."""
        ...

    def mark_mined(self, receipts: Mapping[int, Receipt]) -> None:
        """By their ids, each with the receipt of the attempt that was mined."""
        ...

    def mark_final(self, receipts: Mapping[int, Receipt]) -> None: ...

    def look_again(self, settlements: Sequence[int]) -> None:
        """Not mined (any more): look again in a second."""
        ...

    def end_unfilled(self, settlement: int, state: Literal["failed", "replaced"]) -> int:
        """It will never fill. Intents that are still waiting for it are open again; returns how many."""
        ...


class Sender(Protocol):
    """Builds, signs and sends settle transactions. Raises `ChainUnavailable` when no endpoint answers in time."""

    @property
    def address(self) -> Address:
        """The submitter's account."""
        ...

    def nonce(self) -> int:
        """The account's next nonce by the latest block."""
        ...

    def final_nonce(self) -> int:
        """The same by the final block."""
        ...

    def cost(self, bundle: Bundle) -> BundleCost:
        """What one bundle takes of a transaction."""
        ...

    def encode(self, bundles: Sequence[Bundle]) -> HexBytes:
        """The calldata of settle(bundles)."""
        ...

    def suggested_fees(self) -> Fees: ...

    def sign(self, settlement: Settlement, fees: Fees) -> SignedBytes:
        """The same settlement and fees give the same bytes."""
        ...

    def broadcast(self, raw: bytes) -> str | None:
        """Hand the bytes to a node. None when it has them, also from before; otherwise why it refused them."""
        ...

    def receipts(self, attempts: Sequence[Hash32]) -> list[Receipt | None]: ...

    def final_block(self) -> int: ...


# Events, from the outbox to the streams.


class EventStore(Protocol):
    """The numbered events."""

    def publish(self, limit: int) -> list[Published] | None:
        """Number up to `limit` committed changes, in their order. None while another publisher is at it."""
        ...

    def head(self) -> StreamHead:
        """The newest number."""
        ...

    def since(self, number: int, limit: int) -> list[Published]:
        """The events behind `number`, in order."""
        ...

    def heard_by(self, interest: Interest, after: int, upto: int, limit: int) -> list[Published]:
        """Those behind `after`, up to `upto`, that `interest` hears, in order."""
        ...

    def open_auctions(self, upto: int, limit: int) -> list[Published]:
        """The openings, up to `upto`, of the auctions that take bids now, the newest first."""
        ...


class LivePush(Protocol):
    """Tells the stream servers at once. Losing one costs latency: they read the events again by number."""

    def push(self, events: Sequence[Published]) -> None:
        """Never raises, never blocks for long."""
        ...


class SigningKeys(Protocol):
    """Who signs for a solver."""

    def signing_key(self, solver: Address) -> Address | None:
        """None for an account that is not registered."""
        ...
