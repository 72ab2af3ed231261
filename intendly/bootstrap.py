"""The one place where settings and adapters become services. Importing it does no I/O; nor does building one.

`Venue` is what a process holds: each service is made at its first use, so that a process pays only for what it runs.
"""

from __future__ import annotations

import socket
from functools import cached_property

from intendly.adapters.asking.indications import SolverIndications
from intendly.adapters.asking.solvers import HttpSolvers
from intendly.adapters.budgets import Budgets
from intendly.adapters.chain.facts import RpcChain
from intendly.adapters.chain.keys import load_key
from intendly.adapters.chain.prices import RpcPrices
from intendly.adapters.chain.quote_facts import RpcQuoteChain
from intendly.adapters.chain.reader import RpcChainReader
from intendly.adapters.chain.rpc import Rpc
from intendly.adapters.chain.sender import RpcSender
from intendly.adapters.chain.wallets import WALLET_WAIT_S, RpcWallets
from intendly.adapters.db.asks import AskStore
from intendly.adapters.db.auction_views import AuctionViews
from intendly.adapters.db.awards import AwardStore
from intendly.adapters.db.bids import BidStore
from intendly.adapters.db.cancels import CancelStore
from intendly.adapters.db.chain_index import ChainIndexStore
from intendly.adapters.db.closings import ClosingStore
from intendly.adapters.db.engine import Database
from intendly.adapters.db.events import EventStore
from intendly.adapters.db.expiry import ExpiryStore
from intendly.adapters.db.home import HomeStore
from intendly.adapters.db.intent_views import IntentViews
from intendly.adapters.db.intents import IntentStore
from intendly.adapters.db.lanes import LaneStore
from intendly.adapters.db.market import MarketStore
from intendly.adapters.db.openings import OpeningStore
from intendly.adapters.db.pause import PauseStore
from intendly.adapters.db.settlements import SettlementStore
from intendly.adapters.db.solver_keys import SolverKeys
from intendly.adapters.db.solver_views import SolverViews
from intendly.adapters.db.tokens import TokenStore
from intendly.adapters.group import Group
from intendly.adapters.live import RedisLive
from intendly.adapters.nudges import CeleryNudges
from intendly.adapters.signing import KeyAuctioneer, KeyReceipts
from intendly.domain.bid import BidRules
from intendly.domain.deployment import Deployment
from intendly.domain.errors import Refused
from intendly.domain.intent import NewIntent
from intendly.domain.intent_rules import Rules
from intendly.domain.opening import FeeRules
from intendly.services.cancel_intent import CancelIntents
from intendly.services.check_home import CheckHome
from intendly.services.check_signatures import CheckSignatures
from intendly.services.close_auctions import CloseAuctions
from intendly.services.collect_bids import CollectBids
from intendly.services.expire_intents import ExpireIntents
from intendly.services.give_quote import GiveQuotes
from intendly.services.index_chain import IndexChain
from intendly.services.open_auctions import OpenAuctions
from intendly.services.place_bid import PlaceBids
from intendly.services.ports import Accepted
from intendly.services.price_tokens import PriceTokens
from intendly.services.publish_events import PublishEvents
from intendly.services.read_auctions import ReadAuctions
from intendly.services.read_intents import ReadIntents
from intendly.services.read_solvers import ReadSolvers
from intendly.services.submit_intent import SubmitIntents
from intendly.services.submit_settlements import SubmitSettlements
from intendly.services.track_settlements import TrackSettlements
from intendly.settings import Settings, SettingsError


class Venue:
    """The wired venue of one process. `process` names it in logs and in PostgreSQL's activity view."""

    def __init__(self, settings: Settings, *, process: str) -> None:
        self.settings = settings
        self.process = process

    def close(self) -> None:
        """Close the connections that were opened. The venue is of no use after it."""
        for name in ("rpc", "wallet_rpc"):
            if name in self.__dict__:
                getattr(self, name).close()
        for name in ("nudges", "budgets", "solver_endpoints"):
            if name in self.__dict__:
                getattr(self, name).close()
        for name in ("database", "health_database"):
            if name in self.__dict__:
                getattr(self, name).dispose()

    @cached_property
    def database(self) -> Database:
        return Database(
            self.settings.sqlalchemy_url,
            pool_size=max(1, self.settings.db_pool_max // 2),
            application=f"intendly {self.process}",
        )

    @cached_property
    def nudges(self) -> CeleryNudges:
        return CeleryNudges(self.settings.redis_url.get_secret_value())

    @cached_property
    def deployment(self) -> Deployment:
        """What stands on the chain. Raises `SettingsError` where the file is missing or is not one."""
        path = self.settings.deployment_path
        try:
            return Deployment.model_validate_json(path.read_bytes())
        except (OSError, ValueError) as error:
            raise SettingsError(
                f"DEPLOYMENT_FILE: {path} is not a deployment ({type(error).__name__}); "
                "run `intendly contracts deploy` first"
            ) from None

    # Accepting and reading (web/).

    @cached_property
    def health_database(self) -> Database:
        """A connection of its own, so that a busy pool is not taken for a dead server."""
        return Database(
            self.settings.sqlalchemy_url,
            pool_size=1,
            application=f"intendly {self.process} health",
            statement_timeout_ms=2_000,
        )

    @cached_property
    def budgets(self) -> Budgets:
        return Budgets(self.settings.redis_url.get_secret_value())

    @cached_property
    def pause(self) -> PauseStore:
        return PauseStore(self.database)

    @cached_property
    def market(self) -> MarketStore:
        return MarketStore(self.database)

    @cached_property
    def receipts(self) -> KeyReceipts:
        """Only where RECEIPT_KEY_FILE can be read."""
        return KeyReceipts(load_key(self.settings.receipt_key_path), self.deployment.domain)

    @cached_property
    def wallet_rpc(self) -> Rpc:
        """Of its own and impatient: whoever sends a signature that isn't plain makes a request wait for the chain."""
        return Rpc([url.get_secret_value() for url in self.settings.rpc_urls], timeout_s=WALLET_WAIT_S)

    @cached_property
    def check_signatures(self) -> CheckSignatures:
        return CheckSignatures(RpcWallets(self.wallet_rpc, self.deployment.permit2))

    @cached_property
    def rules(self) -> Rules:
        deployment, settings = self.deployment, self.settings
        return Rules(
            chain_id=deployment.chain_id,
            settlement=deployment.settlement,
            permit2=deployment.permit2,
            house_fee_bps=settings.house_fee_bps,
            max_fee_bps=deployment.max_fee_bps,
            max_partner_fee_bps=deployment.max_partner_fee_bps,
            deadline_max_s=settings.deadline_max_s,
        )

    @cached_property
    def submit_intents(self) -> SubmitIntents:
        deployment, settings = self.deployment, self.settings
        store = IntentStore(self.database, open_max=settings.open_intents_max)
        commits: Group[NewIntent, Accepted | Refused] = Group(store.accept_many)
        views = IntentViews(self.database, deployment)
        return SubmitIntents(
            self.rules, self.market, self.check_signatures, commits.submit, views, self.receipts, self.nudges
        )

    @cached_property
    def cancel_intents(self) -> CancelIntents:
        views, store = IntentViews(self.database, self.deployment), CancelStore(self.database)
        return CancelIntents(self.deployment.domain, views, self.check_signatures, store, self.receipts, self.nudges)

    @cached_property
    def place_bids(self) -> PlaceBids:
        deployment, settings = self.deployment, self.settings
        own = {deployment.settlement, deployment.permit2, deployment.registry}
        rules = BidRules(
            domain=deployment.domain,
            forbidden_executors=frozenset(own | {token.address for token in deployment.tokens}),
            auction_window_ms=settings.auction_window_ms,
            award_validity_s=settings.award_validity_s,
        )
        store = BidStore(self.database, auction_min_ms=settings.auction_min_ms)
        return PlaceBids(rules, store, self.nudges, self.pause)

    @cached_property
    def solver_endpoints(self) -> HttpSolvers:
        settings = self.settings
        return HttpSolvers(timeout_ms=settings.solver_timeout_ms, allow_private=settings.solver_allow_private)

    @cached_property
    def give_quotes(self) -> GiveQuotes:
        return GiveQuotes(
            self.rules,
            self.market,
            RpcQuoteChain(self.rpc, self.deployment),
            SolverIndications(SolverViews(self.database), self.solver_endpoints),
            RpcWallets(self.wallet_rpc, self.deployment.permit2),
        )

    @cached_property
    def read_solvers(self) -> ReadSolvers:
        return ReadSolvers(SolverViews(self.database))

    @cached_property
    def read_intents(self) -> ReadIntents:
        return ReadIntents(IntentViews(self.database, self.deployment))

    @cached_property
    def read_auctions(self) -> ReadAuctions:
        return ReadAuctions(AuctionViews(self.database, self.deployment))

    # Auctions (tasks/).

    @cached_property
    def open_auctions(self) -> OpenAuctions:
        rules = FeeRules(self.settings.house_fee_bps, self.deployment.max_fee_bps)
        store = OpeningStore(self.database, self.deployment)
        return OpenAuctions(rules, store, self.nudges, self.pause, window_ms=self.settings.auction_window_ms)

    @cached_property
    def collect_bids(self) -> CollectBids:
        store, timeout_ms = AskStore(self.database, self.deployment), self.settings.solver_timeout_ms
        return CollectBids(store, self.solver_endpoints, self.place_bids, timeout_ms=timeout_ms)

    @cached_property
    def close_auctions(self) -> CloseAuctions:
        return CloseAuctions(
            ClosingStore(self.database, self.deployment),
            AwardStore(self.database),
            self.chain,
            KeyAuctioneer(load_key(self.settings.auctioneer_key_path), self.deployment.domain),
            self.nudges,
            award_validity_s=self.settings.award_validity_s,
        )

    # The chain, read in block order (tasks/).

    @cached_property
    def rpc(self) -> Rpc:
        return Rpc([url.get_secret_value() for url in self.settings.rpc_urls])

    @cached_property
    def index_chain(self) -> IndexChain:
        deployment = self.deployment
        reader = RpcChainReader(self.rpc, deployment)
        return IndexChain(reader, ChainIndexStore(self.database), self.nudges, deploy_block=deployment.deploy_block)

    @cached_property
    def expire_intents(self) -> ExpireIntents:
        return ExpireIntents(ExpiryStore(self.database), self.nudges)

    @cached_property
    def price_tokens(self) -> PriceTokens:
        deployment = self.deployment
        return PriceTokens(
            RpcPrices(self.rpc, deployment),
            TokenStore(self.database),
            deployment.tokens,
            fill_gas=self.settings.fill_gas,
        )

    # At the start of a process that works on rows or chain.

    @cached_property
    def check_home(self) -> CheckHome:
        return CheckHome(self.chain, HomeStore(self.database), self.deployment.home)

    # Getting fills on chain (tasks/).

    @cached_property
    def chain(self) -> RpcChain:
        return RpcChain(self.rpc, self.deployment)

    @cached_property
    def sender(self) -> RpcSender:
        """Only where SUBMITTER_KEY_FILE can be read."""
        deployment = self.deployment
        return RpcSender(
            self.rpc,
            load_key(self.settings.submitter_key_path),
            chain_id=deployment.chain_id,
            settlement=deployment.settlement,
        )

    @cached_property
    def settlement_store(self) -> SettlementStore:
        return SettlementStore(self.database, self.deployment)

    @cached_property
    def submit_settlements(self) -> SubmitSettlements:
        return SubmitSettlements(
            self.chain,
            self.sender,
            LaneStore(self.database),
            self.settlement_store,
            self.nudges,
            owner=f"{socket.gethostname()} {self.process}",
        )

    @cached_property
    def track_settlements(self) -> TrackSettlements:
        return TrackSettlements(self.sender, self.settlement_store, self.nudges)

    # Events (tasks/ publishes, the stream reads).

    @cached_property
    def event_store(self) -> EventStore:
        return EventStore(self.database)

    @cached_property
    def publish_events(self) -> PublishEvents:
        return PublishEvents(self.event_store, RedisLive(self.settings.redis_url.get_secret_value()))

    @cached_property
    def solver_keys(self) -> SolverKeys:
        return SolverKeys(self.database)
