"""What `intendly trade` shows while it waits: a line for each step, and on a terminal what it waits for."""

from __future__ import annotations

import sys
from contextlib import suppress
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from intendly_sdk.client import VenueClient
from intendly_sdk.errors import IntendlyError
from intendly_sdk.messages import Event, EventKind, TokenView
from intendly_sdk.primitives import Address, Hash32
from rich.console import Console
from rich.markup import escape

from cli.amounts import in_tokens, of_token


class Progress:
    """Writes to standard output; with `to_stderr` that is left to the JSON."""

    def __init__(self, *, to_stderr: bool) -> None:
        stream = sys.stderr if to_stderr else sys.stdout
        self._console = Console(file=stream, highlight=False, soft_wrap=True)
        self._status = self._console.status("") if self._console.is_terminal else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self._status is not None:
            self._status.stop()

    def say(self, what: str, text: str) -> None:
        """A line: what it is about, and what there is to say."""
        self._console.print(f"[bold]{what:<10}[/] {escape(text)}")

    def waits(self, text: str) -> None:
        """What is waited for from now on."""
        if self._status is not None:
            self._status.update(text)
            self._status.start()


class TradeStory:
    """Tells the events of one intent in words. Of an auction that ends as the one before did, nothing is said."""

    def __init__(self, progress: Progress, venue: VenueClient, sold: TokenView, bought: TokenView) -> None:
        self._progress = progress
        self._venue = venue
        self._sold = sold
        self._bought = bought
        self._said: dict[str, str] = {}
        self._auctions = 0

    def heard(self, event: Event) -> None:
        """Tell what the event means."""
        data, waits = event.data, self._progress.waits
        if event.kind is EventKind.AUCTION_OPENED and event.auction_id is not None:
            self._auctions += 1
            if self._auctions == 1:
                self._say("auction", f"{event.auction_id} is open")
            waits(f"auction {self._auctions}: solvers are bidding")
        elif event.kind is EventKind.AUCTION_CLOSED and event.auction_id is not None:
            self._closed(event.auction_id)
        elif event.kind is EventKind.INTENT_AWARDED:
            solver = Address(data["solver"]).checksum
            self._say("winner", f"{solver} with {self._amount(data['amount_out'])}, in auction {event.auction_id}")
            waits("the transaction is being built")
        elif event.kind is EventKind.INTENT_SUBMITTED:
            self._say("submitted", str(data["detail"]))
            waits("waits for the chain")
        elif event.kind in (EventKind.INTENT_UNFILLED, EventKind.INTENT_REOPENED):
            self._say("not filled", in_tokens(str(data["detail"]), self._sold, self._bought))
            waits(f"waits for auction {self._auctions + 1}")

    def _closed(self, auction_id: Hash32) -> None:
        with suppress(IntendlyError):
            auction = self._venue.auction(auction_id)
            best = max((bid.bid.legs[0].amount_out for bid in auction.bids), default=None)
            told = "" if best is None else f", the best for {self._amount(best)}"
            self._say("bids", f"{len(auction.bids)} of {len(auction.roster)} solvers{told}")

    def _say(self, what: str, text: str) -> None:
        if self._said.get(what) != text:
            self._said[what] = text
            self._progress.say(what, text)

    def _amount(self, amount: object) -> str:
        return of_token(int(str(amount)), self._bought)


def when(unix_seconds: float) -> str:
    """A moment in words, by UTC."""
    return f"{datetime.fromtimestamp(unix_seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
