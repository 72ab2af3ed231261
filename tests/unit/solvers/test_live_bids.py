"""No unit is promised twice, also from many threads; what is decided or too old promises nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from intendly_sdk.primitives import Hash32

from solvers.live_bids import GRACE_SECONDS, LiveBids

NOW = 1_800_000_000


def auction(number: int) -> Hash32:
    """An auction's id."""
    return Hash32(number.to_bytes(32, "big"))


def test_what_other_auctions_promise_is_summed() -> None:
    live: LiveBids[str] = LiveBids(lambda: NOW)
    live.put(auction(1), {"usdc": 5, "weth": 1}, NOW + 10)
    live.put(auction(2), {"usdc": 7}, NOW + 10)
    assert live.promised(auction(3)) == {"usdc": 12, "weth": 1}
    assert live.promised(auction(2)) == {"usdc": 5, "weth": 1}


def test_the_next_bid_in_an_auction_replaces_the_last() -> None:
    live: LiveBids[str] = LiveBids(lambda: NOW)
    assert live.put_within(auction(1), {"usdc": 90}, {"usdc": 100}, NOW + 10)
    assert live.put_within(auction(1), {"usdc": 95}, {"usdc": 100}, NOW + 10)
    assert live.promised(auction(2)) == {"usdc": 95}


def test_more_than_is_held_is_not_promised() -> None:
    live: LiveBids[str] = LiveBids(lambda: NOW)
    assert live.put_within(auction(1), {"usdc": 60}, {"usdc": 100}, NOW + 10)
    assert not live.put_within(auction(2), {"usdc": 41}, {"usdc": 100}, NOW + 10)
    assert live.promised(auction(3)) == {"usdc": 60}
    assert live.put_within(auction(2), {"usdc": 40}, {"usdc": 100}, NOW + 10)


def test_a_bid_is_forgotten_when_it_is_decided_or_cannot_be_mined_any_more() -> None:
    now = [float(NOW)]
    live: LiveBids[str] = LiveBids(lambda: now[0])
    live.put(auction(1), {"usdc": 1}, NOW + 10)
    live.put(auction(2), {"usdc": 2}, NOW + 10)
    live.release(auction(1))
    live.release(auction(1))
    assert live.promised(auction(9)) == {"usdc": 2}
    now[0] += 10 + GRACE_SECONDS
    assert live.promised(auction(9)) == {"usdc": 2}
    now[0] += 1
    assert live.promised(auction(9)) == {}


def test_many_threads_together_promise_no_more_than_is_held() -> None:
    live: LiveBids[str] = LiveBids(lambda: NOW)
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda n: live.put_within(auction(n), {"usdc": 3}, {"usdc": 100}, NOW + 10), range(200)))
    assert sum(taken) == 33
