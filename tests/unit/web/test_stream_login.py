"""A log-in on the stream rests on the registered key, also where that changes while it is looked up."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, cast

import pytest
from intendly_sdk.messages import EventKind
from intendly_sdk.primitives import Address, Hash32
from intendly_sdk.signatures import Signer
from intendly_sdk.typed_data import stream_login_digest

from intendly.domain.events import Published
from tests.integration.web.world import DEPLOYMENT
from tests.unit.web.test_stream_hub import HOUR_MS, Feed, Table
from web.stream_following import LOGIN_AGAIN, Client
from web.stream_frame import Frame
from web.stream_hub import Hub
from web.stream_session import Session

SOLVER, NEXT = Signer(b"\x51" * 32), Signer(b"\x52" * 32)


def changed(key: Address, active: bool = True) -> Published:
    frame = json.dumps({"data": {"signing_key": str(key), "active": active, "endpoint_set": False}})
    return Published(1, 1, EventKind.SOLVER_CHANGED, frame, solver=str(SOLVER.address))


class Socket(Client):
    """Keeps what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[dict[str, Any]] = []
        self.ended: int | None = None

    def say(self, frame: Frame) -> None:
        self.told.append(json.loads(frame.text()))

    def end(self, code: int, why: str) -> None:
        self.ended = code


class Keys:
    """`then` runs when a key has been read, and before it is told."""

    def __init__(self, key: Address | None) -> None:
        self.key = key
        self.then: Callable[[], None] = lambda: None

    def signing_key(self, solver: Address) -> Address | None:
        key = self.key
        self.then()
        return key


class Connection:
    """A client of a hub, at which a change may be dispatched."""

    def __init__(self, keys: Keys) -> None:
        self.table = Table()
        self.hub = Hub(self.table, Feed())
        self.hub.look()
        self.socket = Socket()
        nothing = cast("Any", None)
        self.session = Session(
            cast("Any", self.socket), self.hub, self.table, keys, nothing, DEPLOYMENT.domain, nothing, 60
        )

    def change(self, key: Address = NEXT.address, active: bool = True) -> None:
        self.hub._dispatch(changed(key, active))

    def log_in(self) -> dict[str, Any]:
        expires_at = int(time.time() + HOUR_MS / 1000) + 60
        challenge = Hash32(self.session._challenge)
        digest = stream_login_digest(SOLVER.address, challenge, expires_at, DEPLOYMENT.domain)
        login = {"solver": str(SOLVER.address), "expires_at": expires_at, "signature": str(SOLVER.sign(digest))}
        self.session._answer(json.dumps({"type": "login", "id": 1, **login}))
        return self.socket.told[-1]


def test_a_key_that_changes_while_it_is_read_logs_nobody_in_for_long() -> None:
    keys = Keys(SOLVER.address)
    connection = Connection(keys)
    keys.then = connection.change
    connection.log_in()
    assert connection.socket.ended == LOGIN_AGAIN


@pytest.mark.parametrize(
    ("key", "field"), [(None, "solver"), (NEXT.address, "signature")], ids=["nobody's", "another's"]
)
def test_who_is_not_logged_in_is_told_why_and_hears_nothing(key: Address | None, field: str) -> None:
    connection = Connection(Keys(key))
    problem = connection.log_in()["problem"]
    assert (problem["code"], [one["field"] for one in problem["errors"]]) == ("login_invalid", [field])
    assert ("not registered" in problem["detail"]) == (key is None)
    connection.change()
    assert connection.socket.ended is None
    assert connection.hub._topics == {}


def test_one_that_logs_in_twice_hears_of_a_change_once_and_a_failed_try_leaves_it_so() -> None:
    keys = Keys(SOLVER.address)
    connection = Connection(keys)
    assert [connection.log_in()["ok"] for _ in range(2)] == [True, True]
    keys.key = NEXT.address
    assert not connection.log_in()["ok"]
    assert len(connection.session._following._topics) == 1
    connection.change()
    assert connection.socket.ended == LOGIN_AGAIN


def test_a_change_that_the_log_in_rests_on_already_does_not_end_it() -> None:
    """The row stands before its event is told."""
    connection = Connection(Keys(SOLVER.address))
    assert connection.log_in()["ok"]
    told = len(connection.socket.told)
    connection.change(SOLVER.address)
    assert (connection.socket.ended, len(connection.socket.told)) == (None, told), "it has not asked for its events"
    connection.session._answer(json.dumps({"type": "subscribe", "id": 2, "solver": True}))
    connection.change(SOLVER.address)
    assert connection.socket.ended is None
    assert connection.socket.told[-1] == json.loads(changed(SOLVER.address).frame)
    connection.change(SOLVER.address, active=False)
    assert connection.socket.ended == LOGIN_AGAIN
