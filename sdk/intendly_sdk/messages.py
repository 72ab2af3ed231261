"""The wire messages, the same classes on both sides. Unknown fields are refused; amounts are decimal strings."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema, model_validator

from intendly_sdk import typed_data
from intendly_sdk.keccak import keccak
from intendly_sdk.primitives import (
    ZERO_ADDRESS,
    ZERO_HASH,
    Address,
    Bps,
    Hash32,
    HexBytes,
    Uint256,
    UnixSeconds,
    Whole,
)
from intendly_sdk.typed_data import Domain

MAX_DATA_BYTES = 16_384
MAX_SIGNATURE_BYTES = 2_048
MAX_LEGS = 8


class Message(BaseModel):
    """A frozen message that refuses fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")


class Intent(Message):
    """What a swapper wants, all of it signed: at least `min_amount_out` of `token_out` at `receiver`, by `deadline`.

    Amounts are in the token's smallest unit; times are unix seconds of block time.
    """

    chain_id: Annotated[int, Field(strict=True, ge=1, le=2**53 - 1), Whole]
    spender: Address = Field(description="Settlement's address")
    swapper: Address
    token_in: Address
    amount_in: Uint256
    token_out: Address
    min_amount_out: Uint256
    receiver: Address
    nonce: Uint256 = Field(description="Permit2's unordered nonce")
    deadline: UnixSeconds
    valid_from: UnixSeconds = 0
    open_after: UnixSeconds = Field(description="after it anyone may fill; the deadline means never")
    partner: Address = ZERO_ADDRESS
    partner_fee_bps: Bps = 0
    app_data: Hash32 = ZERO_HASH

    @property
    def hash(self) -> Hash32:
        """intent_hash: the EIP-712 digest that the swapper signs (Permit2's domain)."""
        return typed_data.intent_hash(self)


Signature = Annotated[
    HexBytes,
    Field(max_length=MAX_SIGNATURE_BYTES),
    WithJsonSchema({"type": "string", "pattern": "^0x([0-9a-fA-F]{2})*$", "maxLength": 2 + 2 * MAX_SIGNATURE_BYTES}),
]
"""A swapper's: 65 or 64 bytes of ECDSA, or what a contract wallet takes (EIP-1271)."""


class SignedIntent(Message):
    """An intent with its swapper's signature over `intent.hash`."""

    intent: Intent
    signature: Signature


class Leg(Message):
    """One intent within a bid: `amount_out` reaches the receiver after `fee` was paid on top, both in token_out."""

    intent_hash: Hash32
    amount_out: Uint256
    fee: Uint256


class Bid(Message):
    """A solver's promise to fill the legs together or not at all (design: What is signed)."""

    legs: tuple[Leg, ...] = Field(min_length=1, max_length=MAX_LEGS)
    auction_id: Hash32
    solver: Address
    executor: Address
    valid_until: UnixSeconds
    call_data_hash: Hash32 = Field(description="keccak256 of the data handed to the executor")
    gas_limit: Annotated[int, Field(strict=True, ge=21_000, le=4_000_000), Whole] = Field(description="of the callback")
    penalty: Uint256 = 0

    def hash(self, domain: Domain) -> Hash32:
        """bid_hash: the EIP-712 digest that the solver signs (Settlement's domain)."""
        return typed_data.bid_hash(self, domain)


class SignedBid(Message):
    """A bid with the executor's calldata and the signature of the solver's registered key."""

    bid: Bid
    data: HexBytes = Field(
        default=HexBytes(),
        description="handed to the executor",
        json_schema_extra={"maxLength": 2 + 2 * MAX_DATA_BYTES},
    )
    signature: HexBytes

    @model_validator(mode="after")
    def _data_matches(self) -> Self:
        if len(self.data) > MAX_DATA_BYTES:
            raise ValueError(f"data: expected at most {MAX_DATA_BYTES} bytes")
        if keccak(self.data) != self.bid.call_data_hash:
            raise ValueError("call_data_hash: expected keccak256(data)")
        return self


class Award(Message):
    """Who won, signed by the auctioneer and checked on chain; void after `exclusive_until`."""

    bid_hash: Hash32
    transcript_root: Hash32
    exclusive_until: UnixSeconds


class Problem(BaseModel):
    """RFC 9457 problem details. `code` is stable; `errors` names each field at fault."""

    model_config = ConfigDict(frozen=True, extra="allow")

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: tuple[dict[str, Any], ...] = ()
    request_id: str = ""


class IntentState(StrEnum):
    """An intent's life (design: An intent's life)."""

    OPEN = "open"
    AWARDED = "awarded"
    SUBMITTED = "submitted"
    SETTLED = "settled"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class AuctionState(StrEnum):
    """An auction takes bids while `open`; `closing` means that its winner is being decided."""

    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"


class BidFate(StrEnum):
    """What became of a bid. `live` until the close."""

    LIVE = "live"
    WON = "won"
    LOST = "lost"
    BELOW_MINIMUM = "below_minimum"
    INELIGIBLE = "ineligible"


class AuctionIntent(Message):
    """An intent as solvers see it: without its signature, with the fee that a bid must carry."""

    intent_hash: Hash32
    intent: Intent
    fee: Uint256 = Field(description="in token_out, on top of amount_out; sign exactly this in the bid's leg")


class AuctionOpened(Message):
    """A sealed auction that takes bids now. `ms_left` is counted from `server_time` (unix milliseconds)."""

    auction_id: Hash32
    intents: tuple[AuctionIntent, ...]
    opened_at: int = Field(description="unix milliseconds, the server's clock")
    closes_at: int = Field(description="unix milliseconds, the server's clock")
    secret_hash: Hash32 = Field(description="commits to the secret that breaks ties")
    server_time: int
    ms_left: int


class QuoteAsk(Message):
    """What a solver is asked for an indication of: nothing is signed, and nobody is bound by the answer."""

    token_in: Address
    amount_in: Uint256
    token_out: Address


class QuoteAnswer(Message):
    """A solver's indication."""

    amount: Uint256 | None = Field(
        default=None, description="of token_out that it would pay in all, the receiver's and the fee; null declines"
    )


class BidRequest(Message):
    """What the venue POSTs to a solver's endpoint: every auction that is open to it, in one request.

    Or what traders ask for quotes of, with no auction; a solver that does not know `quotes` may refuse those.
    """

    auctions: tuple[AuctionOpened, ...]
    quotes: tuple[QuoteAsk, ...] = Field(default=(), max_length=100, exclude_if=lambda quotes: not quotes)


class BidResponse(Message):
    """A solver's answer. An auction without a bid in it is declined; `quotes` are in the order of the request's."""

    bids: tuple[SignedBid, ...] = Field(max_length=1_000)
    quotes: tuple[QuoteAnswer, ...] = Field(default=(), max_length=100, exclude_if=lambda quotes: not quotes)


class BidAccepted(Message):
    """The answer to a bid: it is in the auction, until another of the same solver replaces it."""

    bid_hash: Hash32
    auction_id: Hash32
    created: bool = Field(description="false when the same bid was in already")


class Receipt(Message):
    """The answer to POST /intents: the intent is committed.

    `signature` is the venue's (GET /config names its `receipt_signer`) over the EIP-712 struct IntentReceipt, under
    Settlement's domain: with it a swapper proves that an intent was accepted and when.
    """

    intent_hash: Hash32
    state: IntentState
    created: bool = Field(description="false when the same intent was accepted before")
    accepted_at: UnixSeconds = Field(description="when it was committed, by the database's clock")
    auction_id: Hash32 = Field(description="its first auction, which opens at valid_from or at once")
    signature: HexBytes

    def digest(self, domain: Domain) -> Hash32:
        """What `signature` signs."""
        return typed_data.intent_receipt_digest(self.intent_hash, self.accepted_at, self.auction_id, domain)


class Cancel(Message):
    """The body of POST /intents/{hash}/cancel: the swapper's signature over the EIP-712 struct Cancel(intentHash)."""

    signature: Signature


class Call(Message):
    """A transaction that somebody may send: `value` in wei."""

    chain_id: int
    to: Address
    data: HexBytes
    value: Uint256 = 0


class CancelReceipt(Message):
    """The answer to a cancel: no award of this venue fills the intent after `not_after`.

    `signature` is the venue's (`receipt_signer`) over CancelReceipt(intentHash,notAfter). What the swapper signed stays
    valid on chain until its deadline: to make it void there too, at the price of gas, send `spend_nonce`.
    """

    intent_hash: Hash32
    state: IntentState
    not_after: UnixSeconds = Field(description="block time")
    signature: HexBytes
    exposure: str = Field(description="what can still happen with the signed intent, in words")
    spend_nonce: Call

    def digest(self, domain: Domain) -> Hash32:
        """What `signature` signs."""
        return typed_data.cancel_receipt_digest(self.intent_hash, self.not_after, domain)


class FillView(Message):
    """A fill as the chain tells it."""

    bid_hash: Hash32
    solver: Address
    amount_out: Uint256
    fee: Uint256
    tx_hash: Hash32
    block_number: int
    block_hash: Hash32
    confirmations: int
    final: bool


class IntentView(Message):
    """GET /intents/{hash}: the intent, where it stands, and its fill when there is one. Never its signature."""

    intent_hash: Hash32
    intent: Intent
    state: IntentState
    version: int
    created_at: int = Field(description="unix milliseconds")
    auction_id: Hash32 | None = None
    fill: FillView | None = None


class IntentPage(Message):
    """One page of GET /intents, newest first. `next` is the cursor of the next one."""

    intents: tuple[IntentView, ...]
    next: str | None = None


class IntentStatus(Message):
    """GET /intents/{hash}/status: the state and, in words, why the intent is not filled."""

    intent_hash: Hash32
    state: IntentState
    reason: str = Field(description="a stable code")
    detail: str = Field(description="the same in words")
    best_amount_out: Uint256 | None = Field(default=None, description="of the last closed auction's bids")
    attempts: int = Field(description="auctions held so far")
    next_auction_at: int | None = Field(default=None, description="unix milliseconds")


class AuctionBid(Message):
    """A bid as anyone may see it after the close. The calldata of a loser is never shown."""

    bid_hash: Hash32
    bid: Bid
    signature: HexBytes
    received_at: int
    fate: BidFate
    fate_detail: str = ""


class RosterAnswer(Message):
    """What a solver on an auction's roster answered: `bid`, `declined`, `failed`, null where it did not in time.

    `refusal` says of one that failed what was wrong: its bid's code (docs/errors.md), or `not_asked`, `no_answer`,
    `not_a_bid_response`, `not_its_bids`. A later bid that was taken stands in its place.
    """

    solver: Address
    answer: Literal["bid", "declined", "failed"] | None = None
    refusal: str | None = None


class AuctionView(Message):
    """GET /auctions/{id}. Bids, seed and secret stay hidden until the close."""

    auction_id: Hash32
    state: AuctionState
    intents: tuple[AuctionIntent, ...]
    roster: tuple[Address, ...]
    answers: tuple[RosterAnswer, ...] = Field(default=(), description="once it is closed, in the roster's order")
    opened_at: int
    closes_at: int
    closed_at: int | None = None
    secret_hash: Hash32
    secret: Hash32 | None = None
    winner: Hash32 | None = Field(default=None, description="the winning bid's hash")
    bids: tuple[AuctionBid, ...] = ()


class TokenView(Message):
    """A token that the venue trades. `gas_fee` is what one fill's gas costs in it, in its smallest unit."""

    address: Address
    symbol: str
    name: str
    decimals: int
    gas_fee: Uint256 | None = None


class ConfigView(Message):
    """GET /config: what a client must know to sign, and the limits that it is held to."""

    chain_id: int
    settlement: Address
    registry: Address
    permit2: Address
    wrapped_native: Address
    domain: dict[str, Any] = Field(description="Settlement's EIP-712 domain")
    permit2_domain: dict[str, Any]
    intent_types: dict[str, Any] = Field(description="the EIP-712 types of what the swapper signs")
    house_fee_bps: int
    max_fee_bps: int
    max_partner_fee_bps: int
    auction_window_ms: int
    auction_min_ms: int
    award_validity_s: int
    deadline_max_s: int
    open_intents_max: int
    body_max_bytes: int
    batch_max: int = Field(description="members of one POST /intents/batch, and of a list at POST /bids")
    batch_body_max_bytes: int
    receipt_signer: Address = Field(description="signs the receipts of intents and cancels")
    stream_url: str
    paused: str | None = Field(default=None, description="why nothing new is taken now, in the operator's words")


class EventKind(StrEnum):
    """Every event that the stream carries."""

    INTENT_ACCEPTED = "intent.accepted"
    INTENT_AWARDED = "intent.awarded"
    INTENT_SUBMITTED = "intent.submitted"
    INTENT_SETTLED = "intent.settled"
    INTENT_FINAL = "intent.final"
    INTENT_REOPENED = "intent.reopened"
    INTENT_UNFILLED = "intent.unfilled"
    INTENT_EXPIRED = "intent.expired"
    INTENT_CANCELLED = "intent.cancelled"
    AUCTION_OPENED = "auction.opened"
    AUCTION_CLOSED = "auction.closed"
    BID_DECIDED = "bid.decided"
    FILL_FAILED = "fill.failed"
    SOLVER_CHANGED = "solver.changed"


class Event(Message):
    """One numbered change. `cursor` is `epoch-number`: hand it back as `after` to resume behind it."""

    type: Literal["event"] = "event"
    cursor: str = Field(pattern=r"^[0-9]+-[0-9]+$")
    kind: EventKind
    at: int = Field(description="unix milliseconds of the change's commit")
    intent_hash: Hash32 | None = None
    auction_id: Hash32 | None = None
    swapper: Address | None = None
    solver: Address | None = Field(default=None, description="set: told to this solver only")
    data: dict[str, Any] = Field(default_factory=dict)
    server_time: int | None = Field(default=None, description="unix milliseconds at sending (auction messages)")
    ms_left: int | None = Field(default=None, description="until the close (auction messages)")


class IntentOutcome(Message):
    """What became of one member of a batch: its receipt, or the problem that it would have got alone."""

    receipt: Receipt | None = None
    problem: Problem | None = None


class IntentOutcomes(Message):
    """The answer to POST /intents/batch, in the order of the members."""

    outcomes: tuple[IntentOutcome, ...]


class BidOutcome(Message):
    """What became of one of several bids."""

    accepted: BidAccepted | None = None
    problem: Problem | None = None


class BidOutcomes(Message):
    """The answer to POST /bids with a list, in its order."""

    outcomes: tuple[BidOutcome, ...]


class QuoteRequest(Message):
    """The body of POST /quotes. Amounts in the token's smallest unit, `ttl_s` in seconds."""

    swapper: Address
    token_in: Address
    amount_in: Uint256
    token_out: Address
    receiver: Address | None = Field(default=None, description="the swapper where it is left out")
    slippage_bps: Annotated[int, Field(strict=True, ge=0, le=5_000), Whole] = 50
    ttl_s: Annotated[int, Field(strict=True, ge=10, le=86_400), Whole] = Field(
        default=600, description="from now to the suggested intent's deadline"
    )


class QuoteKind(StrEnum):
    """Who says what an amount would yield."""

    POOLS = "pools"
    SOLVER = "solver"


class QuoteSource(Message):
    """One indication. `amount_out` is what the receiver would get, after the fee; nobody is bound by it."""

    kind: QuoteKind
    solver: Address | None = None
    amount_out: Uint256
    age_ms: int = Field(ge=0, description="how old it is at the answer")
    block_number: int | None = Field(default=None, description="of the pools' state")


class Permit2Standing(Message):
    """Whether Permit2 may take the input, and what gives it that leave: either of `approve` and `permit` is enough.

    `permit` is the typed data of an EIP-2612 permit of the token, for eth_signTypedData_v4, where the token has one;
    whoever has its signature may send it to the token.
    """

    balance: Uint256
    allowance: Uint256
    is_enough: bool
    approve: Call | None = None
    permit: dict[str, Any] | None = None


class QuoteView(Message):
    """The answer to POST /quotes: what the solvers and pools would give now, and an intent that asks for it.

    `intent` is unsigned; `typed_data` is the same for eth_signTypedData_v4. Sign it, POST both to /intents.
    """

    amount_out: Uint256 = Field(description="the best indication: what the receiver would get, after the fee")
    min_amount_out: Uint256 = Field(description="amount_out less slippage_bps; what the intent asks for")
    fee: Uint256 = Field(description="in token_out, on top of amount_out")
    sources: tuple[QuoteSource, ...] = Field(description="the best first")
    permit2: Permit2Standing
    warnings: tuple[str, ...] = Field(default=(), description="what would keep the intent from being filled, in words")
    intent_hash: Hash32
    intent: Intent
    typed_data: dict[str, Any]


class SolverView(Message):
    """A registered solver, as the indexed registry has it."""

    address: Address
    signing_key: Address
    active: bool
    asked_over: Literal["http", "stream"]


class SolverPage(Message):
    """One page of GET /solvers, by address. `next` is the cursor of the next one."""

    solvers: tuple[SolverView, ...]
    next: Address | None = None
