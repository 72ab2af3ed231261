"""The solver's side, less its transport: a subclass prices auctions, this class builds and signs the bids.

Run it with `StreamSolver` (it connects to the venue) or `HttpSolver` (the venue asks it).
"""

from __future__ import annotations

import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from intendly_sdk.keccak import keccak
from intendly_sdk.messages import (
    AuctionIntent,
    AuctionOpened,
    Bid,
    ConfigView,
    Event,
    Intent,
    Leg,
    QuoteAnswer,
    QuoteAsk,
    SignedBid,
)
from intendly_sdk.primitives import UINT256_MAX, ZERO_ADDRESS, ZERO_HASH, Address, HexBytes
from intendly_sdk.signatures import Signer
from intendly_sdk.typed_data import Domain

Got = TypeVar("Got")
log = logging.getLogger("intendly_sdk.solver")


@dataclass(frozen=True, slots=True)
class Offer:
    """What a solver would do for an auction.

    `amounts_out` is what each intent's receiver gets, in the auction's order and in token_out's smallest unit;
    the executor must hold that plus the auction's fee after its callback. `data` is handed to the executor,
    whose callback gets `gas_limit`. `valid_for_s` counts from the close and is capped by the venue's
    `award_validity_s`; without it the offer is as good for as long as the venue lets it be.
    """

    amounts_out: tuple[int, ...]
    executor: Address
    data: bytes
    gas_limit: int
    valid_for_s: int | None = None


class Solver(ABC):
    """Subclass it and implement `price`.

    `signer` holds the key that the registry knows; `config` is the venue's (`VenueClient.config()`).
    `solver` is the address registered there; without one it is the signer's own.
    """

    def __init__(self, signer: Signer, config: ConfigView, *, solver: Address | None = None) -> None:
        self.signer = signer
        self.config = config
        self.solver = solver or signer.address
        self.domain = Domain(config.chain_id, config.settlement)

    @abstractmethod
    def price(self, auction: AuctionOpened) -> Offer | Awaitable[Offer | None] | None:
        """The best offer for the auction, or None to decline. Called from several threads.

        Answer at once: the auction closes early when everyone has bid or declined. It may be `async def`; then all of
        its calls are on one event loop, which must not be held up.
        """

    def quote(self, ask: QuoteAsk) -> int | Awaitable[int | None] | None:
        """What it would pay in all for `ask.amount_in`, in token_out's smallest unit, or None to decline.

        An indication for traders, asked over HTTP only; nothing is signed. Here it is what `price` offers in an
        auction without a fee, whose minimum nothing reaches, so that `price` sets nothing aside for it. Override it
        where `price` declines what is below the minimum. It may be `async def`.
        """
        offer = self.price(self._as_auction(ask))
        return _amount_later(offer) if isinstance(offer, Awaitable) else _amount(offer)

    def _as_auction(self, ask: QuoteAsk) -> AuctionOpened:
        now = int(time.time())
        intent = Intent(
            chain_id=self.config.chain_id,
            spender=self.config.settlement,
            swapper=ZERO_ADDRESS,
            token_in=ask.token_in,
            amount_in=ask.amount_in,
            token_out=ask.token_out,
            min_amount_out=UINT256_MAX,
            receiver=ZERO_ADDRESS,
            nonce=0,
            deadline=now + 600,
            open_after=now + 600,
        )
        return AuctionOpened(
            auction_id=ZERO_HASH,
            intents=(AuctionIntent(intent_hash=intent.hash, intent=intent, fee=0),),
            opened_at=now * 1000,
            closes_at=now * 1000 + self.config.auction_window_ms,
            secret_hash=ZERO_HASH,
            server_time=now * 1000,
            ms_left=self.config.auction_window_ms,
        )

    def valid_until(self, auction: AuctionOpened, valid_for_s: int | None = None) -> int:
        """The last second of block time at which a bid made now may be mined."""
        longest = self.config.award_validity_s
        return auction.closes_at // 1000 + (longest if valid_for_s is None else min(longest, valid_for_s))

    def heard(self, event: Event) -> None:  # noqa: B027
        """What became of a bid of this solver; docs/solvers.md has the kinds of events. Does nothing here."""

    def answer(self, auction: AuctionOpened) -> SignedBid | None:
        """The signed bid, or None to decline. A `price` that raises is logged and declines."""
        return _at_once(self.answer_async(auction))

    async def answer_async(self, auction: AuctionOpened) -> SignedBid | None:
        """`answer`, also where `price` is `async def`."""
        began = time.perf_counter()
        try:
            offer = self.price(auction)
            if isinstance(offer, Awaitable):
                offer = await offer
            bid = None if offer is None else sign_offer(offer, auction, self)
        except Exception:
            log.exception("auction.price_failed auction_id=%s", auction.auction_id)
            return None
        took_ms = (time.perf_counter() - began) * 1000
        amounts = ",".join(str(leg.amount_out) for leg in bid.bid.legs) if bid else ""
        log.info(
            "auction.answered auction_id=%s bid=%s amounts_out=%s ms_left=%d took_ms=%d",
            auction.auction_id,
            "yes" if bid else "no",
            amounts or "-",
            auction.ms_left - took_ms,
            took_ms,
        )
        return bid

    def answer_quote(self, ask: QuoteAsk) -> QuoteAnswer:
        """`quote`'s answer. One that raises is logged and declines."""
        return _at_once(self.answer_quote_async(ask))

    async def answer_quote_async(self, ask: QuoteAsk) -> QuoteAnswer:
        """`answer_quote`, also where `price` or `quote` is `async def`."""
        try:
            amount = self.quote(ask)
            if isinstance(amount, Awaitable):
                amount = await amount
            return QuoteAnswer(amount=amount)
        except Exception:
            log.exception("quote.price_failed token_in=%s token_out=%s", ask.token_in, ask.token_out)
            return QuoteAnswer()


def _at_once(answering: Coroutine[Any, Any, Got]) -> Got:
    """What the coroutine returns, which waits for nothing unless the solver is async."""
    try:
        answering.send(None)
    except StopIteration as done:
        answer: Got = done.value
        return answer
    answering.close()
    raise TypeError("this solver is async: await answer_async or answer_quote_async")


async def _amount_later(offer: Awaitable[Offer | None]) -> int | None:
    return _amount(await offer)


def _amount(offer: Offer | None) -> int | None:
    return None if offer is None else offer.amounts_out[0]


def sign_offer(offer: Offer, auction: AuctionOpened, solver: Solver) -> SignedBid:
    """The offer as a signed bid. Raises `ValueError` when it does not name one amount for each intent."""
    if len(offer.amounts_out) != len(auction.intents):
        raise ValueError(f"expected {len(auction.intents)} amounts, got {len(offer.amounts_out)}")
    bid = Bid(
        legs=tuple(
            Leg(intent_hash=asked.intent_hash, amount_out=amount, fee=asked.fee)
            for asked, amount in zip(auction.intents, offer.amounts_out, strict=True)
        ),
        auction_id=auction.auction_id,
        solver=solver.solver,
        executor=offer.executor,
        valid_until=solver.valid_until(auction, offer.valid_for_s),
        call_data_hash=HexBytes(keccak(offer.data)),
        gas_limit=offer.gas_limit,
    )
    signature = solver.signer.sign(bid.hash(solver.domain))
    return SignedBid(bid=bid, data=HexBytes(offer.data), signature=signature)
