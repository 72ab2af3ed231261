"""websocket-server as production runs it, and clients that a test reads frame by frame."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from intendly_sdk.messages import EventKind
from intendly_sdk.primitives import Address, Hash32
from intendly_sdk.signatures import Signer
from intendly_sdk.typed_data import stream_login_digest
from sqlalchemy import text
from websockets.sync.client import ClientConnection, connect

from intendly.adapters.db import outbox
from intendly.adapters.db.engine import Database
from intendly.adapters.db.events import EventStore
from intendly.adapters.embedded.ports import free_port
from intendly.adapters.live import RedisLive
from intendly.domain.events import Change, Published
from intendly.services.publish_events import PublishEvents
from tests.external import RedisServer
from tests.integration.venue_process import VenueProcess
from tests.integration.web.world import DEPLOYMENT, Rows

SOLVER, RIVAL = Signer(b"\x51" * 32), Signer(b"\x52" * 32)
SWAPPER = Address(b"\x5a" * 20)


class NoPush:
    """A Redis that loses every message."""

    def push(self, events: object) -> None:
        """Nothing."""


class Client:
    """One connection, with `options` of websockets' own; what it was told is in `events`, in the order of arrival."""

    def __init__(self, url: str, begin: int = 0, **options: Any) -> None:
        self.begin = begin
        self._stack = ExitStack()
        self.socket: ClientConnection = self._stack.enter_context(
            connect(url, compression=None, max_size=1 << 20, close_timeout=1, proxy=None, **options)
        )
        self.hello = json.loads(self.socket.recv(timeout=5))
        self.events: list[dict[str, Any]] = []
        self._ids = 0

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def ask(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Send a request and wait for its reply."""
        self._ids += 1
        self.socket.send(json.dumps({"type": kind, "id": self._ids, **fields}))
        while True:
            frame = self._next(5)
            if frame["type"] == "reply" and frame["id"] == self._ids:
                return frame

    def subscribe(self, **fields: Any) -> dict[str, Any]:
        return self.ask("subscribe", **fields)

    def log_in(self, signer: Signer, solver: Address | None = None, *, expires_in_s: int = 60) -> dict[str, Any]:
        expires_at = int(time.time()) + expires_in_s
        who = solver or signer.address
        digest = stream_login_digest(who, Hash32(self.hello["challenge"]), expires_at, DEPLOYMENT.domain)
        return self.ask("login", solver=str(who), expires_at=expires_at, signature=str(signer.sign(digest)))

    def read(self, count: int, timeout_s: float = 10) -> list[dict[str, Any]]:
        """Until `count` events were told in all. Fails when that takes too long."""
        ends = time.monotonic() + timeout_s
        while len(self.events) < count:
            self._next(max(0.01, ends - time.monotonic()))
        return self.events

    def read_for(self, seconds: float) -> list[dict[str, Any]]:
        """Whatever comes within that time."""
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0:
            try:
                self._next(left)
            except TimeoutError:
                break
        return self.events

    def _next(self, timeout: float) -> dict[str, Any]:
        frame: dict[str, Any] = json.loads(self.socket.recv(timeout=timeout))
        if frame["type"] == "event":
            self.events.append(frame)
        return frame


class Stream:
    """A database with events, and servers that tell of them."""

    def __init__(self, database_url: str, redis_url: str, folder: Path, stack: ExitStack) -> None:
        self.rows = Rows(database_url)
        self.rows.seed(SOLVER, RIVAL)
        self._database_url, self._folder, self._stack = database_url, folder, stack
        self.redis_url = redis_url
        self.database = Database(database_url.replace("://", "+psycopg2://", 1), pool_size=8, application="test")
        stack.callback(self.database.dispose)
        self.store = EventStore(self.database)
        self.url = ""
        self.begin = 0
        self._clients = stack.enter_context(ExitStack())

    def begin_anew(self) -> None:
        """For the next test on the same server: `cursor`, `numbers` and `table` count from here."""
        self._clients.close()
        self.begin = self.store.head().last

    def serve(self, **settings: str) -> VenueProcess:
        """Start a server; `url` is that of the newest."""
        port = free_port()
        process = VenueProcess(
            "workers.stream",
            self._database_url,
            self.redis_url,
            self._folder,
            health_url=f"http://127.0.0.1:{port}/health/ready",
            settings={"WEBSOCKET_PORT": str(port), **settings},
        )
        self.url = f"ws://127.0.0.1:{port}/api/v1/stream"
        started: VenueProcess = self._stack.enter_context(process)
        self._stack.callback(_kill, started)
        return started

    def client(self, url: str = "") -> Client:
        return self._clients.enter_context(Client(url or self.url, self.begin))

    def cursor(self, number: int) -> str:
        return f"{self.store.head().epoch}-{self.begin + number}"

    def change(self, *changes: Change) -> None:
        with self.database.transaction() as connection:
            outbox.record(connection, changes)

    def publish(self, *changes: Change, lost: bool = False) -> int:
        """Commit and publish; with `lost` Redis tells nobody."""
        self.change(*changes)
        return self.publisher(lost=lost).run()

    def publisher(self, *, lost: bool = False) -> PublishEvents:
        return PublishEvents(self.store, NoPush() if lost else RedisLive(self.redis_url))

    def many(self, count: int) -> None:
        """Events 1 to `count` about intent 1, written as if they had been published."""
        self.rows.run(
            "INSERT INTO events (number, kind, intent_hash, swapper, data, at)"
            " SELECT n, 'intent.accepted', %s, %s, '{}', now() FROM generate_series(1, %s) n",
            bytes(intent(1)),
            bytes(SWAPPER),
            count,
        )
        self.rows.run("UPDATE stream_head SET last = %s", count)

    def table(self) -> list[Published]:
        return self.store.since(self.begin, 100_000)

    def new_epoch(self) -> None:
        with self.database.transaction() as connection:
            connection.execute(text("UPDATE stream_head SET epoch = epoch + 1"))


def intent(number: int) -> Hash32:
    return Hash32(number.to_bytes(32, "big"))


def change(number: int = 1, **data: object) -> Change:
    return Change(EventKind.INTENT_ACCEPTED, intent(number), swapper=SWAPPER, data=dict(data))


def now_ms() -> int:
    return int(time.time() * 1000)


def opened(number: int, *roster: Signer) -> Change:
    closes_at = now_ms() + 2_000
    data = {"closes_at": closes_at, "roster": [str(one.address) for one in roster]}
    return Change(EventKind.AUCTION_OPENED, intent(number), Hash32(b"\xaa" * 32), SWAPPER, data=data)


def changed(solver: Signer, key: Signer, active: bool) -> Change:
    """What the registry's row of `solver` has become."""
    data = {"signing_key": str(key.address), "active": active, "endpoint_set": False}
    return Change(EventKind.SOLVER_CHANGED, solver=solver.address, data=data)


def numbers(client: Client) -> list[int]:
    """The numbers of its events, the first of the test's being 1."""
    return [int(event["cursor"].split("-")[1]) - client.begin for event in client.events]


def wait_for_connections(stream: Stream, count: int) -> None:
    """Until the server holds so many."""
    until = time.monotonic() + 15
    while (held := health_of(stream)["connections"]) != count:
        assert time.monotonic() < until, f"{held} connections are held, not {count}"
        time.sleep(0.05)


def health_of(stream: Stream) -> dict[str, Any]:
    """What the server says of its events. It is ready, without Redis too."""
    root = stream.url.replace("ws://", "http://").removesuffix("/api/v1/stream")
    answer = httpx.get(f"{root}/health", trust_env=False)
    assert answer.status_code == 200, answer.text
    events: dict[str, Any] = answer.json()["parts"]["events"]
    return events


def _kill(process: VenueProcess) -> None:
    """Where its end is not what is tested, nobody waits for it."""
    if process.process.poll() is None:
        process.kill()


@pytest.fixture
def stream(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[Stream]:
    """Without a server yet, for a test that needs one of its own."""
    with ExitStack() as stack:
        yield Stream(database_url, redis_url, tmp_path, stack)


@pytest.fixture(scope="module")
def _running(
    module_database_url: str, valkey: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stream]:
    with ExitStack() as stack:
        one = Stream(module_database_url, valkey.url_of(11), tmp_path_factory.mktemp("stream"), stack)
        one.serve()
        yield one


@pytest.fixture
def running(_running: Stream) -> Stream:
    """With a server, for the tests of a file that leave nothing behind in it."""
    _running.begin_anew()
    while health_of(_running)["cursor"] != _running.cursor(0):
        time.sleep(0.05)
    return _running
