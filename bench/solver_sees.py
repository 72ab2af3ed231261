"""From a POST's answer to the solver that sees the auction on its stream: the whole venue, as `intendly up` runs it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import Final

import httpx
from intendly_sdk.client import TraderClient
from intendly_sdk.messages import EventKind
from intendly_sdk.primitives import Address, Hash32
from intendly_sdk.stream import StreamClient

from bench.child import BenchError
from bench.crowd import crowd
from bench.rows import Reading, Rounds, Run, Spec, subject, value_at_most
from bench.whole_venue import whole_venue
from cli.demo.market import DemoMarket
from cli.demo.trades import Trade, swappers
from cli.processes import SOLVERS, solver_key_path
from intendly.adapters.chain.keys import load_key
from intendly.settings import Settings

_JSON: Final = {"content-type": "application/json"}
_EVERY_S: Final = 0.5
_PATIENCE_S: Final = 30.0
_DOLLARS: Final = 1_000
_MAX_TRADES: Final = 2_000


@subject(
    Spec(
        "stream.opened.idle",
        "from a POST's answer to auction.opened at the solver, 2 POSTs a second, idle venue: median",
        "ms",
        aim=value_at_most(50),
    ),
    Spec(
        "stream.opened.busy",
        "the same with 2,000 further connections that hear every auction: 99th percentile",
        "ms",
        aim=value_at_most(150),
        percentile=99,
    ),
)
def solver_sees(run: Run) -> Rounds:
    """10 samples idle and 20 busy in a round; the percentiles are over those of all rounds."""
    with ExitStack() as stack:
        trading = stack.enter_context(_trading(run))
        clients = stack.enter_context(crowd())
        while True:
            idle = trading.delays(run.size(10, 2))
            clients.open(run.size(2_000, 20), trading.stream_port, {"auctions": True})
            busy = trading.delays(run.size(20, 2))
            clients.close()
            yield {"stream.opened.idle": Reading(idle), "stream.opened.busy": Reading(busy)}


@dataclass(frozen=True)
class Swap:
    """What is asked for each time, amounts in the tokens' smallest units."""

    token_in: Address
    amount_in: int
    token_out: Address
    least: int


class Trading:
    """A swapper who posts intents, all of one kind, and a solver who notes when it is told of their auctions."""

    def __init__(self, settings: Settings, trader: TraderClient, swap: Swap, solver: StreamClient) -> None:
        self.stream_port = settings.websocket_port
        self._trader, self._solver, self._swap = trader, solver, swap
        self._http = httpx.Client(base_url=f"{settings.api_url}/api/v1", trust_env=False, headers=_JSON)
        self._seen: dict[Hash32, float] = {}
        self._thread = threading.Thread(target=self._watch, name="solver", daemon=True)
        self._thread.start()

    def delays(self, count: int) -> list[float]:
        """Milliseconds from each answer to its auction.opened. Raises `BenchError`."""
        answered: dict[Hash32, float] = {}
        for _ in range(count):
            swap = self._swap
            intent = self._trader.build_intent(swap.token_in, swap.amount_in, swap.token_out, swap.least)
            signed = self._trader.sign(intent)
            began = time.monotonic()
            answer = self._http.post("/intents", content=signed.model_dump_json())
            answered[signed.intent.hash] = time.monotonic()
            if not answer.is_success:
                raise BenchError(f"POST /intents: {answer.status_code} {answer.text[:300]}")
            time.sleep(max(0.0, began + _EVERY_S - time.monotonic()))
        ends = time.monotonic() + _PATIENCE_S
        while missing := answered.keys() - self._seen.keys():
            if time.monotonic() > ends:
                raise BenchError(f"of {count} auctions {len(missing)} were not told within {_PATIENCE_S:.0f} s")
            time.sleep(0.05)
        return [(self._seen[one] - at) * 1_000 for one, at in answered.items()]

    def close(self) -> None:
        self._solver.stop()
        self._thread.join()
        self._solver.close()
        self._http.close()
        self._trader.close()

    def _watch(self) -> None:
        for event in self._solver.events():
            if event.kind is EventKind.AUCTION_OPENED and event.intent_hash is not None:
                self._seen.setdefault(event.intent_hash, time.monotonic())


@contextmanager
def _trading(run: Run) -> Iterator[Trading]:
    """The whole venue, one of whose solvers is watched over."""
    venue = whole_venue(run)
    with ExitStack() as stack:
        person = swappers(0)[0]
        trader = TraderClient(venue.settings.api_url, person)
        signer = load_key(solver_key_path(venue.settings, SOLVERS[0]))
        solver = StreamClient(venue.settings.stream_url, signer=signer, domain=trader.domain())
        solver.subscribe(solver=True)
        swap = _funded(venue.market, Trade(person, "WOKB", "USDC", _DOLLARS))
        yield stack.enter_context(closing(Trading(venue.settings, trader, swap, solver)))


def _funded(market: DemoMarket, trade: Trade) -> Swap:
    """What the swapper asks for; it holds enough of what it sells, and Permit2 may move it."""
    market.ready([trade] * _MAX_TRADES)
    sold, bought = market.token(trade.sells).address, market.token(trade.buys).address
    amount_in = market.amount_in(trade)
    return Swap(sold, amount_in, bought, market.best_single_pool((sold, bought, amount_in)) // 2)
