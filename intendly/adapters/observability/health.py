"""What a process says of its own health: named parts, each probed with a short time limit.

A part that is not `required` may be down while the process is ready: it says so, and work goes on more slowly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from redis import Redis
from sqlalchemy import text

if TYPE_CHECKING:
    from intendly.adapters.db.engine import Database
    from intendly.services.ports import PauseReader

Facts = Mapping[str, Any]


class PartDown(Exception):
    """A probe's own words for what is wrong. Any other exception shows as the name of its type alone."""


@dataclass(frozen=True, slots=True)
class Check:
    """A part's name and its probe, which returns facts to show, or raises. It must return within about 2 seconds.

    A part that is `vital` is of the process itself: where it is down, only a restart helps.
    """

    name: str
    probe: Callable[[], Facts]
    required: bool = True
    vital: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """The answer of every check."""

    parts: Mapping[str, Mapping[str, Any]]
    ready: bool

    @property
    def status(self) -> str:
        """`ok`; `degraded` where a part that is not required is down; `down` where the process cannot work."""
        if not self.ready:
            return "down"
        return "ok" if all(part["ok"] for part in self.parts.values()) else "degraded"

    def as_json(self) -> dict[str, Any]:
        """The body of GET /health."""
        return {"status": self.status, "ready": self.ready, "parts": dict(self.parts)}


def run_checks(checks: Sequence[Check]) -> Report:
    """Probe every part, in order. Never raises."""
    parts = {check.name: _probe(check) for check in checks}
    return Report(parts, ready=all(parts[check.name]["ok"] for check in checks if check.required))


def is_alive(checks: Sequence[Check]) -> bool:
    """Whether every vital part is up. What the process leans on has no say in it. Never raises."""
    return run_checks([check for check in checks if check.vital]).ready


def _probe(check: Check) -> dict[str, Any]:
    try:
        return {"ok": True, "required": check.required, **check.probe()}
    except PartDown as down:
        return {"ok": False, "required": check.required, "detail": str(down)}
    except Exception as error:  # noqa: BLE001 - whatever is wrong with a part is its answer
        return {"ok": False, "required": check.required, "detail": type(error).__name__}


def database_check(database: Database) -> Check:
    """PostgreSQL answers. Give it a `Database` of its own, so that a busy pool is not taken for a dead server."""

    def probe() -> Facts:
        with database.transaction() as connection:
            connection.execute(text("SELECT 1"))
        return {}

    return Check("database", probe)


def pause_check(pause: PauseReader) -> Check:
    """Whether the venue is paused, and why; that is no fault."""
    return Check("pause", lambda: {"reason": pause.reason()}, required=False)


def redis_check(redis_url: str) -> Check:
    """Redis answers. Not required: without it the sweeps of beat find the work, later."""
    client = Redis.from_url(redis_url, socket_timeout=1.0, socket_connect_timeout=1.0)

    def probe() -> Facts:
        client.ping()
        return {}

    return Check("redis", probe, required=False)


def chain_check(database: Database, *, stale_after_s: int = 60) -> Check:
    """How far the indexed chain lies behind the database's clock. Not required: intents are accepted all the same."""

    def probe() -> Facts:
        with database.transaction() as connection:
            row = connection.execute(
                text(
                    "SELECT block_number, extract(epoch FROM clock_timestamp())::bigint - block_time AS age"
                    " FROM chain_cursor"
                )
            ).one_or_none()
        if row is None:
            raise PartDown("no block is indexed yet")
        if row.age > stale_after_s:
            raise PartDown(f"the newest indexed block, {row.block_number}, is {row.age} s old")
        return {"block_number": row.block_number, "age_s": row.age}

    return Check("chain", probe, required=False)
