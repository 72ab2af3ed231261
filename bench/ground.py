"""What the subjects measure on: PostgreSQL and Valkey as `intendly up` runs them, in a folder that goes in the end."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import psycopg2
from intendly_sdk.primitives import ZERO_HASH, Address
from intendly_sdk.typed_data import PERMIT2

from cli.console import LogFiles
from cli.processes import ROOT, venue_processes
from cli.supervisor import Supervisor
from intendly.adapters.chain.keys import load_or_make_key
from intendly.adapters.db.migrate import upgrade
from intendly.adapters.embedded import embedded_postgres, embedded_valkey
from intendly.adapters.embedded.ports import free_port, release_claims
from intendly.adapters.embedded.postgres import EmbeddedPostgres
from intendly.adapters.embedded.valkey import EmbeddedValkey
from intendly.domain.deployment import Deployment, Token
from intendly.settings import Settings, load_settings

_TEMPLATE = "bench_template"
World = TypeVar("World")

DEPLOYMENT = Deployment(
    chain_id=31_337,
    genesis_hash=ZERO_HASH,
    settlement=Address("0x" + "5e" * 20),
    registry=Address("0x" + "7e" * 20),
    permit2=PERMIT2,
    multicall3=Address("0xcA11bde05977b3631167028862bE2a173976CA11"),
    wrapped_native=Address("0x" + "01" * 20),
    deploy_block=1,
    max_fee_bps=1_000,
    max_partner_fee_bps=300,
    tokens=(
        Token(address=Address("0x" + "01" * 20), symbol="WETH", name="Wrapped Ether", decimals=18),
        Token(address=Address("0x" + "02" * 20), symbol="USDC", name="USD Coin", decimals=6),
    ),
)
"""For a process that needs to know of contracts, and does not speak to a chain."""


class Ground:
    """Started at first use, stopped by `close`. With `durable` a commit is on the disk, as in production."""

    def __init__(self, *, durable: bool = True) -> None:
        self._durable = durable
        self._stack = ExitStack()
        self._numbers = itertools.count(1)
        self._kept: dict[str, Any] = {}

    def close(self) -> None:
        self._stack.close()

    @cached_property
    def folder(self) -> Path:
        """Every user may enter it, since PostgreSQL refuses to run as root."""
        folder = Path(tempfile.mkdtemp(prefix="intendly-bench-"))
        folder.chmod(0o755)
        self._stack.callback(shutil.rmtree, folder, ignore_errors=True)
        return folder

    @cached_property
    def postgres(self) -> EmbeddedPostgres:
        server = self._stack.enter_context(embedded_postgres(self.folder, durable=self._durable))
        administer(server, f"CREATE DATABASE {_TEMPLATE}")
        upgrade(_sqlalchemy(server.url_of(_TEMPLATE)))
        return server

    @cached_property
    def valkey(self) -> EmbeddedValkey:
        return self._stack.enter_context(embedded_valkey(self.folder, durable=self._durable))

    def keep(self, name: str, world: Callable[[], AbstractContextManager[World]]) -> World:
        """What subjects share, made by the first that asks for `name`; it goes in the end."""
        if name not in self._kept:
            self._kept[name] = self._stack.enter_context(world())
        kept: World = self._kept[name]
        return kept

    def new_folder(self, name: str) -> Path:
        """An empty one."""
        folder = self.folder / f"{name}-{next(self._numbers)}"
        folder.mkdir()
        return folder

    def site(self, **given: str) -> Settings:
        """The settings of a venue of its own: an empty database with the newest schema, a Redis, a data folder, keys.

        `given` are further variables. There is no chain behind it.
        """
        number = next(self._numbers)
        name, folder = f"bench_{number}", self.new_folder("site")
        administer(self.postgres, f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
        (folder / "keys").mkdir()
        (folder / "deployment.json").write_text(DEPLOYMENT.model_dump_json())
        for key in ("auctioneer", "submitter", "receipts"):
            load_or_make_key(folder / "keys" / f"{key}.key")
        ports = {each: str(free_port()) for each in ("RELAYER_PORT", "WEBSOCKET_PORT", "COORDINATOR_PORT")}
        parts = {
            "DATABASE_URL": self.postgres.url_of(name),
            "REDIS_URL": self.valkey.url_of(number % 16),
            "RPC_URLS": "http://127.0.0.1:1",
            "DATA_DIR": str(folder),
        }
        return load_settings(parts | ports | given)


@contextmanager
def running(settings: Settings, *names: str) -> Iterator[Supervisor]:
    """These of the venue's processes as production runs them, ready; their logs in the data folder."""
    specs = [spec for spec in venue_processes(settings) if spec.name in names]
    try:
        with closing(LogFiles(settings.data_dir / "logs")) as logs, Supervisor(specs, logs, cwd=ROOT) as supervisor:
            supervisor.wait_ready()
            yield supervisor
    finally:
        release_claims()


def administer(server: EmbeddedPostgres, *statements: str) -> None:
    with closing(psycopg2.connect(server.url_of("postgres"))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)


def _sqlalchemy(url: str) -> str:
    return url.replace("://", "+psycopg2://", 1)
