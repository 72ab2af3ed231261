"""Private keys as people keep them: in an encrypted file (Web3 secret storage, version 3), or typed without an echo,
or on standard input.

A key is never an argument and never a variable: both can be read by others, and stay in histories.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import stat
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from intendly_sdk.primitives import Address
from intendly_sdk.signatures import Signer

from cli.options import OptionError

Keystore = Annotated[
    Path | None,
    typer.Option(
        "--keystore",
        metavar="FILE",
        envvar="INTENDLY_KEYSTORE",
        help="your key, encrypted; without it you are asked for the key on the terminal",
    ),
]
PasswordFile = Annotated[
    Path | None, typer.Option("--password-file", metavar="FILE", help="the keystore's password; default: you are asked")
]
_PIPED_MAX_BYTES = 1_024
_KEY = re.compile(r"(0x)?[0-9a-fA-F]{64}")


def load_signer(keystore: Path | None, password_file: Path | None) -> Signer:
    """The key of `keystore`, or the one that is typed now. Raises `OptionError`, which never shows a secret."""
    if keystore is None:
        return Signer(typed_key("--keystore: expected a keystore file, as there is no terminal to type a key on"))
    content = _read_keystore(keystore)
    if password_file is None:
        _check_terminal("--password-file: expected a file with the keystore's password, as there is no terminal to ask")
        password = typer.prompt(f"password of {keystore}", hide_input=True, err=True)
    else:
        password = read_password(password_file)
    return _decrypted(keystore, content, password)


def typed_key(without_terminal: str) -> bytes:
    """The private key that is typed now. Raises `OptionError`, `without_terminal` where nobody can be asked."""
    _check_terminal(without_terminal)
    return _key(typer.prompt("private key (64 hex digits, not shown)", hide_input=True, err=True).strip())


def piped_key() -> bytes:
    """The private key on standard input. Raises `OptionError`."""
    text = sys.stdin.buffer.read(_PIPED_MAX_BYTES).decode(errors="replace").strip() if sys.stdin else ""
    if not text:
        raise OptionError("private key: expected 64 hex digits on standard input, which is empty")
    return _key(text)


def _key(text: str) -> bytes:
    try:
        Signer(text)
        return bytes.fromhex(text.removeprefix("0x"))
    except ValueError as error:
        raise OptionError(f"private key: {error}") from None


def has_terminal() -> bool:
    """Whether somebody can be asked on standard input, which may be closed."""
    return sys.stdin is not None and sys.stdin.isatty()


def keystore_address(keystore: Path) -> Address:
    """Whose key it holds, which needs no password. Raises `OptionError`."""
    text = str(_read_keystore(keystore).get("address", ""))
    try:
        return Address("0x" + text.lower().removeprefix("0x"))
    except ValueError:
        raise OptionError(f"--keystore: {keystore} does not say whose key it holds; give --account") from None


def new_keystore(file: Path, password: str, key: bytes | None = None) -> Address:
    """Write `key`, or one that is made now, encrypted to a new file that its owner alone can read.

    Raises `OptionError`.
    """
    from eth_account import Account

    key = key or secrets.token_bytes(32)
    address = Signer(key).address
    content = json.dumps(Account.encrypt(key, password))
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise OptionError(f"FILE: expected a new file, got {file} ({error.strerror})") from None
    with os.fdopen(descriptor, "w") as stream:
        stream.write(content + "\n")
    return address


def read_password(file: Path) -> str:
    """What the file holds, less the end of its line. Raises `OptionError` for one that others can read."""
    try:
        status = file.stat()
        text = file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise OptionError(f"--password-file: {_why(error)}: {file}") from None
    if stat.S_ISREG(status.st_mode) and stat.S_IMODE(status.st_mode) & 0o077:
        raise OptionError(f"--password-file: {file} can be read by others: chmod 600 it")
    if not (password := text.rstrip("\r\n")):
        raise OptionError(f"--password-file: expected a password in {file}, which is empty")
    return password


def _read_keystore(file: Path) -> dict[str, Any]:
    if _KEY.fullmatch(str(file)):
        raise OptionError("--keystore: expected a file; a key that is given as an argument can be read by others")
    expected = f"--keystore: expected Web3 secret storage (JSON, version 3) in {file}"
    try:
        content = json.loads(file.read_text())
        if stat.S_IMODE(file.stat().st_mode) & 0o077:
            sys.stderr.write(f"warning: {file} can be read by others: chmod 600 {file}\n")
    except OSError as error:
        raise OptionError(f"--keystore: {error.strerror}: {file}") from None
    except ValueError:
        raise OptionError(f"{expected}; `intendly key new` makes one") from None
    if not isinstance(content, dict) or content.get("version") != 3:
        raise OptionError(f"{expected}; `intendly key new` makes one")
    return content


def _decrypted(file: Path, content: dict[str, Any], password: str) -> Signer:
    from eth_account import Account

    try:
        return Signer(bytes(Account.decrypt(content, password)))
    except ValueError as error:
        if "MAC" in str(error):
            raise OptionError(f"--keystore: the password does not open {file}") from None
        raise OptionError(f"--keystore: {file} is damaged, or encrypted in a way that is not known here") from None
    except (KeyError, TypeError, AttributeError, NotImplementedError):
        raise OptionError(f"--keystore: {file} is damaged, or encrypted in a way that is not known here") from None


def _check_terminal(text: str) -> None:
    if not has_terminal():
        raise OptionError(text)


def _why(error: OSError | UnicodeDecodeError) -> str:
    return str(error.strerror) if isinstance(error, OSError) else "expected text"
