"""A solver that fills from its own inventory and is asked over HTTP: `python -m solvers.market_maker`."""

from __future__ import annotations

from dataclasses import dataclass

from intendly_sdk.http_solver import HttpSolver
from intendly_sdk.messages import AuctionOpened, ConfigView, QuoteAsk
from intendly_sdk.primitives import ZERO_HASH, Address
from intendly_sdk.signatures import Signer
from intendly_sdk.solver import Offer, Solver

from solvers.live_bids import LiveBids
from solvers.markets import Markets, Token
from solvers.oracle import Facts, Oracle
from solvers.pricing import after_costs, fair_amount_out
from solvers.process import Runner, main, stand
from solvers.settings import MarketMakerSettings, load

AT_ONCE = 1_000
"""Auctions that may wait for their price: it takes hardly longer than a signature, so that many can be had in time."""
CALLBACK_GAS = 120_000
"""InventoryExecutor only approves what it owes."""


@dataclass(frozen=True, slots=True)
class Priced:
    """What the receiver would get, and what the executor holds; both in token_out's smallest unit."""

    amount_out: int
    held: int


class MarketMaker(Solver):
    """Offers the oracle's price less a spread and the fee, as far as the inventory goes."""

    def __init__(
        self,
        signer: Signer,
        config: ConfigView,
        executor: Address,
        oracle: Oracle,
        markets: Markets,
        *,
        spread_bps: int,
        price_max_age_s: int,
    ) -> None:
        super().__init__(signer, config)
        self._executor = executor
        self._oracle = oracle
        self._markets = markets
        self._spread_bps = spread_bps
        self._max_age = price_max_age_s
        self._live: LiveBids[Address] = LiveBids()

    def price(self, auction: AuctionOpened) -> Offer | None:
        """Declines a bundle, a token without a good price, and what the inventory does not hold."""
        if len(auction.intents) != 1:
            return None
        (asked,) = auction.intents
        intent = asked.intent
        priced = self._priced(intent.token_in, intent.amount_in, intent.token_out, asked.fee)
        if priced is None or not self._can_pay(auction, priced.amount_out, asked.fee, priced.held):
            return None
        return Offer(amounts_out=(priced.amount_out,), executor=self._executor, data=b"", gas_limit=CALLBACK_GAS)

    def quote(self, ask: QuoteAsk) -> int | None:
        """Declines as `price` does; promises nothing, and no more than what the live bids leave of the inventory."""
        priced = self._priced(ask.token_in, ask.amount_in, ask.token_out, fee=0)
        if priced is None:
            return None
        free = priced.held - self._live.promised(ZERO_HASH).get(ask.token_out, 0)
        return priced.amount_out if priced.amount_out <= free else None

    def _priced(self, token_in: Address, amount_in: int, token_out: Address, fee: int) -> Priced | None:
        known_in, known_out = (self._markets.by_address.get(token) for token in (token_in, token_out))
        facts = self._oracle.read(known_in, known_out) if known_in and known_out else None
        if known_in is None or known_out is None or facts is None:
            return None
        amount_out = self._amount_out(amount_in, known_in, known_out, facts, fee)
        return None if amount_out is None else Priced(amount_out, facts.held)

    def _amount_out(self, amount_in: int, token_in: Token, token_out: Token, facts: Facts, fee: int) -> int | None:
        price_in, price_out, now = facts.price_in, facts.price_out, facts.block_time
        if price_in is None or price_out is None:
            return None
        if not (price_in.is_good(now, self._max_age) and price_out.is_good(now, self._max_age)):
            return None
        fair = fair_amount_out(amount_in, price_in, token_in.decimals, price_out, token_out.decimals)
        return after_costs(fair, self._spread_bps, fee)

    def _can_pay(self, auction: AuctionOpened, amount_out: int, fee: int, held: int) -> bool:
        intent = auction.intents[0].intent
        if amount_out < intent.min_amount_out:
            # It can't win, so it promises nothing; its amount tells the swapper how far off the market is.
            return True
        token = intent.token_out
        return self._live.put_within(
            auction.auction_id, {token: amount_out + fee}, {token: held}, self.valid_until(auction)
        )


def start() -> Runner:
    """Enrol with its executor and inventory, then serve."""
    settings = load(MarketMakerSettings)
    ground = stand(settings)
    executor = ground.enrolment.executor("InventoryExecutor", settings.executor_address, {})
    if settings.fund_from_wallet:
        ground.enrolment.fund(executor, {token.symbol: token.address for token in ground.markets.tokens})
    solver = MarketMaker(
        ground.signer,
        ground.config,
        executor,
        Oracle(ground.calls, executor),
        ground.markets,
        spread_bps=settings.spread_bps,
        price_max_age_s=settings.price_max_age_s,
    )
    api_url = settings.intendly_api_url
    runner = HttpSolver(solver, host=settings.listen_host, port=settings.listen_port, backlog=AT_ONCE, api_url=api_url)
    # Only once the port is ours does the registry send anyone to it.
    ground.enrolment.register(settings.solver_endpoint or f"http://{settings.listen_host}:{runner.port}/bids")
    return runner


if __name__ == "__main__":
    main(start)
