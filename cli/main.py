"""The program `intendly`. A command is a module with `register(app)`, and a line in `_COMMANDS`."""

from __future__ import annotations

import sys

import typer

from cli import chain, contracts, db, demo, fund, pause, settings_view, up
from cli.failures import explained
from intendly.settings import SettingsError

_COMMANDS = (
    up,
    demo,
    fund,
    chain,
    pause,
    db,
    contracts,
    settings_view,
)

app = typer.Typer(
    help="An intent-based trading venue: signed intents, sealed solver auctions, settlement in one transaction.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in _COMMANDS:
    command.register(app)


def main() -> None:
    """Run the program. Exit codes: 0 done, 1 it did not work, 2 a mistake in what was said, 130 interrupted."""
    try:
        app()
    except SettingsError as error:
        _leave(2, f"settings: {error}")
    except KeyboardInterrupt:
        _leave(130, "interrupted")
    except Exception as error:
        if (text := explained(error)) is None:
            raise
        _leave(1, text)


def _leave(status: int, text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.exit(status)


if __name__ == "__main__":
    main()
