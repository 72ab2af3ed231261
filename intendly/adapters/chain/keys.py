"""Private keys in files of their own, readable by their owner alone. Never printed, never logged, never committed."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from intendly_sdk.signatures import Signer

from intendly.settings import SettingsError


def load_key(path: Path) -> Signer:
    """The key in `path`: 64 hex digits. Raises `SettingsError` that names the file, never what is in it."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        text = path.read_text()
    except OSError as error:
        raise SettingsError(f"key file {path}: {error.strerror}") from None
    if mode & 0o077:
        raise SettingsError(f"key file {path} can be read by others: chmod 600 it")
    try:
        return Signer(text)
    except ValueError:
        raise SettingsError(f"key file {path} does not hold 64 hex digits of a private key") from None


def load_or_make_key(path: Path) -> Signer:
    """The key in `path`, made now where there is none."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return load_key(path)
    except OSError as error:
        raise SettingsError(f"key file {path}: {error.strerror}") from None
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_bytes(32).hex() + "\n")
    return load_key(path)
