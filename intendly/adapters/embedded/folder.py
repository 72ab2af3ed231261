"""The folder of one embedded part: held by one process at a time, with its secret and its log."""

from __future__ import annotations

import fcntl
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from intendly.adapters.embedded.child import Child
from intendly.adapters.embedded.errors import ChildDied, EmbeddedError

_LEFTOVER_S = 20.0


@dataclass(frozen=True)
class PartFolder:
    """`base` is the data folder of the venue, `path` the one that the part itself writes, `lock_fd` the hold on it."""

    part: str
    base: Path
    lock_fd: int

    @property
    def path(self) -> Path:
        return self.base / self.part

    @property
    def log_path(self) -> Path:
        return self.base / "logs" / f"{self.part}.log"

    def password(self) -> str:
        """The part's own random password, made at the first call and kept with mode 0600."""
        file = self.base / "keys" / f"{self.part}.password"
        file.parent.mkdir(mode=0o700, exist_ok=True)
        try:
            return file.read_text().strip()
        except FileNotFoundError:
            write_private(file, secrets.token_hex(24))
            return file.read_text().strip()

    def died(self, child: Child) -> ChildDied:
        """The error for a child that ended before it was ready, with the last of what it said."""
        lines = self.log_path.read_text(errors="replace").splitlines()[-8:]
        return ChildDied(
            f"{self.part} ended with {child.process.returncode}; {self.log_path}:\n  " + "\n  ".join(lines)
        )

    def wait_ready(self, child: Child, ready: Callable[[], bool], timeout_s: float = 60) -> None:
        """Poll `ready()` until it is true. Raises `ChildDied` when the child ends first, `EmbeddedError` in the end."""
        end = time.monotonic() + timeout_s
        while not ready():
            if not child.running():
                raise self.died(child)
            if time.monotonic() > end:
                raise EmbeddedError(f"{self.part} is not ready after {timeout_s:.0f} s; see {self.log_path}")
            time.sleep(0.02)


def alive(pid: int) -> bool:
    """Whether a process runs under this number; one that ended and was not waited for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


def write_private(file: Path, text: str) -> None:
    """Write `text` to a file that is never readable by others, whole or not at all."""
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        stream.write(text)
    draft.replace(file)


@contextmanager
def held_folder(part: str, base: Path) -> Iterator[PartFolder]:
    """Hold the folder `base`/`part` for this process.

    The lock is handed on to the part itself, so it outlives a killed holder until the part is gone too: two servers
    never write one folder. Raises `EmbeddedError` that names the holder.
    """
    base = base.absolute()
    (base / "logs").mkdir(parents=True, exist_ok=True)
    lock_fd = os.open(base / f"{part}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _take(lock_fd, part, base)
        yield PartFolder(part, base, lock_fd)
    finally:
        os.close(lock_fd)


def _take(lock_fd: int, part: str, base: Path) -> None:
    end = time.monotonic() + _LEFTOVER_S
    while True:
        try:
            fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            holder = os.pread(lock_fd, 32, 0).decode().strip()
            if holder and alive(int(holder)):
                raise EmbeddedError(
                    f"the {part} in {base} is in use by process {holder}; stop that one first"
                ) from None
            if time.monotonic() > end:
                raise EmbeddedError(f"a {part} left by process {holder} still runs in {base}") from None
            time.sleep(0.05)
    os.ftruncate(lock_fd, 0)
    os.pwrite(lock_fd, str(os.getpid()).encode(), 0)
