"""One run of the demo: the venue comes up, swappers sign, solvers compete, the chain is read back."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from typing import Final

from intendly_sdk.client import TraderClient, VenueClient
from intendly_sdk.primitives import Address
from sqlalchemy import text

from cli.console import LogFiles
from cli.demo.followed import Followed, Follower
from cli.demo.market import DemoMarket
from cli.demo.result import BPS, Outcome, Result, result_of
from cli.demo.screen import DemoScreen
from cli.demo.trades import Trade, swappers, trades
from cli.local_solvers import ready_solvers
from cli.processes import SOLVERS, solver_key_path, solver_names, solver_processes, venue_processes
from cli.supervisor import ProcessFailed, Supervisor
from cli.venue import Ground, flower_password_path, prepare
from intendly.adapters.chain.keys import load_key
from intendly.bootstrap.base import BaseVenue
from intendly.domain.deployment import Token
from intendly.domain.fees import smallest_min_amount_out
from intendly.settings import Settings

SLIPPAGE_BPS: Final = 100
"""How far below the best single pool's quote a swapper's minimum lies."""
SWAPPER_INTENTS: Final = "600/minute"
"""The budget of one swapper, in the place of the default of LIMIT_SWAPPER_INTENTS."""
_READY_S: Final = 60
_TRIES: Final = 12
"""So that a relayer that is killed and comes back loses nobody's POST: the same intent again is safe."""


class DemoRun:
    """`ground` is an empty database and chain; `seed` fixes who trades what.

    `solvers` is how many compete, `margin_bps` what each of them keeps.
    """

    def __init__(
        self, ground: Ground, screen: DemoScreen, *, seed: int, solvers: int, margin_bps: int | None = None
    ) -> None:
        self._solvers = solvers
        self._margin_bps = margin_bps
        self._ground = ground
        self._settings = _widened(ground.settings)
        self._screen = screen
        self._seed = seed
        self._venue = BaseVenue(ground.settings, process="demo")
        self._people = swappers(seed)

    def run(self, count: int, interval_s: float, timeout_s: float, *, stays: bool) -> Result:
        """Trade `count` intents. With `stays` it goes on running afterwards, until Ctrl-C."""
        wanted = trades(self._seed, count, self._people)
        self._screen.say(f"seed {self._seed}, data in {self._settings.data_dir}")
        self._screen.step("contracts, tokens and pools on a chain of its own", self._prepare)
        with closing(LogFiles(self._settings.data_dir / "logs")) as logs:
            specs = venue_processes(self._settings)
            specs += solver_processes(self._settings, count=self._solvers, margin_bps=self._margin_bps)
            market = DemoMarket(self._settings, self._venue.deployment)
            with Supervisor(specs, logs) as supervisor, closing(market):
                self._screen.step(
                    f"{len(wanted)} trades of {len(self._people)} swappers funded", lambda: market.ready(wanted)
                )
                self._screen.step(f"{len(specs)} processes up", supervisor.wait_ready)
                self._screen.step("solvers registered", self._wait_for_solvers)
                self._name_solvers()
                result = self._trade(market, wanted, interval_s, timeout_s)
                self._screen.result(result)
                if stays:
                    self._stay(supervisor)
        return result

    def _prepare(self) -> None:
        prepare(self._ground)
        if self._solvers > len(SOLVERS):
            ready_solvers(self._settings, self._solvers)

    def _wait_for_solvers(self) -> None:
        """Until the index knows every solver: what is posted before finds an empty roster."""
        ends = time.monotonic() + _READY_S
        while time.monotonic() < ends:
            with self._venue.database.transaction() as connection:
                known = connection.execute(text("SELECT count(*) FROM solvers WHERE active")).scalar_one()
                priced = connection.execute(text("SELECT count(*) FROM tokens WHERE gas_fee IS NOT NULL")).scalar_one()
            if known >= self._solvers and priced:
                return
            time.sleep(0.05)
        logs = self._settings.data_dir / "logs"
        raise ProcessFailed(f"solvers: {known} of {self._solvers} registered within {_READY_S} s; see {logs}")

    def _name_solvers(self) -> None:
        names: dict[Address, str] = {}
        for name in solver_names(self._solvers):
            names[load_key(solver_key_path(self._settings, name)).address] = name.replace("_", " ")
        self._screen.name_solvers(names)

    def _trade(self, market: DemoMarket, wanted: Sequence[Trade], interval_s: float, timeout_s: float) -> Result:
        api = self._settings.api_url
        holders = _holders(market, wanted)
        before = market.balances(holders)
        with VenueClient(api, tries=_TRIES) as public:
            follower = Follower(
                public,
                [person.address for person in self._people],
                lambda followed, event: self._screen.heard(market, followed, event),
            )
            clients = {person.address: TraderClient(api, person, tries=_TRIES) for person in self._people}
            gas_fees = {token.address: token.gas_fee for token in public.tokens()}
            followed: list[Followed] = []
            with closing(follower):
                for number, trade in enumerate(wanted, 1):
                    began = time.monotonic()
                    gas_fee = gas_fees[market.token(trade.buys).address]
                    followed.append(self._post(market, clients[trade.swapper.address], number, trade, gas_fee))
                    follower.follow(followed[-1])
                    time.sleep(max(0.0, interval_s - (time.monotonic() - began)))
                follower.wait(timeout_s)
            for client in clients.values():
                client.close()
        result = self._read_back(market, followed)
        self._screen.balances(market, holders, before, market.balances(holders))
        return result

    def _post(
        self, market: DemoMarket, client: TraderClient, number: int, trade: Trade, gas_fee: int | None
    ) -> Followed:
        sold, bought = market.token(trade.sells), market.token(trade.buys)
        amount_in = market.amount_in(trade)
        quote = market.best_single_pool((sold.address, bought.address, amount_in))
        config = client.known_config
        smallest = smallest_min_amount_out(config.house_fee_bps, 0, gas_fee, config.max_fee_bps)
        least = max(quote * (BPS - SLIPPAGE_BPS) // BPS, smallest)
        signed = client.sign(client.build_intent(sold.address, amount_in, bought.address, least))
        followed = Followed(number, trade, signed.intent.hash, amount_in, least, quote, time.monotonic())
        self._screen.signed(market, followed)
        client.submit(signed)
        return followed

    def _read_back(self, market: DemoMarket, followed: Sequence[Followed]) -> Result:
        """Everything from here on is what the chain says."""
        fills = market.fills()
        best, outcomes = [], []
        for each in followed:
            fill = fills.get(each.intent_hash)
            swap = (market.token(each.trade.sells).address, market.token(each.trade.buys).address, each.amount_in)
            pool = market.best_before(swap, fill.place.block_number) if fill else 0
            best.append(pool)
            waited = (each.ended_at - each.posted_at) * 1_000 if each.is_settled and each.ended_at else None
            outcomes.append(Outcome(waited, fill.amount_out if fill else 0, pool))
        self._screen.fills(market, followed, best)
        bids = [bid for each in followed for auction in each.auctions for bid in auction.bids]
        return result_of(
            outcomes,
            solvers=len({bid.bid.solver for bid in bids}),
            bids=len(bids),
            settled_on_chain=sum(each.intent_hash in fills for each in followed),
            seed=self._seed,
        )

    def _stay(self, supervisor: Supervisor) -> None:
        settings = self._settings
        for line in (
            f"API      {settings.api_url}/api/v1/config",
            f"stream   {settings.stream_url}",
            f"Flower   http://{settings.bind_host}:{settings.flower_port} as {settings.flower_user},"
            f" password {flower_password_path(settings).read_text().strip()} (of this demo alone)",
            f"chain    {settings.rpc_urls[0].get_secret_value()}, chain id {settings.chain_id}",
            f"logs     {settings.data_dir / 'logs'}",
            f"{len(supervisor.names)} processes run; Ctrl-C stops everything",
        ):
            self._screen.say(line)
        while (fallen := self._ground.parts.fallen()) is None:
            time.sleep(0.5)
        raise ProcessFailed(f"{fallen} ended by itself; see {settings.data_dir / 'logs'}")


def _widened(settings: Settings) -> Settings:
    """A few swappers stand for many here, and trade faster than the API lets one swapper do."""
    if "limit_swapper_intents" in settings.model_fields_set:
        return settings
    return settings.model_copy(update={"limit_swapper_intents": SWAPPER_INTENTS})


def _holders(market: DemoMarket, wanted: Sequence[Trade]) -> list[tuple[Address, Token]]:
    """Each swapper with each token that it trades, once."""
    pairs = [(trade.swapper.address, symbol) for trade in wanted for symbol in (trade.sells, trade.buys)]
    return [(account, market.token(symbol)) for account, symbol in sorted(set(pairs))]
