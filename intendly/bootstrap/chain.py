"""What needs the chain and no key: reading it, and whether database and chain are of one venue."""

from __future__ import annotations

from functools import cached_property

from intendly.adapters.chain.facts import RpcChain
from intendly.adapters.chain.rpc import Rpc
from intendly.adapters.db.home import HomeStore
from intendly.bootstrap.base import BaseVenue
from intendly.services.check_home import CheckHome


class ChainVenue(BaseVenue):
    """The chain of RPC_URLS."""

    @cached_property
    def rpc(self) -> Rpc:
        return Rpc([url.get_secret_value() for url in self.settings.rpc_urls])

    @cached_property
    def chain(self) -> RpcChain:
        return RpcChain(self.rpc, self.deployment)

    @cached_property
    def check_home(self) -> CheckHome:
        return CheckHome(self.chain, HomeStore(self.database), self.deployment.home)
