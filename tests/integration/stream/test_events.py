"""The same events over HTTP, as a page's EventSource hears them."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.integration.stream.conftest import SOLVER, Stream, change, health_of, intent, opened, wait_for_connections

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]


@dataclass
class Source:
    """One connection, read event by event."""

    response: httpx.Response
    seen: list[dict[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lines = self.response.iter_lines()

    def next(self) -> dict[str, str]:
        """The fields of the next event; a comment is no event."""
        fields: dict[str, str] = {}
        for line in self._lines:
            if not line and fields:
                self.seen.append(fields)
                return fields
            name, _, value = line.partition(": ")
            if name:
                fields[name] = value
        raise EOFError

    def read(self, count: int) -> list[dict[str, Any]]:
        """The data of the next events."""
        return [json.loads(self.next()["data"]) for _ in range(count)]


def address(stream: Stream) -> str:
    return stream.url.replace("ws://", "http://") + "/events"


@contextmanager
def source(stream: Stream, last: str = "", headers: dict[str, str] | None = None, **query: str) -> Iterator[Source]:
    sent = ({"Last-Event-ID": last} if last else {}) | (headers or {})
    with (
        httpx.Client(trust_env=False, timeout=10) as client,
        client.stream("GET", address(stream), params=query, headers=sent) as response,
    ):
        assert response.status_code == 200, response.read()
        yield Source(response)


def test_it_says_hello_and_then_what_the_websocket_says(running: Stream) -> None:
    with source(running, swappers=str(change().swapper)) as listening:
        assert listening.response.headers["content-type"] == "text/event-stream"
        assert listening.response.headers["cache-control"] == "no-store"
        hello = listening.next()
        assert (hello["event"], hello["id"]) == ("hello", running.cursor(0))
        assert 500 <= int(hello["retry"]) <= 3_000
        websocket = running.client()
        websocket.subscribe(swappers=[str(change().swapper)])
        running.publish(change(1), change(2))
        assert listening.read(2) == websocket.read(2)
        assert [one["id"] for one in listening.seen[1:]] == [running.cursor(1), running.cursor(2)]


def test_it_resumes_behind_the_last_event_without_a_gap_or_a_repeat(running: Stream) -> None:
    running.publish(*(change() for _ in range(5)))
    with source(running, last=running.cursor(2), intents=str(intent(1))) as listening:
        assert listening.next()["id"] == running.cursor(2), "one that is cut off now comes back with this"
        running.publish(change())
        listening.read(4)
        assert [one["id"] for one in listening.seen[1:]] == [running.cursor(n) for n in (3, 4, 5, 6)]
    with source(running, intents=str(intent(1)), after=running.cursor(5)) as listening:
        assert [one["cursor"] for one in listening.read(2)[1:]] == [running.cursor(6)]


def test_an_opened_auction_bears_the_clock_and_what_is_for_a_solver_is_not_told(running: Stream) -> None:
    with source(running, auctions="true") as listening:
        listening.next()
        running.publish(change(1), opened(2, SOLVER))
        (told,) = listening.read(1)
        assert told["kind"] == "auction.opened"
        assert 0 < told["ms_left"] <= 2_000
        assert "roster" not in told["data"]


@pytest.mark.parametrize(
    ("query", "status", "code", "field"),
    [
        ({}, 422, "invalid_request", ""),
        ({"intents": ""}, 422, "invalid_request", ""),
        ({"auctions": "false"}, 422, "invalid_request", ""),
        ({"after": "7"}, 422, "invalid_request", "after"),
        ({"after": ["1-1", "1-1"], "auctions": "true"}, 422, "invalid_request", "after"),
        ({"swappers": ["0x" + "11" * 20, "0x" + "12" * 20]}, 422, "invalid_request", "swappers"),
        ({"intents": "0x12"}, 422, "invalid_request", "intents.0"),
        ({"swappers": ",".join(["0x" + "11" * 20] * 31)}, 422, "invalid_request", "swappers"),
        ({"auctions": "perhaps"}, 422, "invalid_request", "auctions"),
        ({"solver": "true"}, 422, "invalid_request", "solver"),
        ({"after": "99-1", "auctions": "true"}, 410, "cursor_gone", None),
    ],
)
def test_what_cannot_be_told_is_a_problem(
    running: Stream, query: dict[str, str | list[str]], status: int, code: str, field: str | None
) -> None:
    answer = httpx.get(address(running), params=query, trust_env=False)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code)
    assert [one["field"] for one in problem["errors"]] == ([] if field is None else [field])


def test_a_bad_cursor_is_named_by_its_header_and_told_what_one_is(running: Stream) -> None:
    asked = {"url": address(running), "params": {"auctions": "true"}, "headers": {"Last-Event-ID": "7"}}
    problem = httpx.get(**asked, trust_env=False).json()  # type: ignore[arg-type]
    expected = "Last-Event-ID: expected the cursor of an event, epoch-number as in 1-4711"
    assert problem["errors"] == [{"field": "Last-Event-ID", "expected": expected}]


def test_a_path_with_two_slashes_is_another_path(running: Stream) -> None:
    answer = httpx.get(address(running).replace("/v1/", "/v1//"), trust_env=False)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_one_that_leaves_gives_its_place_back_and_head_takes_none(stream: Stream) -> None:
    stream.serve(WS_MAX_CONNECTIONS="1", CORS_ORIGINS="https://app.example")
    assert httpx.head(address(stream), params={"auctions": "true"}, trust_env=False).status_code == 200
    with source(stream, headers={"Origin": "https://app.example"}, auctions="true") as listening:
        assert listening.response.headers["access-control-allow-origin"] == "https://app.example"
        listening.next()
        full = httpx.get(address(stream), trust_env=False)
        assert (full.status_code, full.json()["code"]) == (503, "stream_full")
    ends = time.monotonic() + 10
    while health_of(stream)["connections"]:
        assert time.monotonic() < ends, "the place is not given back"
        stream.publish(opened(1, SOLVER))
        time.sleep(0.1)


def test_sigterm_says_so_and_the_next_server_goes_on(stream: Stream) -> None:
    first = stream.serve()
    with source(stream, intents=str(intent(1))) as listening:
        listening.next()
        stream.publish(change())
        listening.read(1)
        first.process.terminate()
        end = listening.next()
        assert (end["event"], json.loads(end["data"])["code"]) == ("end", 1001)
        with pytest.raises(EOFError):
            listening.next()
        last = listening.seen[1]["id"]
    assert first.terminate() < 8
    stream.publish(change())
    stream.serve()
    with source(stream, last=last, intents=str(intent(1))) as listening:
        assert [one["cursor"].split("-")[1] for one in listening.read(2)[1:]] == ["2"]


def test_a_slow_reader_is_dropped_and_holds_up_nobody(stream: Stream) -> None:
    stream.serve()
    host = urlsplit(stream.url)
    with socket.socket() as slow, source(stream, intents=str(intent(1))) as quick:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        slow.connect((host.hostname, host.port))
        slow.sendall(f"GET {host.path}/events?intents={intent(1)} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        quick.next()
        wait_for_connections(stream, 2)
        for _ in range(120):
            stream.publish(*(change(1, filler="x" * 60_000) for _ in range(20)))
            quick.read(20)
        heard = b""
        slow.settimeout(30)
        while chunk := slow.recv(1 << 20):
            heard = (heard + chunk)[-2_000:]
        assert b'"code": 4408' in heard
        assert [one["id"].split("-")[1] for one in quick.seen[1:]] == [str(n) for n in range(1, 2_401)]
