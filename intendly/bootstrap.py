"""The one place where settings and adapters become services. Importing it does no I/O; nor does building one.

`Venue` is what a process holds: each service is made at its first use, so that a process pays only for what it runs.
"""

from __future__ import annotations

from functools import cached_property

from intendly.adapters.db.engine import Database
from intendly.adapters.nudges import CeleryNudges
from intendly.domain.deployment import Deployment
from intendly.settings import Settings, SettingsError


class Venue:
    """The wired venue of one process. `process` names it in logs and in PostgreSQL's activity view."""

    def __init__(self, settings: Settings, *, process: str) -> None:
        self.settings = settings
        self.process = process

    @cached_property
    def database(self) -> Database:
        return Database(
            self.settings.sqlalchemy_url, pool_size=self.settings.db_pool_max, application=f"intendly {self.process}"
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
