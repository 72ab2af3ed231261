"""What accepts and reads, over HTTP."""

from __future__ import annotations

from functools import cached_property

from intendly.adapters.asking.indications import SolverIndications
from intendly.adapters.chain.keys import load_key
from intendly.adapters.chain.quote_facts import RpcQuoteChain
from intendly.adapters.chain.rpc import Rpc
from intendly.adapters.chain.wallets import WALLET_WAIT_S, RpcWallets
from intendly.adapters.db.auction_views import AuctionViews
from intendly.adapters.db.cancels import CancelStore
from intendly.adapters.db.intent_views import IntentViews
from intendly.adapters.db.intents import IntentStore
from intendly.adapters.db.market import MarketStore
from intendly.adapters.db.solver_views import SolverViews
from intendly.adapters.group import Group
from intendly.adapters.signing import KeyReceipts
from intendly.bootstrap.asking import AskingVenue
from intendly.bootstrap.chain import ChainVenue
from intendly.bootstrap.web import WebVenue
from intendly.domain.errors import Refused
from intendly.domain.intent import NewIntent
from intendly.domain.intent_rules import Rules
from intendly.services.cancel_intent import CancelIntents
from intendly.services.check_signatures import CheckSignatures
from intendly.services.give_quote import GiveQuotes
from intendly.services.ports import Accepted
from intendly.services.read_auctions import ReadAuctions
from intendly.services.read_intents import ReadIntents
from intendly.services.read_solvers import ReadSolvers
from intendly.services.submit_intent import SubmitIntents


class RelayerVenue(ChainVenue, AskingVenue, WebVenue):
    """backend-relayer's."""

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
