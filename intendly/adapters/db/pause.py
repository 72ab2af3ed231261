"""The pause of the whole venue: one row while it lasts, for every process and across restarts."""

from __future__ import annotations

import threading
import time

from sqlalchemy import text

from intendly.adapters.db.engine import Database

_REASON = text("SELECT reason FROM pause")
# A pause that is said again keeps its beginning.
_PAUSE = text("INSERT INTO pause (reason) VALUES (:reason) ON CONFLICT (singleton) DO UPDATE SET reason = :reason")
_RESUME = text("DELETE FROM pause")


class PauseStore:
    """Pauses and resumes, and `PauseReader` of the ports. Raises SQLAlchemy's errors when the database is away."""

    def __init__(self, database: Database, *, fresh_for_s: float = 1.0) -> None:
        self._database = database
        self._fresh_for_s = fresh_for_s
        self._reading = threading.Lock()
        self._known: tuple[float, str | None] | None = None

    def reason(self) -> str | None:
        """Why it is paused, None where it is not; at most `fresh_for_s` old. One caller reads, the others wait."""
        if (known := self._fresh()) is None:
            with self._reading:
                if (known := self._fresh()) is None:
                    known = (time.monotonic() + self._fresh_for_s, self._read())
                    self._known = known
        return known[1]

    def pause(self, reason: str) -> None:
        """From now on, until `resume`."""
        with self._database.transaction() as connection:
            connection.execute(_PAUSE, {"reason": reason})

    def resume(self) -> bool:
        """Whether there was a pause to end."""
        with self._database.transaction() as connection:
            return connection.execute(_RESUME).rowcount > 0

    def _fresh(self) -> tuple[float, str | None] | None:
        known = self._known
        return known if known is not None and time.monotonic() < known[0] else None

    def _read(self) -> str | None:
        with self._database.statement() as connection:
            return connection.execute(_REASON).scalar_one_or_none()
