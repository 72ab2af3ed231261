"""The venue as `intendly up` runs it: its servers, its chain with one-second blocks, every process, both solvers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, redirect_stderr
from dataclasses import dataclass
from io import StringIO
from typing import Final

from intendly_sdk.client import VenueClient

from bench.child import BenchError
from bench.rows import Run
from cli.console import LogFiles
from cli.demo.market import DemoMarket
from cli.processes import ROOT, SOLVERS, solver_processes, venue_processes
from cli.supervisor import Supervisor
from cli.venue import prepare, running_parts
from intendly.bootstrap.base import BaseVenue
from intendly.domain.deployment import Deployment
from intendly.settings import Settings

UNLIMITED: Final = {name: "1000000/second" for name in Settings.model_fields if name.startswith("limit_")}
"""Settings with budgets that nobody uses up."""
_PATIENCE_S: Final = 30.0


@dataclass(frozen=True)
class WholeVenue:
    """What it is told, who keeps it running, what it stands on, and who gives swappers what they sell."""

    settings: Settings
    supervisor: Supervisor
    deployment: Deployment
    market: DemoMarket


def whole_venue(run: Run) -> WholeVenue:
    """Ready, with the reference solvers on every roster from here on; all subjects share it."""
    return run.ground.keep("whole venue", lambda: _started(run))


@contextmanager
def _started(run: Run) -> Iterator[WholeVenue]:
    folder = run.ground.new_folder("venue")
    with ExitStack() as stack:
        with redirect_stderr(StringIO()):  # which ports it takes is of no interest here
            ground = stack.enter_context(running_parts(use_external=False, data_dir=folder))
        settings = ground.settings.model_copy(update=UNLIMITED)
        prepare(ground)
        logs = stack.enter_context(closing(LogFiles(folder / "logs")))
        supervisor = Supervisor(venue_processes(settings) + solver_processes(settings), logs, cwd=ROOT)
        stack.enter_context(supervisor).wait_ready()
        deployment = stack.enter_context(closing(BaseVenue(settings, process="bench"))).deployment
        market = stack.enter_context(closing(DemoMarket(settings, deployment)))
        _wait_for_solvers(stack.enter_context(VenueClient(settings.api_url)))
        yield WholeVenue(settings, supervisor, deployment, market)


def _wait_for_solvers(venue: VenueClient) -> None:
    """Until the index knows the reference solvers: an intent that is posted before finds an empty roster."""
    ends = time.monotonic() + _PATIENCE_S
    while len(venue.solvers().solvers) < len(SOLVERS):
        if time.monotonic() > ends:
            raise BenchError(f"the solvers did not register within {_PATIENCE_S:.0f} s")
        time.sleep(0.05)
