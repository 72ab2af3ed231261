"""The demo trades what it promises to, and the same for the same seed."""

from __future__ import annotations

from cli.demo.trades import PAIRS, swappers, trades


def test_a_seed_gives_the_same_trades_again() -> None:
    first, second = swappers(5), swappers(5)
    assert [one.address for one in first] == [one.address for one in second]
    wanted = [(trade.sells, trade.buys, trade.dollars) for trade in trades(5, 20, first)]
    assert wanted == [(trade.sells, trade.buys, trade.dollars) for trade in trades(5, 20, second)]
    assert wanted != [(trade.sells, trade.buys, trade.dollars) for trade in trades(6, 20, first)]


def test_twenty_trades_cover_the_swappers_the_pairs_and_both_directions() -> None:
    people = swappers(1)
    wanted = trades(1, 20, people)
    assert len({trade.swapper.address for trade in wanted}) >= 5
    assert {(trade.sells, trade.buys) for trade in wanted} == set(PAIRS) | {(buys, sells) for sells, buys in PAIRS}
    assert len(PAIRS) >= 4
