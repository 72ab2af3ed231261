"""What asks solvers over HTTP."""

from __future__ import annotations

from functools import cached_property

from intendly.adapters.asking.solvers import HttpSolvers
from intendly.adapters.db.asks import AskStore
from intendly.bootstrap.base import BaseVenue
from intendly.services.collect_bids import CollectBids


class AskingVenue(BaseVenue):
    """`bids.collect`, in the group `solvers`."""

    @cached_property
    def solver_endpoints(self) -> HttpSolvers:
        settings = self.settings
        return HttpSolvers(timeout_ms=settings.solver_timeout_ms, allow_private=settings.solver_allow_private)

    @cached_property
    def collect_bids(self) -> CollectBids:
        store, timeout_ms = AskStore(self.database, self.deployment), self.settings.solver_timeout_ms
        return CollectBids(store, self.solver_endpoints, self.place_bids, timeout_ms=timeout_ms)
