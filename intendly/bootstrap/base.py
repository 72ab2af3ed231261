"""Here settings and adapters become services. Importing it does no I/O; nor does building one.

A process holds one venue: the class of what it runs, so that it imports no more than that. Each service is made at its
first use. `BaseVenue` is what several of them have.
"""

from __future__ import annotations

from functools import cached_property

from intendly.adapters.db.bids import BidStore
from intendly.adapters.db.engine import Database
from intendly.adapters.db.events import EventStore
from intendly.adapters.db.pause import PauseStore
from intendly.adapters.live import RedisLive
from intendly.adapters.nudges import CeleryNudges
from intendly.domain.bid import BidRules
from intendly.domain.deployment import Deployment
from intendly.services.place_bid import PlaceBids
from intendly.services.publish_events import PublishEvents
from intendly.settings import Settings, SettingsError


class BaseVenue:
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

    @cached_property
    def pause(self) -> PauseStore:
        return PauseStore(self.database)

    @cached_property
    def event_store(self) -> EventStore:
        return EventStore(self.database)

    @cached_property
    def publish_events(self) -> PublishEvents:
        return PublishEvents(self.event_store, RedisLive(self.settings.redis_url.get_secret_value()))

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
