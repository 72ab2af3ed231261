"""What the demo shows, with rich: colour on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from intendly_sdk.messages import AuctionView, Event, EventKind
from intendly_sdk.primitives import Address, Hash32
from rich.console import Console
from rich.table import Table

from cli.amounts import shown
from cli.demo.followed import Followed
from cli.demo.market import DemoMarket
from cli.demo.result import Result, improvement_bps
from intendly.domain.deployment import Token


class DemoScreen:
    """Tells the story. With `to_stderr` the standard output is left to the last line of JSON."""

    def __init__(self, *, to_stderr: bool) -> None:
        stream = sys.stderr if to_stderr else sys.stdout
        self.console = Console(file=stream, highlight=False, soft_wrap=True, width=None if stream.isatty() else 140)
        self._solvers: dict[Address, str] = {}

    def name_solvers(self, names: dict[Address, str]) -> None:
        self._solvers = names

    def say(self, text: str) -> None:
        self.console.print(text)

    def step(self, title: str, work: Callable[[], None]) -> None:
        """Do `work` under a title, with how long it took behind it."""
        from time import monotonic

        began = monotonic()
        if self.console.is_terminal:
            with self.console.status(title):
                work()
        else:
            self.console.print(f"{title} …")
            work()
        self.console.print(f"[green]✓[/] {title} [dim]({monotonic() - began:.1f} s)[/]")

    def signed(self, market: DemoMarket, followed: Followed) -> None:
        trade = followed.trade
        self.console.print(
            f"[bold]#{followed.number:<3}[/] {_short(followed.intent_hash)} signed by {_short(trade.swapper.address)}: "
            f"sells {_units(market, trade.sells, followed.amount_in)} {trade.sells} "
            f"for at least {_units(market, trade.buys, followed.min_amount_out)} {trade.buys}"
        )

    def heard(self, market: DemoMarket, followed: Followed, event: Event) -> None:
        """One line for what a swapper would want to know."""
        mark = f"[bold]#{followed.number:<3}[/] {_short(followed.intent_hash)}"
        if event.kind is EventKind.AUCTION_CLOSED and followed.auctions:
            self.console.print(f"{mark} {self._bids(market, followed, followed.auctions[-1])}")
        elif event.kind is EventKind.INTENT_SETTLED:
            self.console.print(
                f"{mark} [green]settled[/] in block {event.data['block_number']}, "
                f"tx {_short(str(event.data['tx_hash']))}: "
                f"{_units(market, followed.trade.buys, int(str(event.data['amount_out'])))} {followed.trade.buys}"
            )
        elif event.kind in (EventKind.INTENT_UNFILLED, EventKind.INTENT_REOPENED, EventKind.INTENT_EXPIRED):
            self.console.print(f"{mark} [yellow]{event.kind.split('.')[1]}[/]: {event.data.get('detail', '')}")

    def _bids(self, market: DemoMarket, followed: Followed, auction: AuctionView) -> str:
        if not auction.bids:
            return "auction closed without a bid"
        symbol = followed.trade.buys
        bids = sorted(auction.bids, key=lambda each: -each.bid.legs[0].amount_out)
        parts = [
            f"{'[bold]' if each.bid_hash == auction.winner else ''}"
            f"{self._solvers.get(each.bid.solver, _short(each.bid.solver))} "
            f"{_units(market, symbol, each.bid.legs[0].amount_out)}"
            f"{_won(each.bid.legs[0].amount_out, followed.quote) if each.bid_hash == auction.winner else ''}"
            for each in bids
        ]
        return f"bids in {symbol}: " + ", ".join(parts)

    def fills(self, market: DemoMarket, followed: Sequence[Followed], best: Sequence[int]) -> None:
        """A line for each intent, with what the best single pool would have given at the block before its fill."""
        table = Table(title="Fills, against the best single pool", title_justify="left")
        for title in ("#", "sold", "bought", "best pool", "better by"):
            table.add_column(title, justify="right" if title == "better by" else "left")
        for each, pool in zip(followed, best, strict=True):
            trade = each.trade
            amount_out = int(str(each.fill.get("amount_out", 0)))
            compared = each.is_settled and pool
            table.add_row(
                str(each.number),
                f"{_units(market, trade.sells, each.amount_in)} {trade.sells}",
                f"{_units(market, trade.buys, amount_out)} {trade.buys}" if each.is_settled else "not filled",
                f"{_units(market, trade.buys, pool)} {trade.buys}" if compared else "–",
                f"{improvement_bps(amount_out, pool):+.1f} bps" if compared else "–",
            )
        self.console.print(table)

    def balances(
        self,
        market: DemoMarket,
        holders: Sequence[tuple[Address, Token]],
        before: Sequence[int],
        after: Sequence[int],
    ) -> None:
        """What each swapper held before the first intent and holds now, as the chain has it."""
        table = Table(title="Balances, read from the chain", title_justify="left")
        for title in ("swapper", "token", "before", "after", "change"):
            table.add_column(title, justify="left" if title in ("swapper", "token") else "right")
        for (account, token), had, has in zip(holders, before, after, strict=True):
            sign = "+" if has >= had else "-"
            table.add_row(
                _short(account),
                token.symbol,
                _units(market, token.symbol, had),
                _units(market, token.symbol, has),
                f"{sign}{_units(market, token.symbol, abs(has - had))}",
            )
        self.console.print(table)

    def result(self, result: Result) -> None:
        gain = "–" if result.improvement_bps is None else f"{result.improvement_bps:+.2f} bps"
        self.console.print(
            f"[bold]{result.settled} of {result.intents} settled[/] ({result.settled_on_chain} Fill events on chain), "
            f"{result.bids} bids by {result.solvers} solvers, POST to mined p50 {result.p50_ms} ms, "
            f"p95 {result.p95_ms} ms, {gain} against the best single pool, seed {result.seed}"
        )


def _won(amount_out: int, quote: int) -> str:
    gain = f", {improvement_bps(amount_out, quote):+.1f} bps on the best single pool" if quote else ""
    return f" (won{gain})[/]"


def _short(value: Address | Hash32 | str) -> str:
    text = str(value)
    return f"{text[:8]}…{text[-4:]}"


def _units(market: DemoMarket, symbol: str, amount: int) -> str:
    return shown(amount, market.token(symbol).decimals)
