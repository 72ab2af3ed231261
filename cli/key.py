"""`intendly key …`: keys in encrypted files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.keystore import PasswordFile, has_terminal, new_keystore, piped_key, read_password, typed_key
from cli.options import Json, OptionError, say_json

group = typer.Typer(help="Your key, in an encrypted file.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the group to the program."""
    app.add_typer(group, name="key")


File = Annotated[Path, typer.Argument(metavar="FILE", help="written now, readable by you alone")]


@group.command("new", epilog="Example: intendly key new trader.json")
def new_command(
    file: File,
    password_file: PasswordFile = None,
    as_json: Json = False,
) -> None:
    """Make a key and keep it in FILE, encrypted with a password (Web3 secret storage). Prints the account's address."""
    _check_new(file)
    _keep(file, None, password_file, as_json=as_json)


@group.command("import", epilog="Example: intendly key import trader.json")
def import_command(
    file: File,
    source: Annotated[
        str | None, typer.Argument(metavar="[-]", help="- reads the key from standard input; without it you are asked")
    ] = None,
    password_file: PasswordFile = None,
    as_json: Json = False,
) -> None:
    """Keep a key that you have in FILE, encrypted with a password. You are asked for it, and it is not shown."""
    if source not in (None, "-"):
        raise OptionError("-: expected nothing or -, standard input; a key that is an argument can be read by others")
    _check_new(file)
    if source is None or has_terminal():
        key = typed_key("FILE: expected a terminal to type the key on, or - behind it and the key on standard input")
    else:
        key = piped_key()
    _keep(file, key, password_file, as_json=as_json)


def _check_new(file: Path) -> None:
    if file.exists():
        raise OptionError(f"FILE: expected a new file, got {file}, which exists")


def _keep(file: Path, key: bytes | None, password_file: Path | None, *, as_json: bool) -> None:
    if password_file is not None:
        password = read_password(password_file)
    elif has_terminal():
        password = typer.prompt("password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        raise OptionError("--password-file: expected a file with a password, as there is no terminal to ask on")
    address = new_keystore(file, password, key)
    if as_json:
        say_json({"address": str(address), "keystore": str(file)})
    else:
        typer.echo(address.checksum)
