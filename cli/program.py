"""The program `intendly`. A command is a module with `register(app)`, and a line in `_COMMANDS`."""

from __future__ import annotations

import sys
from typing import NoReturn

import typer
from typer.exceptions import TyperException

from cli import auction, chain, contracts, db, demo, fund, intent, key, pause, quote, settings_view, solver, trade, up
from cli.failures import explained
from cli.options import OptionError
from intendly.settings import SettingsError

_COMMANDS = (
    up,
    demo,
    fund,
    key,
    quote,
    trade,
    intent,
    auction,
    solver,
    chain,
    pause,
    db,
    contracts,
    settings_view,
)

app = typer.Typer(
    help="An intent-based trading venue: signed intents, sealed solver auctions, settlement in one transaction.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for command in _COMMANDS:
    command.register(app)


def run() -> NoReturn:
    """Run the program. Exit codes: 0 done, 1 it did not work, 2 a mistake in what was said, 130 interrupted."""
    try:
        status = app(prog_name="intendly", standalone_mode=False)  # which leaves the errors to us, a line for each
    except TyperException as error:
        context = getattr(error, "ctx", None)
        more = f" See `{context.command_path} --help`." if context and "\n" not in error.message else ""
        _leave(error.exit_code, f"{error.format_message()}{more}")
    except typer.Abort:
        _leave(1, "given up; nothing was done")
    except OptionError as error:
        _leave(2, str(error))
    except SettingsError as error:
        _leave(2, f"settings: {error}")
    except KeyboardInterrupt:
        _leave(130, "interrupted")
    except Exception as error:
        if (leave := explained(error)) is None:
            raise
        _leave(*leave)
    sys.exit(status)


def _leave(status: int, text: str) -> NoReturn:
    sys.stderr.write(f"{text}\n")
    sys.exit(status)
