"""`intendly up`: the whole venue on one machine, until it is told to stop."""

from __future__ import annotations

import sys
import time
from typing import Annotated

import typer

from cli.console import Screen
from cli.processes import solver_processes, venue_processes
from cli.stopping import stopped_once
from cli.supervisor import SUPERVISOR, Supervisor
from cli.venue import Ground, flower_password_path, prepare, running_parts
from intendly.adapters.embedded import EmbeddedError
from intendly.adapters.observability.logging import configure_logging

_WALLETS_EXPECT = 8_545


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("up")(up)


def up(
    solvers: Annotated[bool, typer.Option(help="run the two reference solvers too")] = True,
) -> None:
    """Run the venue: its servers where DATABASE_URL, REDIS_URL or RPC_URLS do not name others, and every process."""
    try:
        with stopped_once(), running_parts(use_external=True, anvil_port=_WALLETS_EXPECT) as ground:
            _run(ground, with_solvers=solvers)
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")


def _run(ground: Ground, *, with_solvers: bool) -> None:
    configure_logging(SUPERVISOR, ground.settings.log_level, ground.settings.log_format)
    prepare(ground)
    specs = venue_processes(ground.settings)
    if with_solvers:
        specs += solver_processes(ground.settings)
    screen = Screen([*(spec.name for spec in specs), SUPERVISOR])
    with Supervisor(specs, screen) as venue:
        venue.wait_ready()
        for line in _welcome(ground):
            screen(SUPERVISOR, line)
        while (fallen := ground.parts.fallen()) is None:
            time.sleep(0.5)
    raise EmbeddedError(f"{fallen} ended by itself; see {ground.settings.data_dir / 'logs' / f'{fallen}.log'}")


def _welcome(ground: Ground) -> list[str]:
    settings = ground.settings
    lines = [
        "ready",
        f"API       {settings.api_url}/api/v1/config",
        f"stream    {settings.stream_url}",
        f"Flower    http://{settings.bind_host}:{settings.flower_port} as {settings.flower_user},"
        f" password in {flower_password_path(settings)}",
    ]
    if ground.parts.anvil:
        lines.append(f"chain     {ground.parts.anvil.rpc_url}, chain id {settings.chain_id}")
    return [*lines, "Ctrl-C stops everything"]
