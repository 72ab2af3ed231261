"""`intendly db …`: the schema."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.options import Json, say_json
from intendly.settings import load_settings

group = typer.Typer(help="The database's schema.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the group to the program."""
    app.add_typer(group, name="db")


@group.callback()
def _group() -> None:
    """Keeps `db` a group while it has one command."""


@group.command("upgrade", epilog="Example: intendly db upgrade")
def upgrade_command(revision: Annotated[str, typer.Argument(help="how far")] = "head", as_json: Json = False) -> None:
    """Bring the schema up to date. Waits a few seconds at most for a lock, then gives up and changes nothing."""
    from intendly.adapters.db.migrate import upgrade

    upgrade(load_settings().sqlalchemy_url, revision)
    if as_json:
        say_json({"revision": revision})
    else:
        typer.echo(f"the schema is at {revision}")
