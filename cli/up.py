"""`intendly up`: the whole venue on one machine, until it is told to stop."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Annotated

import typer

from cli.console import QuietStart, Screen
from cli.options import Json, say_json
from cli.processes import solver_processes, venue_processes
from cli.stopping import stopped_once
from cli.supervisor import SUPERVISOR, ProcessSpec, Supervisor
from cli.venue import Ground, flower_password_path, prepare, running_parts
from intendly.adapters.embedded import EmbeddedError
from intendly.adapters.observability.logging import configure_logging
from intendly.adapters.observability.secret_mask import masked_text
from intendly.settings import exported

_WALLETS_EXPECT = 8_545
_LOOK_S = 0.2


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("up", epilog="Example: intendly up --no-solvers")(up)


def up(
    solvers: Annotated[bool, typer.Option(help="run the two reference solvers too")] = True,
    as_json: Json = False,
) -> None:
    """Run the venue: its servers where DATABASE_URL, REDIS_URL or RPC_URLS do not name others, and every process."""
    try:
        with stopped_once(), running_parts(use_external=True, anvil_port=_WALLETS_EXPECT) as ground:
            _run(ground, with_solvers=solvers, as_json=as_json)
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")


def _run(ground: Ground, *, with_solvers: bool, as_json: bool) -> None:
    settings = ground.settings
    configure_logging(SUPERVISOR, "WARNING", settings.log_format)  # how far it is the screen says
    specs = venue_processes(settings)
    if with_solvers:
        specs += solver_processes(settings)
    lines = Screen([*(spec.name for spec in specs), SUPERVISOR], sys.stderr if as_json else sys.stdout)
    screen = QuietStart(lines, lambda: ground.parts.fallen() is not None)
    screen.ready = settings.log_level == "DEBUG"
    screen(SUPERVISOR, f"servers are up, data in {settings.data_dir}; schema and contracts follow")
    prepare(ground)
    screen(SUPERVISOR, f"schema and contracts stand; {len(specs)} processes start")
    with Supervisor(specs, screen) as venue:
        venue.wait_ready()
        screen.ready = True
        for line in _welcome(ground, specs):
            screen(SUPERVISOR, line)
        if as_json:
            say_json(_addresses(ground))
        while (fallen := ground.parts.fallen()) is None:
            time.sleep(_LOOK_S)
        why = f"{fallen} ended by itself; see {ground.settings.data_dir / 'logs' / f'{fallen}.log'}"
        screen(SUPERVISOR, f"{why}; everything stops")
    raise EmbeddedError(why)


def _addresses(ground: Ground) -> dict[str, object]:
    """What a program needs of a venue that is ready."""
    settings, chain = ground.settings, ground.parts.anvil
    return {
        "api": settings.api_url,
        "stream": settings.stream_url,
        "rpc": chain.rpc_url if chain else None,
        "chain_id": chain.chain_id if chain else None,
        "data_dir": str(settings.data_dir),
    }


def _welcome(ground: Ground, specs: Sequence[ProcessSpec]) -> list[str]:
    """A table of addresses: what, where, and what to know about it."""
    settings, keys = ground.settings, ground.settings.data_dir / "keys"
    table = [("API", f"{settings.api_url}/api/v1", ""), ("stream", settings.stream_url, "")]
    for spec in specs:
        if spec.name.startswith("backend-coordinator/") and spec.health_url:
            table.append(("health", f"{spec.health_url.partition('/health')[0]}/health", spec.name))
    password = "FLOWER_PASSWORD" if exported("FLOWER_PASSWORD") else flower_password_path(settings)
    log_in = f"{settings.flower_user}, password in {password}"
    table.append(("Flower", f"http://{settings.bind_host}:{settings.flower_port}", log_in))
    variables = f"INTENDLY_API_URL={settings.api_url}"
    if chain := ground.parts.anvil:
        table.append(("chain", chain.rpc_url, f"chain id {chain.chain_id}"))
        variables += f" RPC_URL={chain.rpc_url}"
    kept = f"password in {keys / 'postgres.password'}" if ground.parts.postgres else ""
    table.append(("database", masked_text(settings.database_url.get_secret_value()), kept))
    width = max(len(where) for _, where, _ in table)
    rows = [f"{what:<10}{where:<{width}}  {more}".rstrip() for what, where, more in table]
    return ["ready", *rows, f"for clients in another terminal: export {variables}", "Ctrl-C stops everything"]
