"""What each endpoint takes and answers: the one place where an endpoint is described (docs/adr/0010-openapi.md).

The document adds what every operation shares: the headers, and the problems of the framework and of limits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from intendly_sdk.messages import (
    AuctionView,
    BidAccepted,
    BidOutcomes,
    Cancel,
    CancelReceipt,
    ConfigView,
    IntentOutcomes,
    IntentPage,
    IntentStatus,
    IntentView,
    QuoteRequest,
    QuoteView,
    Receipt,
    SignedBid,
    SignedIntent,
    SolverPage,
    SolverView,
)
from intendly_sdk.primitives import Address, Hash32
from pydantic import BaseModel

from intendly.domain.errors import (
    AmountInvalid,
    AuctionClosed,
    AwardLive,
    BidInvalid,
    ChainUnavailable,
    DeadlinePassed,
    DeadlineTooFar,
    IntentEnded,
    IntentTooSmall,
    NonceSpent,
    NoQuote,
    NotFound,
    PartnerInvalid,
    Paused,
    ReceiverInvalid,
    SameToken,
    SignatureInvalid,
    SolverUnknown,
    TimesInvalid,
    TokenUnknown,
    TooManyOpenIntents,
    VenueError,
    WrongChain,
    WrongSpender,
)
from web import intents, solvers
from web.tokens import Tokens


@dataclass(frozen=True)
class Body:
    """A request's body: `one` message, or several, each checked by itself, so that the list takes any member.

    `several` come as a bare list, or in the field `within`.
    """

    one: type[BaseModel] | None = None
    several: type[BaseModel] | None = None
    within: str = ""


@dataclass(frozen=True)
class Link:
    """What an answer leads to: the operation `to`, whose parameter is what the runtime expression `value` finds."""

    to: str
    parameter: str
    value: str


@dataclass(frozen=True)
class Operation:
    """`answers`: status to what it means and the message; `links` are those of its first answer."""

    answers: Mapping[int, tuple[str, tuple[type[BaseModel], ...]]]
    body: Body | None = None
    query: type[BaseModel] | None = None
    problems: tuple[type[VenueError], ...] = ()
    links: tuple[Link, ...] = field(default=())


PATH: Final[Mapping[str, type[Hash32 | Address]]] = {"intent_hash": Hash32, "auction_id": Hash32, "solver": Address}
"""The parts of paths, by name."""

_BY_INTENT: Final = (
    Link("intents.find", "intent_hash", "$response.body#/intent_hash"),
    Link("intents.status", "intent_hash", "$response.body#/intent_hash"),
    Link("intents.cancel", "intent_hash", "$response.body#/intent_hash"),
)
_BY_AUCTION: Final = (Link("auctions.find", "auction_id", "$response.body#/auction_id"),)

_OF_A_TRADE: Final = (AmountInvalid, SameToken, TokenUnknown, ReceiverInvalid, IntentTooSmall)

OPERATIONS: Final[Mapping[str, Operation]] = {
    "intents.submit": Operation(
        body=Body(SignedIntent),
        answers={202: ("Committed now", (Receipt,)), 200: ("Accepted before, in whatever state it is now", (Receipt,))},
        problems=(
            *_OF_A_TRADE,
            WrongChain,
            WrongSpender,
            PartnerInvalid,
            DeadlinePassed,
            DeadlineTooFar,
            TimesInvalid,
            SignatureInvalid,
            NonceSpent,
            TooManyOpenIntents,
            ChainUnavailable,
            Paused,
        ),
        links=(*_BY_INTENT, *_BY_AUCTION, Link("intents.page", "swapper", "$request.body#/intent/swapper")),
    ),
    "intents.submit_batch": Operation(
        body=Body(several=SignedIntent, within="intents"),
        answers={200: ("Each member's outcome, in order", (IntentOutcomes,))},
        problems=(Paused,),
    ),
    "intents.cancel": Operation(
        body=Body(Cancel),
        answers={200: ("Cancelled, now or before", (CancelReceipt,))},
        problems=(NotFound, SignatureInvalid, AwardLive, IntentEnded, ChainUnavailable),
        links=_BY_INTENT[:2],
    ),
    "intents.page": Operation(query=intents.PageQuery, answers={200: ("A page", (IntentPage,))}),
    "intents.find": Operation(
        answers={200: ("The intent", (IntentView,))}, problems=(NotFound,), links=(*_BY_INTENT[1:], *_BY_AUCTION)
    ),
    "intents.status": Operation(answers={200: ("How it stands", (IntentStatus,))}, problems=(NotFound,)),
    "quotes.quote": Operation(
        body=Body(QuoteRequest),
        answers={200: ("What it would yield, and the intent to sign", (QuoteView,))},
        problems=(*_OF_A_TRADE, DeadlineTooFar, NoQuote, ChainUnavailable, Paused),
    ),
    "bids.place": Operation(
        body=Body(SignedBid, several=SignedBid),
        answers={
            202: ("In now, in the place of the solver's last", (BidAccepted,)),
            200: ("It was in before; of a list, each member's outcome, in order", (BidAccepted, BidOutcomes)),
        },
        problems=(AuctionClosed, NotFound, SolverUnknown, SignatureInvalid, BidInvalid, Paused),
        links=(*_BY_AUCTION, Link("solvers.find", "solver", "$request.body#/bid/solver")),
    ),
    "auctions.find": Operation(answers={200: ("The auction", (AuctionView,))}, problems=(NotFound,)),
    "solvers.page": Operation(query=solvers.PageQuery, answers={200: ("A page", (SolverPage,))}),
    "solvers.find": Operation(answers={200: ("The solver", (SolverView,))}, problems=(NotFound,)),
    "config.describe": Operation(answers={200: ("The configuration", (ConfigView,))}),
    "tokens.listed": Operation(answers={200: ("The tokens", (Tokens,))}),
}
"""By endpoint, less the API's own name: blueprint and view."""
