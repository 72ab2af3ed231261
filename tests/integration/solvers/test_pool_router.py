"""The router against real pools: what it promises is what the chain then pays, to the unit."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from intendly_sdk.keccak import keccak
from intendly_sdk.messages import Event, EventKind, SignedBid
from intendly_sdk.primitives import Address
from intendly_sdk.signatures import Signer

from solvers.chain_calls import ChainCalls
from solvers.enrolment import Enrolment
from solvers.markets import Markets
from solvers.pool_router import PoolRouter
from solvers.pools import Pools
from solvers.quotes import PoolQuotes
from tests.integration.solvers.local_chain import CONTRACTS, FEE, LocalChain

pytestmark = pytest.mark.integration
_KEY = keccak(b"router")
_numbers = count(1)


@pytest.fixture(scope="module")
def executor(
    chain: LocalChain, markets: Markets, calls: ChainCalls, tmp_path_factory: pytest.TempPathFactory
) -> Address:
    """Deployed and registered as the solver does it at its first start."""
    chain.give_coins(Signer(_KEY).address)
    folder = tmp_path_factory.mktemp("router")
    routers = {"v2Router": markets.uniswap_v2.router, "v3Router": markets.uniswap_v3.router}

    def enrol(out: Path = CONTRACTS / "out") -> Address:
        enrolment = Enrolment(chain.rpc_url, _KEY.hex(), chain.config, calls, out, folder)
        found = enrolment.executor("PoolExecutor", None, routers)
        enrolment.register("")
        return found

    first = enrol()
    assert enrol() == first, "a second start finds what the first one deployed"
    assert chain.registry.functions.isRegistered(Signer(_KEY).address.checksum).call()
    return first


@pytest.fixture
def router(chain: LocalChain, markets: Markets, calls: ChainCalls, executor: Address) -> Callable[[int], PoolRouter]:
    """The router, with the given margin in basis points."""
    quotes = PoolQuotes(calls, markets, Pools(calls, markets, 30))
    return lambda margin: PoolRouter(Signer(_KEY), chain.config, executor, quotes, margin_bps=margin)


@pytest.fixture
def exact(router: Callable[[int], PoolRouter]) -> PoolRouter:
    """Without a margin: any unit that it is wrong by fails a fill."""
    return router(0)


def _swaps(signed: SignedBid) -> int:
    return (signed.bid.gas_limit - 90_000) // 170_000


@pytest.mark.parametrize(
    ("sold", "amount", "bought", "hops"),
    [
        ("weth", 10**18, "usdc", 1),
        ("weth", 200 * 10**18, "usdc", 3),
        ("usdc", 3_000 * 10**6, "weth", 1),
        ("okb", 100 * 10**18, "usdc", 2),
        ("dai", 1_000 * 10**18, "usdc", 2),
        ("usdc", 10**9, "okb", 2),
        ("okb", 100 * 10**18, "dai", 2),
    ],
)
def test_every_kind_of_route_pays_what_was_promised(
    chain: LocalChain, exact: PoolRouter, executor: Address, sold: str, amount: int, bought: str, hops: int
) -> None:
    token_out = getattr(chain, bought)
    auction = chain.auction(next(_numbers), getattr(chain, sold), amount, token_out)
    before = token_out.functions.balanceOf(executor.checksum).call()
    signed = exact.answer(auction)
    assert signed is not None
    assert _swaps(signed) == hops
    assert chain.fill(auction, signed) == signed.bid.legs[0].amount_out
    left = token_out.functions.balanceOf(executor.checksum).call() - before
    assert 0 <= left <= 10**6 * (token_out is not chain.usdc), "all that the route yields is paid out"


def test_a_bid_counts_what_its_own_other_bids_will_do_to_the_pools(
    chain: LocalChain, router: Callable[[int], PoolRouter]
) -> None:
    # Swapped one after another, each rounds down by itself: the margin is for a few units, not for the price.
    careful = router(1)
    auctions = [chain.auction(next(_numbers), chain.weth, 20 * 10**18, chain.usdc) for _ in range(3)]
    bids = [careful.answer(auction) for auction in auctions]
    amounts = [signed.bid.legs[0].amount_out for signed in bids if signed is not None]
    assert amounts[0] > amounts[1] > amounts[2]
    for auction, signed, amount in zip(auctions, bids, amounts, strict=True):
        assert signed is not None
        assert chain.fill(auction, signed) == amount


def test_a_bid_that_lost_no_longer_counts(chain: LocalChain, exact: PoolRouter) -> None:
    first, second = (chain.auction(next(_numbers), chain.weth, 20 * 10**18, chain.usdc) for _ in range(2))
    promised = exact.answer(first)
    assert promised is not None
    exact.heard(
        Event(cursor="1-1", kind=EventKind.BID_DECIDED, at=1, auction_id=first.auction_id, data={"fate": "lost"})
    )
    again = exact.answer(second)
    assert again is not None
    assert again.bid.legs[0].amount_out == promised.bid.legs[0].amount_out


def test_the_margin_comes_off_and_bids_below_the_minimum_promise_nothing(
    chain: LocalChain, router: Callable[[int], PoolRouter], exact: PoolRouter
) -> None:
    careful = router(50)
    auction = chain.auction(next(_numbers), chain.weth, 10**18, chain.usdc, minimum=10**12)
    whole, cut = exact.answer(auction), careful.answer(auction)
    assert whole is not None
    assert cut is not None
    gross = whole.bid.legs[0].amount_out + FEE
    assert cut.bid.legs[0].amount_out == gross * 9_950 // 10_000 - FEE
    other = chain.auction(next(_numbers), chain.weth, 10**18, chain.usdc)
    same = exact.answer(other)
    assert same is not None
    assert same.bid.legs[0].amount_out == whole.bid.legs[0].amount_out


def test_it_declines_what_no_pool_trades_and_what_the_fee_eats_up(chain: LocalChain, exact: PoolRouter) -> None:
    assert exact.answer(chain.auction(next(_numbers), chain.registry, 10**18, chain.usdc)) is None
    assert exact.answer(chain.auction(next(_numbers), chain.weth, 10**5, chain.usdc)) is None


def test_it_declines_what_no_pool_can_take_whole(
    chain: LocalChain, exact: PoolRouter, caplog: pytest.LogCaptureFixture
) -> None:
    assert exact.answer(chain.auction(next(_numbers), chain.weth, 10**18, chain.usdc)) is not None
    for amount in (2**256 - 1, 2**255, 2**130):
        assert exact.answer(chain.auction(next(_numbers), chain.weth, amount, chain.usdc)) is None
    assert not caplog.records, "quietly, though a bid of its own goes into the pools before"


def test_a_pool_that_moved_fails_the_fill_rather_than_the_executor(chain: LocalChain, exact: PoolRouter) -> None:
    auction = chain.auction(next(_numbers), chain.weth, 10**18, chain.usdc)
    signed = exact.answer(auction)
    assert signed is not None
    chain.give(chain.usdc, signed.bid.executor, 10**12)
    against = chain.auction(next(_numbers), chain.weth, 50 * 10**18, chain.usdc)
    moved = exact.answer(against)
    assert moved is not None
    chain.fill(against, moved)
    with pytest.raises(AssertionError, match="reason"):
        chain.fill(auction, signed)
    assert chain.usdc.functions.balanceOf(signed.bid.executor.checksum).call() >= 10**12
