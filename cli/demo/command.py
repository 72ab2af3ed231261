"""`intendly demo`."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path
from typing import Annotated

import typer

from cli.demo.folder import fresh_folder
from cli.stopping import stopped_once
from cli.venue import running_parts
from intendly.adapters.observability.logging import configure_logging


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("demo", epilog="Example: intendly demo --once --json --intents 20")(demo)


def demo(
    intents: Annotated[int, typer.Option(min=1, max=1_000, help="how many intents are signed and posted")] = 10,
    interval: Annotated[float, typer.Option(min=0, max=60, help="seconds between two of them")] = 0.25,
    seed: Annotated[int | None, typer.Option(min=0, help="repeats the trades of the run that printed it")] = None,
    once: Annotated[bool, typer.Option("--once", help="end when all is settled instead of staying up")] = False,
    json: Annotated[bool, typer.Option("--json", help="end with one line of JSON on standard output")] = False,
    solvers: Annotated[
        int,
        typer.Option(min=2, max=50, help="how many solvers compete, each a process of 80 MB; half hold an inventory"),
    ] = 2,
    solver_margin_bps: Annotated[
        int | None,
        typer.Option(min=0, max=5_000, help="what each solver keeps for itself; a lot makes fills worse"),
    ] = None,
    timeout: Annotated[float, typer.Option(min=1, help="seconds to wait for the last intent")] = 120,
    data_dir: Annotated[Path, typer.Option(help="holds the demo's folder, which each run begins anew")] = Path(".data"),
    use_external: Annotated[
        bool, typer.Option("--use-external", help="use DATABASE_URL, REDIS_URL and RPC_URLS where they are set")
    ] = False,
) -> None:
    """Trade: swappers, solvers, chain and venue from nothing. Exit code 0 when every intent was settled."""
    from cli.demo.run import DemoRun  # which brings what no other command needs
    from cli.demo.screen import DemoScreen

    seed = secrets.randbelow(2**32) if seed is None else seed
    stays = not once and sys.stdout.isatty()
    screen = DemoScreen(to_stderr=json)
    configure_logging("demo", "WARNING", "console")  # the story is the screen's; the processes have logs of their own
    try:
        with (
            stopped_once(),
            fresh_folder(data_dir) as folder,
            running_parts(use_external=use_external, data_dir=folder) as ground,
        ):
            demo = DemoRun(ground, screen, seed=seed, solvers=solvers, margin_bps=solver_margin_bps)
            result = demo.run(intents, interval, timeout, stays=stays)
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")
        raise typer.Exit(0 if stays else 130) from None
    if json:
        sys.stdout.write(f"{result.line()}\n")
    raise typer.Exit(0 if result.settled == result.settled_on_chain == result.intents else 1)
