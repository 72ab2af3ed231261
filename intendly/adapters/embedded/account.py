"""Who PostgreSQL runs as: it refuses root."""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Iterable
from pathlib import Path

from intendly.adapters.embedded.child import Account
from intendly.adapters.embedded.errors import EmbeddedError

_NOBODY = 65_534


def server_account(data: Path, must_read: Iterable[Path]) -> Account | None:
    """The account for a server that must not be root: None (stay) unless this process is root.

    As root it is the owner of `data` where that exists and is not root's, else nobody. Where a folder above `data` or
    one of `must_read` shuts strangers out, such as a home of mode 0700, the account may read all the same.
    """
    if os.geteuid() != 0:
        return None
    uid, gid = _nobody()
    if data.exists() and (owner := data.stat()).st_uid != 0:
        uid, gid = owner.st_uid, owner.st_gid
    shut = any(_shuts_out(folder) for path in (data, *must_read) for folder in path.resolve().parents)
    return Account(uid, gid, read_all=shut)


def check_has_name(uid: int) -> None:
    """PostgreSQL's initdb insists on a name. Raises `EmbeddedError` for a user who has none, as in some containers."""
    try:
        pwd.getpwuid(uid)
    except KeyError:
        raise EmbeddedError(
            f"user {uid} has no name on this machine (/etc/passwd), and PostgreSQL's initdb wants one: "
            "run as another user, or set DATABASE_URL"
        ) from None


def _nobody() -> tuple[int, int]:
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        return _NOBODY, _NOBODY
    return entry.pw_uid, entry.pw_gid


def _shuts_out(folder: Path) -> bool:
    return not folder.stat().st_mode & stat.S_IXOTH
