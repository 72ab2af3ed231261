"""What gets fills on chain and reads the chain back."""

from __future__ import annotations

import socket
from functools import cached_property

from intendly.adapters.chain.keys import load_key
from intendly.adapters.chain.prices import RpcPrices
from intendly.adapters.chain.reader import RpcChainReader
from intendly.adapters.chain.sender import RpcSender
from intendly.adapters.db.chain_index import ChainIndexStore
from intendly.adapters.db.expiry import ExpiryStore
from intendly.adapters.db.lanes import LaneStore
from intendly.adapters.db.settlements import SettlementStore
from intendly.adapters.db.tokens import TokenStore
from intendly.bootstrap.chain import ChainVenue
from intendly.services.expire_intents import ExpireIntents
from intendly.services.index_chain import IndexChain
from intendly.services.price_tokens import PriceTokens
from intendly.services.submit_settlements import SubmitSettlements
from intendly.services.track_settlements import TrackSettlements


class SettlementsVenue(ChainVenue):
    """The tasks of the queues `settlements` and `maintenance`."""

    @cached_property
    def index_chain(self) -> IndexChain:
        deployment = self.deployment
        reader = RpcChainReader(self.rpc, deployment)
        return IndexChain(reader, ChainIndexStore(self.database), deploy_block=deployment.deploy_block)

    @cached_property
    def expire_intents(self) -> ExpireIntents:
        return ExpireIntents(ExpiryStore(self.database))

    @cached_property
    def price_tokens(self) -> PriceTokens:
        deployment = self.deployment
        return PriceTokens(
            RpcPrices(self.rpc, deployment),
            TokenStore(self.database),
            deployment.tokens,
            fill_gas=self.settings.fill_gas,
        )

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
