"""The market maker against real feeds and its real inventory."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest
from intendly_sdk.keccak import keccak
from intendly_sdk.messages import QuoteAsk
from intendly_sdk.primitives import Address
from intendly_sdk.signatures import Signer

from solvers.chain_calls import ChainCalls
from solvers.enrolment import Enrolment
from solvers.market_maker import MarketMaker
from solvers.markets import Markets
from solvers.oracle import Oracle
from tests.integration.solvers.local_chain import CONTRACTS, FEE, LocalChain

pytestmark = pytest.mark.integration
_KEY = keccak(b"maker")
_MAX_AGE = 3_600
_numbers = count(1)


@pytest.fixture(scope="module")
def executor(chain: LocalChain, calls: ChainCalls, tmp_path_factory: pytest.TempPathFactory) -> Address:
    """Deployed as at the first start, and given what the wallet holds: 10 WETH and 30,000 USDC."""
    solver = Signer(_KEY).address
    chain.give_coins(solver)
    chain.give(chain.weth, solver, 10 * 10**18)
    chain.give(chain.usdc, solver, 30_000 * 10**6)
    out, folder = CONTRACTS / "out", tmp_path_factory.mktemp("maker")
    enrolment = Enrolment(chain.rpc_url, _KEY.hex(), chain.config, calls, out, folder)
    found = enrolment.executor("InventoryExecutor", None, {})
    enrolment.fund(found, {"WETH": Address(chain.weth.address), "USDC": Address(chain.usdc.address)})
    assert chain.usdc.functions.balanceOf(found.checksum).call() == 30_000 * 10**6
    enrolment.register("http://127.0.0.1:1/bids")
    enrolment.register("http://127.0.0.1:2/bids")
    assert chain.registry.functions.solverInfo(solver.checksum).call()[2] == "http://127.0.0.1:2/bids"
    return found


@pytest.fixture
def maker(chain: LocalChain, markets: Markets, calls: ChainCalls, executor: Address) -> MarketMaker:
    return MarketMaker(
        Signer(_KEY),
        chain.config,
        executor,
        Oracle(calls, executor, kept_s=0),
        markets,
        spread_bps=10,
        price_max_age_s=_MAX_AGE,
    )


@pytest.fixture
def ask(chain: LocalChain, maker: MarketMaker) -> Callable[..., int | None]:
    """What the maker offers for WETH in USDC; None when it declines."""

    def offered(amount_in: int = 10**18, bought: str = "usdc", minimum: int = 1) -> int | None:
        auction = chain.auction(next(_numbers), chain.weth, amount_in, getattr(chain, bought), minimum)
        signed = maker.answer(auction)
        return None if signed is None else signed.bid.legs[0].amount_out

    return offered


def _less_spread(gross: int) -> int:
    return gross * 9_990 // 10_000 - FEE


@pytest.mark.parametrize(("sold", "amount", "bought"), [("weth", 10**18, "usdc"), ("usdc", 3_000 * 10**6, "weth")])
def test_it_fills_from_what_it_holds(
    chain: LocalChain, maker: MarketMaker, sold: str, amount: int, bought: str
) -> None:
    auction = chain.auction(next(_numbers), getattr(chain, sold), amount, getattr(chain, bought))
    signed = maker.answer(auction)
    assert signed is not None
    gross = 3_000 * 10**6 if bought == "usdc" else 10**18
    assert chain.fill(auction, signed) == signed.bid.legs[0].amount_out == _less_spread(gross)


def test_bids_follow_the_oracle_and_not_the_pools(chain: LocalChain, ask: Callable[..., int | None]) -> None:
    feed = chain.feeds["WETH"].functions
    assert ask() == _less_spread(3_000 * 10**6)
    chain.do(feed.setPrice(3_300 * 10**8))
    assert ask() == _less_spread(3_300 * 10**6)
    chain.do(feed.setPrice(2_900 * 10**8))
    assert ask() == _less_spread(2_900 * 10**6)
    chain.do(feed.setPrice(3_000 * 10**8))


def test_a_stale_price_declines_and_a_fresh_one_bids_again(chain: LocalChain, ask: Callable[..., int | None]) -> None:
    feed = chain.feeds["WETH"].functions
    now = chain.w3.eth.get_block("latest")["timestamp"]
    chain.do(feed.setPriceAt(3_000 * 10**8, now - _MAX_AGE - 60))
    assert ask() is None
    chain.do(feed.setPrice(0))
    assert ask() is None
    chain.do(feed.setPrice(3_000 * 10**8))
    assert ask() == _less_spread(3_000 * 10**6)


def test_what_is_promised_is_never_more_than_what_is_held(
    chain: LocalChain, executor: Address, ask: Callable[..., int | None]
) -> None:
    held = chain.usdc.functions.balanceOf(executor.checksum).call()
    offers = [ask(10**18) for _ in range(20)]
    made = [offer for offer in offers if offer is not None]
    assert sum(offer + FEE for offer in made) <= held
    assert len(made) == held // (_less_spread(3_000 * 10**6) + FEE) < 20


def test_a_bid_below_the_minimum_holds_nothing_back(ask: Callable[..., int | None]) -> None:
    assert all(ask(5 * 10**18, minimum=10**12) for _ in range(5))
    assert ask(5 * 10**18) is not None


def test_auctions_that_come_together_are_priced_from_one_reading(
    chain: LocalChain, markets: Markets, calls: ChainCalls, executor: Address
) -> None:
    feed, oracle, at_once = chain.feeds["WETH"].functions, Oracle(calls, executor, 60), Oracle(calls, executor, 0)
    weth, usdc = (markets.by_address[Address(token.address)] for token in (chain.weth, chain.usdc))
    first, of_now = oracle.read(weth, usdc), at_once.read(weth, usdc)
    assert first == of_now
    chain.do(feed.setPrice(3_300 * 10**8))
    assert oracle.read(weth, usdc) is first
    later = at_once.read(weth, usdc)
    assert later is not None
    assert later.price_in is not None
    assert later.price_in.answer == 3_300 * 10**8
    chain.do(feed.setPrice(3_000 * 10**8))


def test_it_declines_a_token_without_a_feed(ask: Callable[..., int | None]) -> None:
    assert ask(bought="okb") is None
    assert ask(bought="registry") is None


def test_it_declines_what_it_does_not_hold(ask: Callable[..., int | None]) -> None:
    assert ask(bought="dai") is None


def test_it_quotes_what_it_would_offer_and_promises_nothing_by_that(
    chain: LocalChain, maker: MarketMaker, ask: Callable[..., int | None]
) -> None:
    wanted = QuoteAsk(token_in=Address(chain.weth.address), amount_in=10**18, token_out=Address(chain.usdc.address))
    quoted = maker.quote(wanted)
    assert quoted == 3_000 * 10**6 * 9_990 // 10_000
    held = chain.usdc.functions.balanceOf(maker._executor.checksum).call()
    most = held // quoted
    for _ in range(most + 3):
        assert maker.quote(wanted) == quoted
    for _ in range(most):
        assert ask() == quoted - FEE
    assert maker.quote(wanted) is None, "its bids have promised all that it holds"
    assert maker.quote(wanted.model_copy(update={"token_out": Address(b"\x0f" * 20)})) is None
