"""The program `intendly`. A command is a module with `register(app)`, and a line in `_COMMANDS`."""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from typing import Annotated, NoReturn

import typer
from intendly_sdk.errors import ApiError
from typer.exceptions import TyperException

from cli import auction, chain, contracts, db, demo, fund, intent, key, pause, quote, settings_view, solver, trade, up
from cli.failures import explained
from cli.options import OptionError, answers_in_json
from intendly.domain.errors import VenueError
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
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for command in _COMMANDS:
    command.register(app)


def _say_version(asked: bool) -> None:
    if asked:
        typer.echo(f"intendly {version('intendly')}")
        raise typer.Exit


@app.callback()
def _program(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_say_version, help="say which version it is")
    ] = False,
) -> None:
    """An intent-based trading venue: signed intents, sealed solver auctions, settlement in one transaction."""


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
            _say_failure(1, f"an error that nobody foresaw: {type(error).__name__}", None)
            raise
        _leave(*leave, _code(error))
    sys.exit(status)


def _leave(status: int, text: str, code: str | None = None) -> NoReturn:
    _say_failure(status, text, code)
    sys.stderr.write(f"{text}\n")
    sys.exit(status)


def _say_failure(status: int, text: str, code: str | None) -> None:
    """With --json a failure is an object on standard output too; `code` is the venue's, where it is one of its."""
    if answers_in_json():
        error = {"detail": text} if code is None else {"code": code, "detail": text}
        sys.stdout.write(json.dumps({"error": error, "exit_code": status}) + "\n")
        sys.stdout.flush()


def _code(error: Exception) -> str | None:
    if isinstance(error, ApiError):
        return error.problem.code
    return error.code if isinstance(error, VenueError) else None
