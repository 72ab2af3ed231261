"""backend-coordinator: a Celery worker with a health port. `python -m workers.coordinator [GROUP]`

The groups split the queues by urgency, so that a slow solver or a backup never holds up a close; without a group one
worker serves every queue. Stateless: run as many as you like of each. SIGTERM lets running tasks end, hands back the
rest, and stops within about eight seconds.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
import threading
import time
import warnings
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

import structlog

from intendly.adapters import loading
from intendly.adapters.asking import say_if_private_is_allowed
from intendly.adapters.queue import QUEUES

if TYPE_CHECKING:
    from intendly.adapters.observability.health import Check
    from intendly.settings import Settings


SHUTDOWN_S: Final = 8.0
"""Longer than celery's own soft shutdown, shorter than the patience of whoever stops the process."""


@dataclass(frozen=True, slots=True)
class Group:
    """Which queues a worker serves, and how: `threads` where tasks mostly wait for others' answers."""

    queues: tuple[str, ...]
    pool: str
    concurrency: int


GROUPS: Final[dict[str, Group]] = {
    "auctions": Group(("auctions",), "prefork", 2),
    "solvers": Group(("solvers",), "threads", 32),  # a tick lasts as long as its slowest solver, others go on
    "settlements": Group(("settlements", "maintenance"), "prefork", 2),
    "all": Group(QUEUES, "prefork", 4),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the worker in this process until a signal stops it."""
    options = _options(arguments)
    loading.begin()
    os.environ.setdefault("REMAP_SIGTERM", "SIGQUIT")  # billiard reads it at its import
    from intendly.adapters.observability.logging import configure_logging
    from workers.celery_app import app, settings, task_modules

    group = GROUPS[options.group]
    configure_logging(f"backend-coordinator {options.group}", settings.log_level, settings.log_format)
    if "settlements" in group.queues:
        _check_home(settings)
    if "solvers" in group.queues:
        say_if_private_is_allowed(settings.solver_allow_private)
    _serve_health(settings, options.group, options.health_port or settings.coordinator_port)
    _end_in_time()
    _warn_of_root()
    app.conf.include = task_modules(group.queues)
    worker = app.Worker(  # celery's own command imports its shell, its colours and Flower too
        quiet=True,  # no banner
        queues=group.queues,
        pool_cls=group.pool,
        concurrency=options.concurrency or group.concurrency,
        hostname=f"{options.group}-{os.getpid()}@{socket.gethostname()}",
        loglevel=settings.log_level,
        without_gossip=True,
        without_mingle=True,
    )
    loading.done()
    worker.start()
    sys.exit(worker.exitcode)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="workers.coordinator", description="A worker of the venue's pipeline.")
    parser.add_argument("group", nargs="?", default="all", choices=sorted(GROUPS))
    parser.add_argument("--concurrency", type=int, help="pool processes or threads")
    parser.add_argument("--health-port", type=int, help="default: COORDINATOR_PORT")
    return parser.parse_args(arguments)


def _check_home(settings: Settings) -> None:
    """What writes rows from the chain starts only beside its own. Raises `SettingsError` that names both."""
    from intendly.bootstrap.chain import ChainVenue

    with closing(ChainVenue(settings, process="coordinator start")) as venue:
        venue.check_home.run()


def _serve_health(settings: Settings, group: str, port: int) -> None:
    from intendly.adapters.observability.health import chain_check, database_check, redis_check
    from intendly.adapters.observability.metrics import serve_health
    from intendly.bootstrap.base import BaseVenue

    database = BaseVenue(settings, process=f"coordinator {group} health").database
    checks = [
        database_check(database),
        redis_check(settings.redis_url.get_secret_value()),
        chain_check(database),
        _ticks_check(),
    ]
    serve_health(port, checks, host=settings.bind_host, process=f"backend-coordinator {group}")


def _warn_of_root() -> None:
    """celery's own warning in one line; its danger is pickle, and messages here are JSON."""
    from celery.exceptions import SecurityWarning

    warnings.filterwarnings("ignore", category=SecurityWarning)
    if os.geteuid() == 0:
        structlog.get_logger().warning("runs_as_root", advice="in production run it as a user of its own")


def _end_in_time() -> None:
    """A shutdown that takes longer than `SHUTDOWN_S` is cut short: what is undone is due in the database all the same.

    A pool process that neither works nor dies would hold up celery's own shutdown for ever.
    """
    from billiard import active_children
    from celery.signals import worker_ready

    def cut_short() -> None:
        time.sleep(SHUTDOWN_S)
        structlog.get_logger().warning("shutdown_cut_short", after_s=SHUTDOWN_S)
        for child in active_children():
            if child.pid is not None:
                with suppress(ProcessLookupError):
                    os.kill(child.pid, signal.SIGKILL)
        os._exit(0)

    def watch(**_: Any) -> None:
        # Around celery's own handler, which shuts down from within: its signal of it comes when that has ended.
        celerys = signal.getsignal(signal.SIGTERM)

        def on_sigterm(number: int, frame: FrameType | None) -> None:
            threading.Thread(target=cut_short, name="shutdown", daemon=True).start()
            if callable(celerys):
                celerys(number, frame)

        signal.signal(signal.SIGTERM, on_sigterm)

    worker_ready.connect(watch, weak=False)


def _ticks_check(stale_after_s: float = 15.0) -> Check:
    """Messages still arrive. Not required: a worker is not at fault when beat or the broker is away."""
    from celery.signals import task_received

    from intendly.adapters.observability.health import Check, PartDown

    seen = {"at": time.monotonic(), "count": 0.0}

    def received(**_: Any) -> None:
        seen.update(at=time.monotonic(), count=seen["count"] + 1)

    def probe() -> dict[str, Any]:
        age = time.monotonic() - seen["at"]
        if age > stale_after_s:
            raise PartDown(f"no message for {age:.0f} s")
        return {"received": int(seen["count"]), "age_s": round(age, 1)}

    task_received.connect(received, weak=False)
    return Check("ticks", probe, required=False)


if __name__ == "__main__":
    main()
