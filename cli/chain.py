"""`intendly chain`: the local chain of `intendly up`, alone."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from cli.options import Json, say_json
from cli.stopping import stopped_once
from cli.venue import NOT_YET, check_writable
from intendly.adapters.embedded import EmbeddedError, embedded_anvil
from intendly.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("chain", epilog="Example: intendly chain --port 8545")(chain)


def chain(
    port: Annotated[int, typer.Option(min=1, max=65_535, help="where it answers, on BIND_HOST")] = 8_545,
    as_json: Json = False,
) -> None:
    """Run a chain for development until Ctrl-C: a block a second, its state in DATA_DIR/anvil."""
    settings = load_settings(NOT_YET)
    check_writable("DATA_DIR", settings.data_dir)
    try:
        with (
            stopped_once(),
            embedded_anvil(
                settings.data_dir, chain_id=settings.chain_id, port=port, host=settings.bind_host, block_time_s=1
            ) as anvil,
        ):
            if anvil.port != port:
                raise EmbeddedError(f"--port: expected a free port, got {port}, which is taken")
            if as_json:
                say_json({"chain_id": anvil.chain_id, "rpc": anvil.rpc_url})
            else:
                typer.echo(f"chain {anvil.chain_id} at {anvil.rpc_url}")
            status = anvil.child.process.wait()
            raise EmbeddedError(f"anvil ended by itself with {status}; see {settings.data_dir / 'logs' / 'anvil.log'}")
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")
