"""Clients that lose and change their servers all the time, each by another way to listen, and what they must hear."""

from __future__ import annotations

import json
import random
import socket
import threading
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import zip_longest
from typing import Any, Final, NamedTuple

import httpx
from intendly_sdk.errors import NetworkError
from intendly_sdk.messages import EventKind
from intendly_sdk.primitives import Address, Hash32
from intendly_sdk.signatures import Signer
from intendly_sdk.stream import StreamClient
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from intendly.domain.events import Interest, Published
from tests.integration.stream.conftest import Client
from tests.integration.web.world import DEPLOYMENT

LIFE_S: Final = (0.1, 3.0)
"""How long a connection is kept that nobody cuts."""
AT_MOST_S: Final = 0.3
"""One wait, so that a traveller notices that it is over."""
_LOST: Final = (OSError, EOFError, WebSocketException, httpx.TransportError)


class Told(NamedTuple):
    """One event: its number, and what shows that it is the one of this number (`place`: of the change, by the test)."""

    number: int
    kind: str
    place: int

    @classmethod
    def of(cls, event: dict[str, Any]) -> Told:
        """From its JSON."""
        return cls(int(event["cursor"].split("-")[1]), event["kind"], event["data"].get("place", 0))


def wanted(interest: Interest, after: int, table: Iterable[Published]) -> list[Told]:
    """What one with this interest is told of the events behind `after`, as docs/wire.md promises it."""
    heard = (event for event in table if event.number > after and _concerns(interest, event))
    return [Told.of(json.loads(event.frame)) for event in heard]


def _concerns(interest: Interest, event: Published) -> bool:
    if event.solver is not None:
        return event.solver == interest.solver
    is_auction = event.kind in (EventKind.AUCTION_OPENED, EventKind.AUCTION_CLOSED)
    return (
        event.intent_hash in interest.intents
        or event.swapper in interest.swappers
        or (interest.auctions and is_auction)
        or (interest.solver is not None and event.kind == EventKind.AUCTION_CLOSED)
        or (event.kind == EventKind.AUCTION_OPENED and interest.solver in event.roster)
    )


class Traveller(ABC):
    """Follows `interest` from `cursor` on in a thread of its own, until `stop`."""

    def __init__(
        self, urls: Sequence[str], interest: Interest, cursor: str, signer: Signer | None = None, *, seed: str
    ) -> None:
        self.name = f"{type(self).__name__} {seed}"
        self.interest, self.signer = interest, signer
        self.told: list[Told] = []
        self.ends: Counter[str] = Counter()
        self.failure: Exception | None = None
        self.begins_behind = int(cursor.split("-")[1])
        self._urls, self._cursor = urls, cursor
        self._chance = random.Random(self.name)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._travel, name=self.name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()

    def join(self) -> None:
        self._thread.join(20)
        assert not self._thread.is_alive(), f"{self.name} does not end"

    def difference(self, right: Sequence[Told]) -> str:
        """The first place where it was told something else than is right, and what surrounds it; or nothing."""
        told = self.told
        if told == right and self.failure is None:
            return ""
        first = next((at for at, (one, other) in enumerate(zip_longest(told, right)) if one != other), len(right))
        near = slice(max(0, first - 2), first + 3)
        return (
            f"{self.name}: {len(told)} told, {len(right)} in the table, the first difference at {first}:\n"
            f"  told  {_shown(told[near])}\n  table {_shown(right[near])}\n"
            f"  failed by {self.failure!r}; its connections ended by {dict(self.ends)}"
        )

    def _travel(self) -> None:
        try:
            while not self._over.is_set():
                self._live(self._chance.choice(self._urls), self._chance.uniform(*LIFE_S))
        except Exception as error:  # noqa: BLE001 - `difference` tells of it
            self.failure = error

    @abstractmethod
    def _live(self, url: str, life_s: float) -> None:
        """One connection; what it was told is noted."""

    def _note(self, events: Iterable[dict[str, Any]]) -> None:
        for event in events:
            self.told.append(Told.of(event))
            self._cursor = event["cursor"]

    def _lost(self, why: object) -> None:
        self.ends[str(why)] += 1
        self._over.wait(self._chance.uniform(0.02, 0.3))


class Raw(Traveller):
    """A WebSocket, frame by frame. Nothing sorts out what the server repeats."""

    def _live(self, url: str, life_s: float) -> None:
        ends = time.monotonic() + life_s
        client: Client | None = None
        try:
            with Client(url) as client:
                if not self._asked(client):
                    return
                while not self._over.is_set() and time.monotonic() < ends:
                    client.read_for(AT_MOST_S)
                if self._chance.random() < 0.5:
                    client.socket.socket.shutdown(socket.SHUT_RDWR)  # gone without a close frame
        except _LOST as error:
            self._lost(_why(error))
        finally:
            self._note(client.events if client else ())

    def _asked(self, client: Client) -> bool:
        """Logged in and subscribed, or refused for a while: the server's database may be away."""
        replies = [client.log_in(self.signer)] if self.signer else []
        if all(reply["ok"] for reply in replies):
            replies.append(
                client.subscribe(
                    intents=sorted(self.interest.intents),
                    swappers=sorted(self.interest.swappers),
                    auctions=self.interest.auctions,
                    solver=self.interest.solver is not None,
                    after=self._cursor,
                )
            )
        for reply in replies:
            if not reply["ok"]:
                assert reply["problem"]["status"] == 503, reply
                self._lost(reply["problem"]["code"])
                return False
        return True


class ServerSent(Traveller):
    """GET /api/v1/stream/events; only an event that came to its end counts."""

    def _live(self, url: str, life_s: float) -> None:
        ends = time.monotonic() + life_s
        query = {
            "intents": ",".join(sorted(self.interest.intents)),
            "swappers": ",".join(sorted(self.interest.swappers)),
            "auctions": str(self.interest.auctions).lower(),
        }
        fields: dict[str, str] = {}
        try:
            with httpx.stream(
                "GET",
                f"{url.replace('ws://', 'http://')}/events",
                params=query,
                headers={"Last-Event-ID": self._cursor},
                timeout=httpx.Timeout(10, read=life_s + 2),
                trust_env=False,
            ) as response:
                if response.status_code != 200:
                    assert response.status_code == 503, response.read()
                    self._lost(503)
                    return
                for line in response.iter_lines():
                    name, _, value = line.partition(": ")
                    if line:
                        fields[name] = value
                        continue
                    said = json.loads(fields.pop("data", "null"))
                    match fields.pop("event", "message"):
                        case "message" if said:
                            self._note([said])
                        case "end":
                            self._lost(said["code"])
                    if self._over.is_set() or time.monotonic() > ends:
                        return
        except _LOST as error:
            self._lost(_why(error))


class Sdk(Traveller):
    """One `StreamClient` all the way, behind a balancer that cuts it off and sends it to another server."""

    def _live(self, url: str, _life_s: float) -> None:
        domain = DEPLOYMENT.domain if self.signer else None
        with StreamClient(url, signer=self.signer, domain=domain) as client:
            with suppress(NetworkError):  # no server is up, and it goes on trying
                client.subscribe(
                    intents=tuple(map(Hash32, sorted(self.interest.intents))),
                    swappers=tuple(map(Address, sorted(self.interest.swappers))),
                    auctions=self.interest.auctions,
                    solver=self.interest.solver is not None,
                    after=self._cursor,
                )
            while not self._over.is_set():
                event = client.next_event(AT_MOST_S)
                if event is not None:
                    self._note([event.model_dump(mode="json")])


def _why(error: Exception) -> object:
    match error:
        case ConnectionClosed(rcvd=close) if close is not None:
            return close.code
        case InvalidStatus():
            return error.response.status_code
    return type(error).__name__


def _shown(told: Sequence[Told]) -> str:
    return ", ".join(f"{one.number} {one.kind} #{one.place}" for one in told) or "nothing"
