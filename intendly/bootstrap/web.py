"""What both processes of the web have, and what websocket-server has of its own."""

from __future__ import annotations

from functools import cached_property

from intendly.adapters.budgets import Budgets
from intendly.adapters.db.engine import Database
from intendly.adapters.db.solver_keys import SolverKeys
from intendly.bootstrap.base import BaseVenue


class WebVenue(BaseVenue):
    """backend-relayer's and websocket-server's."""

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


class StreamVenue(WebVenue):
    """websocket-server's."""

    @cached_property
    def solver_keys(self) -> SolverKeys:
        return SolverKeys(self.database)
