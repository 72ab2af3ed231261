"""A solver that routes through Uniswap V2 and V3 and bids over the stream: `python -m solvers.pool_router`."""

from __future__ import annotations

from intendly_sdk.messages import AuctionOpened, BidFate, ConfigView, Event, EventKind
from intendly_sdk.primitives import Address
from intendly_sdk.signatures import Signer
from intendly_sdk.solver import Offer, Solver
from intendly_sdk.stream_solver import StreamSolver

from solvers.health import with_health
from solvers.live_bids import LiveBids
from solvers.pools import Pools
from solvers.pricing import after_costs
from solvers.process import Runner, main, stand, wait_known
from solvers.quotes import PoolQuotes
from solvers.route_data import callback_gas, encode_route
from solvers.routes import Hop
from solvers.settings import PoolRouterSettings, load


class PoolRouter(Solver):
    """Offers what the best route yields at the latest block, less a margin and the fee."""

    def __init__(
        self, signer: Signer, config: ConfigView, executor: Address, quotes: PoolQuotes, margin_bps: int
    ) -> None:
        super().__init__(signer, config)
        self._executor = executor
        self._quotes = quotes
        self._margin_bps = margin_bps
        self._live: LiveBids[Hop] = LiveBids()

    def price(self, auction: AuctionOpened) -> Offer | None:
        """Declines a bundle, a pair without pools, and an output that the fee eats up."""
        if len(auction.intents) != 1:
            return None
        (asked,) = auction.intents
        intent = asked.intent
        ahead = self._live.promised(auction.auction_id)
        route = self._quotes.best(intent.token_in, intent.token_out, intent.amount_in, ahead)
        amount_out = None if route is None else after_costs(route.amount_out, self._margin_bps, asked.fee)
        if route is None or amount_out is None:
            return None
        if amount_out >= intent.min_amount_out:
            self._live.put(auction.auction_id, route.inputs(), self.valid_until(auction))
        return Offer(
            amounts_out=(amount_out,),
            executor=self._executor,
            data=encode_route(route, owed=amount_out + asked.fee),
            gas_limit=callback_gas(route),
        )

    def heard(self, event: Event) -> None:
        """A bid that has lost, or whose fill has failed, moves no pool; of one that is filled the pool tells itself."""
        waits = event.kind is EventKind.BID_DECIDED and event.data.get("fate") == BidFate.WON
        if not waits and event.auction_id is not None:
            self._live.release(event.auction_id)


def start() -> Runner:
    """Enrol with its executor, then listen."""
    settings = load(PoolRouterSettings)
    ground = stand(settings)
    markets = ground.markets
    routers = {"v2Router": markets.uniswap_v2.router, "v3Router": markets.uniswap_v3.router}
    executor = ground.enrolment.executor("PoolExecutor", settings.executor_address, routers)
    ground.enrolment.register(endpoint="")
    wait_known(ground, settings)
    quotes = PoolQuotes(ground.calls, markets, Pools(ground.calls, markets, settings.pools_max_age_s))
    solver = PoolRouter(ground.signer, ground.config, executor, quotes, settings.margin_bps)
    runner = StreamSolver(solver)
    if settings.listen_port is None:
        return runner
    return with_health(runner, runner.connected.is_set, settings.listen_host, settings.listen_port)


if __name__ == "__main__":
    main(start)
