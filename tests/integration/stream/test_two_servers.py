"""Two servers, their clients, and everything that goes wrong at once: no gap, no repeat, order kept (design).

TWO_SERVERS_SEED draws another run than the usual one.
"""

from __future__ import annotations

import functools
import json
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, suppress
from pathlib import Path
from typing import Final, Generic, Protocol, TypeVar

import httpx
import psutil
import pytest
import redis
from intendly_sdk.messages import EventKind
from intendly_sdk.primitives import Address, Hash32
from intendly_sdk.signatures import Signer
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from structlog.testing import capture_logs
from websockets.exceptions import ConnectionClosed

from intendly.adapters.db.migrate import upgrade
from intendly.adapters.embedded import embedded_postgres, embedded_valkey
from intendly.adapters.embedded.child import Child
from intendly.adapters.embedded.ports import free_port
from intendly.adapters.live import RedisLive
from intendly.domain.events import Change, Interest
from intendly.services.publish_events import PublishEvents
from tests.integration.stream.balancer import Balancer
from tests.integration.stream.conftest import RIVAL, SOLVER, Client, NoPush, Stream, intent, now_ms
from tests.integration.stream.travellers import Raw, Sdk, ServerSent, Told, Traveller, wanted
from tests.integration.venue_process import VenueProcess

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

PAST: Final = 10_000
"""Events that are there before: who comes late begins behind what a server keeps in memory."""
LATE: Final = 4
TOTAL: Final = 10_000
INTENTS: Final = 12
SWAPPERS: Final = [Address(bytes([0xC0 + number]) * 20) for number in range(4)]
FATES: Final = (EventKind.INTENT_ACCEPTED, EventKind.INTENT_SUBMITTED, EventKind.INTENT_SETTLED)
_LAST_PLACE: Final = text(
    "SELECT greatest((SELECT max((data->>'place')::int) FROM outbox),"
    " (SELECT (data->>'place')::int FROM events ORDER BY number DESC LIMIT 1), 0)"
)
LOSES_ITS_PUSHES: Final = 0.1
"""The share of publishing that ends between the commit and Redis."""


def names(*numbers: int) -> frozenset[str]:
    return frozenset(str(intent(number)) for number in numbers)


PUBLIC: Final = (
    Interest(intents=names(1)),
    Interest(intents=names(2, 3, 4, 5, 6)),
    Interest(swappers=frozenset({str(SWAPPERS[0])})),
    Interest(intents=names(7), swappers=frozenset(map(str, SWAPPERS[1:3]))),
    Interest(auctions=True),
    Interest(swappers=frozenset(map(str, SWAPPERS))),
)
SOLVERS: Final = (
    (Interest(solver=str(SOLVER.address)), SOLVER),
    (Interest(intents=names(8, 9), solver=str(RIVAL.address)), RIVAL),
    (Interest(intents=names(10), auctions=True), SOLVER),  # logged in, and hears as anyone does
)


class Running(Protocol):
    """A database or a Redis as the embedded ones are."""

    @property
    def port(self) -> int: ...

    @property
    def child(self) -> Child: ...


S = TypeVar("S", bound=Running)


class Own(Generic[S]):
    """A server of the test's own; it goes down, and comes again on its folder and port."""

    def __init__(self, start: Callable[..., AbstractContextManager[S]], stack: ExitStack) -> None:
        self._start, self._hold = start, stack.enter_context(ExitStack())
        self.server = self._hold.enter_context(start())

    def restart(self, sign: signal.Signals, meanwhile: Callable[[], object] = lambda: None) -> None:
        """End it by `sign`, do what is to be done while it is away, start it."""
        port = self.server.port
        self.server.child.stop(sign)
        meanwhile()
        self._hold.close()
        self.server = self._hold.enter_context(self._start(port=port))
        assert self.server.port == port, "a stranger took the port"


class Kept:
    """A stream server on a port that it keeps, started again as often as it ends."""

    def __init__(self, database_url: str, redis_url: str, folder: Path) -> None:
        folder.mkdir()
        self.port = free_port()
        self._started = functools.partial(
            VenueProcess, "workers.stream", database_url, redis_url, folder, settings={"WEBSOCKET_PORT": str(self.port)}
        )
        self._process = self._started().__enter__()
        self._over = threading.Event()
        self._keeper = threading.Thread(target=self._keep, daemon=True)
        self._keeper.start()

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/api/v1/stream"

    def close(self) -> None:
        self._over.set()
        self._keeper.join()
        if self._process.process.poll() is None:
            self._process.kill()

    def kill_worker(self) -> None:
        """kill -9; its parent lives on."""
        with suppress(psutil.NoSuchProcess):  # it is dying already
            for worker in self._process.children():
                worker.kill()

    def kill_parent(self) -> None:
        """kill -9; the orphan must end by itself, or the next server never gets the port."""
        self.wait_ready()
        orphans = self._process.children()
        self._process.process.kill()
        _, left = psutil.wait_procs(orphans, timeout=15)
        assert not left, "its worker lives on without it"

    def terminate(self) -> None:
        """SIGTERM: whoever is connected is told 1001."""
        self.wait_ready()
        dying = self._process
        with ExitStack() as stack:
            witnesses = [stack.enter_context(Client(self.url)) for _ in range(4)]
            for witness in witnesses[1:]:
                assert witness.subscribe(auctions=True)["ok"]
            dying.process.send_signal(signal.SIGTERM)
            for witness in witnesses:
                with pytest.raises(ConnectionClosed) as closed:
                    witness.read(TOTAL)
                assert closed.value.rcvd is not None, f"it was cut off without a word\n{dying.said()}"
                assert closed.value.rcvd.code == 1001
        dying.process.wait(30)

    def wait_ready(self) -> None:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                if httpx.get(f"http://127.0.0.1:{self.port}/health/ready", trust_env=False, timeout=5).is_success:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        raise AssertionError(f"it is not ready\n{self._process.said()}")

    def _keep(self) -> None:
        while not self._over.wait(0.05):
            if self._process.process.poll() is not None:
                self._process = self._started().__enter__()


class Publishing:
    """`TOTAL` changes in small transactions, and two publishers that tick. As many are committed as `allowed` says."""

    def __init__(self, stream: Stream, chance: random.Random) -> None:
        self._stream, self._chance = stream, chance
        self.committed = 0
        self.allowed = 0
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=target, daemon=True) for target in (self._commit, self._publish, self._publish)
        ]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(30)

    def wait_for(self, count: int) -> None:
        """Until as many are committed; what is allowed must be more."""
        until = time.monotonic() + 90
        while self.committed < count:
            assert time.monotonic() < until, f"{self.committed} of {count} changes are committed"
            time.sleep(0.02)

    def _commit(self) -> None:
        while not self._over.wait(self._chance.uniform(0, 0.05)):
            count = min(self._chance.randint(1, 40), self.allowed - self.committed)
            changes = [self._draw(self.committed + place) for place in range(1, count + 1)]
            is_sure = True
            while changes and not self._over.is_set():
                try:
                    if is_sure or self._last_place() == self.committed:
                        self._stream.change(*changes)
                    self.committed += len(changes)
                    break
                except SQLAlchemyError:  # committed or not: that is looked up
                    is_sure = False
                    self._over.wait(0.05)

    def _last_place(self) -> int:
        """Of the newest change in the database."""
        with self._stream.database.transaction() as connection:
            return int(connection.execute(_LAST_PLACE).scalar_one())

    def _publish(self) -> None:
        live = PublishEvents(self._stream.store, RedisLive(self._stream.redis_url))
        dies = PublishEvents(self._stream.store, NoPush())
        chance = random.Random(self._chance.random())
        while not self._over.wait(chance.uniform(0.01, 0.08)):
            try:
                (dies if chance.random() < LOSES_ITS_PUSHES else live).run()
            except SQLAlchemyError:
                continue

    def _draw(self, place: int) -> Change:
        number = self._chance.randint(1, INTENTS)
        about, swapper = intent(number), SWAPPERS[number % len(SWAPPERS)]
        auction = Hash32(place.to_bytes(32, "big"))
        solver = self._chance.choice((SOLVER, RIVAL)).address
        size = 60_000 if self._chance.random() < 0.003 else self._chance.randint(0, 400)
        data: dict[str, object] = {"place": place, "filler": "x" * size}
        draw = self._chance.random()
        if draw < 0.15:
            roster = [str(one.address) for one in (SOLVER, RIVAL) if self._chance.random() < 0.6]
            opening = data | {"closes_at": now_ms() + 2_000, "roster": roster}
            return Change(EventKind.AUCTION_OPENED, about, auction, swapper, data=opening)
        if draw < 0.3:
            return Change(EventKind.AUCTION_CLOSED, about, auction, swapper, data=data)
        if draw < 0.4:
            return Change(EventKind.BID_DECIDED, about, auction, swapper, solver, data)
        if draw < 0.402:
            registered = {"signing_key": str(solver), "active": self._chance.random() < 0.5, "endpoint_set": False}
            return Change(EventKind.SOLVER_CHANGED, solver=solver, data=data | registered)
        return Change(self._chance.choice(FATES), about, swapper=swapper, data=data)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def test_no_client_of_two_servers_misses_or_repeats_an_event_whatever_dies(
    world_folder: Path, tmp_path: Path, stack: ExitStack
) -> None:
    chance = random.Random(os.environ.get("TWO_SERVERS_SEED", "1"))
    postgres = Own(functools.partial(embedded_postgres, world_folder), stack)
    valkey = Own(functools.partial(embedded_valkey, world_folder), stack)
    database_url, redis_url = postgres.server.url, valkey.server.url_of(3)
    upgrade(database_url.replace("://", "+psycopg2://", 1))
    stack.enter_context(capture_logs())  # a line for every event would bury what is asserted
    stream = Stream(database_url, redis_url, tmp_path, stack)
    stream.many(PAST)
    servers = [Kept(database_url, redis_url, tmp_path / f"server-{number}") for number in (1, 2)]
    for server in servers:
        stack.callback(server.close)
    for server in servers:
        server.wait_ready()
    balancer = stack.enter_context(Balancer([server.port for server in servers], chance))
    travellers = _travellers(stream.cursor(PAST), servers, balancer)
    late = _late(stream.cursor(0), servers, balancer)
    for traveller in travellers:
        traveller.start()
    travellers += late
    for traveller in travellers:
        stack.callback(traveller.stop)
    publishing = Publishing(stream, chance)
    stack.callback(publishing.close)
    admin = stack.enter_context(closing(redis.Redis.from_url(redis_url)))

    one, other = servers
    cut, cut_all = (functools.partial(balancer.cut, share) for share in (0.5, 1))
    kill_readers = functools.partial(admin.client_kill_filter, _type="pubsub")
    kill_clients = functools.partial(admin.client_kill_filter, _type="normal", skipme=True)
    harms: list[tuple[Callable[[], object], ...]] = [
        (one.kill_worker,),
        (other.kill_worker,),
        (one.kill_parent,),
        (other.kill_parent,),
        (one.terminate,),
        (other.terminate,),
        (admin.flushall,),
        (cut, admin.flushall),
        (kill_readers, kill_clients),
        (functools.partial(valkey.restart, signal.SIGKILL, meanwhile=one.kill_worker),),
        (cut_all, functools.partial(valkey.restart, signal.SIGKILL)),
        (functools.partial(postgres.restart, signal.SIGINT, meanwhile=cut),),
        (functools.partial(postgres.restart, signal.SIGQUIT),),
        (functools.partial(postgres.restart, signal.SIGQUIT, meanwhile=other.kill_worker),),
    ]
    chance.shuffle(harms)
    part = TOTAL // (len(harms) + 1)
    publishing.allowed = part
    for number, harm in enumerate(harms, start=1):
        publishing.wait_for(number * part)
        publishing.allowed = TOTAL if number == len(harms) else (number + 1) * part  # it goes on meanwhile
        if late and number % 3 == 0:
            late.pop().start()
        for act in harm:
            act()
    publishing.wait_for(TOTAL)

    _wait_for(lambda: stream.store.head().last == PAST + TOTAL, 30)
    table = stream.table()
    assert [event.number for event in table] == list(range(1, PAST + TOTAL + 1))
    assert [Told.of(json.loads(event.frame)).place for event in table[PAST:]] == list(range(1, TOTAL + 1))
    right = [(traveller, wanted(traveller.interest, traveller.begins_behind, table)) for traveller in travellers]
    _wait_for(lambda: not any(traveller.difference(told) for traveller, told in right), 30)
    for traveller in travellers:
        traveller.stop()
    for traveller in travellers:
        traveller.join()
    differences = [difference for traveller, told in right if (difference := traveller.difference(told))]
    assert not differences, "\n".join(differences)


def _travellers(cursor: str, servers: list[Kept], balancer: Balancer) -> list[Traveller]:
    direct, balanced = [server.url for server in servers], [balancer.url]
    public: list[tuple[Interest, Signer | None]] = [(interest, None) for interest in PUBLIC]
    made: list[Traveller] = []
    for kind, urls, asked in (
        (Raw, direct, [*public, *SOLVERS, *public[2:5]]),
        (Sdk, balanced, [*public[1:6], *SOLVERS]),
        (ServerSent, [*direct, *balanced], public[1:5]),
    ):
        made += [
            kind(urls, interest, cursor, signer, seed=str(place)) for place, (interest, signer) in enumerate(asked)
        ]
    return made


def _late(cursor: str, servers: list[Kept], balancer: Balancer) -> list[Traveller]:
    """They begin at the first of all events, while the servers die."""
    direct, interest = [server.url for server in servers], Interest(intents=names(1, 2, 3))
    made: list[Traveller] = [Raw(direct, interest, cursor, seed=f"late {place}") for place in range(LATE - 1)]
    return [*made, Sdk([balancer.url], interest, cursor, seed="late")]


def _wait_for(met: Callable[[], bool], seconds: float) -> None:
    """Until it is so, or that time is over: what is asserted next says what is missing."""
    until = time.monotonic() + seconds
    while not met() and time.monotonic() < until:
        time.sleep(0.1)
