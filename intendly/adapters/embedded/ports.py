"""Ports of this machine: which are free, and who holds one that is not."""

from __future__ import annotations

import contextlib
import fcntl
import os
import random
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from intendly.adapters.embedded.errors import ChildDied, EmbeddedError

T = TypeVar("T")

# Below the range that the kernel takes the near end of outgoing connections from.
_RANGE = (20_000, 32_000)
_LISTEN = "0A"
_claims: dict[int, int] = {}


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen on `host`:`port` now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def free_port(wanted: int | None = None, host: str = "127.0.0.1") -> int:
    """`wanted` where it is free, else another that is."""
    if wanted is not None and is_free(wanted, host):
        return wanted
    for _ in range(1_000):
        port = random.randint(*_RANGE)  # noqa: S311 - not a secret
        if is_free(port, host):
            return port
    raise EmbeddedError(f"no free port on {host} between {_RANGE[0]} and {_RANGE[1]}")


def claimed_port(wanted: int | None, host: str = "127.0.0.1") -> int:
    """Like `free_port`, for a server that starts later: until `release_claims` no other venue here is given this port.

    Two that start at once would both find a port free, and the clients of one would speak to the other.
    """
    if wanted is not None and is_free(wanted, host) and _claim(wanted):
        return wanted
    for _ in range(1_000):
        port = free_port(None, host)
        if _claim(port):
            return port
    raise EmbeddedError(f"no free port on {host} between {_RANGE[0]} and {_RANGE[1]}")


def release_claims() -> None:
    """Give up what this process claimed; its end does too, but leaves the files to whoever claims these ports next."""
    for port in list(_claims):
        _release(port)


def _release(port: int) -> None:
    descriptor = _claims.pop(port)
    with contextlib.suppress(OSError):  # it is of another user
        _claim_file(port).unlink()  # under the lock: nobody else may
    os.close(descriptor)


def _claim_file(port: int) -> Path:
    return Path(tempfile.gettempdir()) / f"intendly-port-{port}"


def _claim(port: int) -> bool:
    file = _claim_file(port)
    for _ in range(100):
        try:
            # Not O_CREAT where it exists: in a sticky folder the kernel refuses that for a file of another user.
            descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC | (0 if file.exists() else os.O_CREAT), 0o644)
        except FileNotFoundError:  # it was removed between the two
            continue
        except PermissionError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        if os.fstat(descriptor).st_nlink:
            _claims[port] = descriptor
            return True
        os.close(descriptor)  # it was removed before the lock, which is one on nothing
    return False


def on_free_port(wanted: int | None, start: Callable[[int], T]) -> T:
    """`start` with a free port that is claimed until it listens; again with another when a stranger took it meanwhile.

    A server that came too late for its port would else be taken for the one that was there first.
    """
    for _ in range(4):
        port = claimed_port(wanted)
        try:
            return start(port)
        except ChildDied:
            if is_free(port):
                raise
        finally:
            _release(port)
    return start(free_port())


def port_holder(port: int) -> str:
    """Who listens on `port`, as far as this user may see: "process 4711 (gunicorn …)"."""
    inodes = _listening_inodes(port)
    for entry in Path("/proc").glob("[0-9]*"):
        if inodes & _open_files(entry):
            words = (entry / "cmdline").read_bytes().split(b"\0")
            return f"process {entry.name} ({b' '.join(words[:4]).decode(errors='replace').strip()})"
    return "a process of another user"


def _open_files(process: Path) -> set[str]:
    found = set()
    with contextlib.suppress(OSError):  # it has gone, or is of another user
        for name in os.listdir(process / "fd"):  # noqa: PTH208 - names are enough
            with contextlib.suppress(FileNotFoundError):
                found.add(str((process / "fd" / name).readlink()))
    return found


def _listening_inodes(port: int) -> set[str]:
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            rows = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            fields = row.split()
            if fields[3] == _LISTEN and int(fields[1].rsplit(":", 1)[1], 16) == port:
                found.add(f"socket:[{fields[9]}]")
    return found
