"""`intendly key …`: keys in encrypted files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from cli.keystore import PasswordFile, new_keystore, read_password, typed_key
from cli.options import Json, OptionError, say_json

group = typer.Typer(help="Your key, in an encrypted file.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the group to the program."""
    app.add_typer(group, name="key")


File = Annotated[Path, typer.Argument(help="written now, readable by you alone")]


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
    password_file: PasswordFile = None,
    as_json: Json = False,
) -> None:
    """Keep a key that you have in FILE, encrypted with a password. You are asked for it, and it is not shown."""
    _check_new(file)
    key = typed_key("FILE: expected a terminal to type the key on; it is never an argument")
    _keep(file, key, password_file, as_json=as_json)


def _check_new(file: Path) -> None:
    if file.exists():
        raise OptionError(f"FILE: expected a new file, got {file}, which exists")


def _keep(file: Path, key: bytes | None, password_file: Path | None, *, as_json: bool) -> None:
    if password_file is not None:
        password = read_password(password_file)
    elif sys.stdin.isatty():
        password = typer.prompt("password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        raise OptionError("--password-file: expected a file with a password, as there is no terminal to ask on")
    address = new_keystore(file, password, key)
    if as_json:
        say_json({"address": str(address), "keystore": str(file)})
    else:
        typer.echo(address.checksum)
