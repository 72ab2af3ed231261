"""What one connection, one address and one process may take up."""

from __future__ import annotations

import json
import resource
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from urllib.parse import urlsplit

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.integration.stream.conftest import Stream, health_of, wait_for_connections
from tests.integration.venue_process import ROOT
from web.stream_places import SPARE

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]


def test_one_that_follows_nothing_and_says_nothing_is_sent_off(stream: Stream) -> None:
    stream.serve(WS_IDLE_S="0.5")
    idle, listens = stream.client(), stream.client()
    listens.subscribe(auctions=True)
    with pytest.raises(ConnectionClosed) as closed:
        idle.read(1)
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason[:4]) == (1008, "idle")
    assert listens.read_for(0.7) == []
    assert listens.subscribe(auctions=True)["ok"]


def test_one_address_does_not_take_every_place(stream: Stream) -> None:
    """By the address that a trusted proxy names; of IPv6 the network counts."""
    stream.serve(WS_MAX_PER_ADDRESS="2", TRUSTED_PROXIES="127.0.0.1/32")

    def come(address: str) -> ExitStack:
        kept = connections.enter_context(ExitStack())
        kept.enter_context(connect(stream.url, proxy=None, additional_headers={"X-Forwarded-For": address}))
        return kept

    with ExitStack() as connections:
        first = come("2001:db8::1")
        come("2001:db8::2")
        with pytest.raises(InvalidStatus) as refused:
            come("2001:db8::3")
        assert refused.value.response.status_code == 503
        assert b"WS_MAX_PER_ADDRESS" in (refused.value.response.body or b"")
        come("2001:db8:0:1::1")
        first.close()
        wait_for_connections(stream, 2)
        come("2001:db8::3")


def test_sockets_that_send_nothing_take_no_more_places_than_connections(stream: Stream) -> None:
    """Another address still comes in, whatever the silent ones of one hold."""
    stream.serve(WS_MAX_CONNECTIONS="50", WS_MAX_PER_ADDRESS="20", REQUEST_TIMEOUT_S="60")
    port = urlsplit(stream.url).port
    with ExitStack() as silent, httpx.Client(transport=httpx.HTTPTransport(local_address="127.0.0.2")) as another:
        sockets = [silent.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(200)]
        while sum(is_closed(one) for one in sockets) < 200 - 20 - SPARE:
            time.sleep(0.02)
        health = another.get(f"http://127.0.0.1:{port}/health", timeout=10)
        assert health.status_code == 200
        events = health.json()["parts"]["events"]
        assert (events["connections"], 20 < events["sockets"] <= 20 + SPARE + 1) == (0, True)
        client = connect(stream.url, proxy=None, source_address=("127.0.0.2", 0))
        silent.enter_context(client)
        assert json.loads(client.recv(timeout=10))["type"] == "hello"
    while health_of(stream)["sockets"] > 1:
        time.sleep(0.02)


def test_a_trusted_proxy_has_as_many_sockets_as_it_needs(stream: Stream) -> None:
    stream.serve(WS_MAX_PER_ADDRESS="5", TRUSTED_PROXIES="127.0.0.1/32")
    port = urlsplit(stream.url).port
    with ExitStack() as kept:
        for _ in range(5 + 2 * SPARE):
            kept.enter_context(socket.create_connection(("127.0.0.1", port)))
        while health_of(stream)["sockets"] < 5 + 2 * SPARE + 1:
            time.sleep(0.02)


def is_closed(one: socket.socket) -> bool:
    """By the other side."""
    one.setblocking(False)
    try:
        return one.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def few_files(*command: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """The command where the system allows a process 1,000 open files, and its soft limit is 256."""
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env={
            "DATABASE_URL": "postgresql://a@127.0.0.1:1/a",
            "REDIS_URL": "redis://127.0.0.1:1/0",
            "RPC_URLS": "http://127.0.0.1:1",
            **settings,
        },
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, 1_000)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_more_connections_than_the_system_has_files_for_are_refused_with_the_figure() -> None:
    ended = few_files("-m", "workers.stream", WS_MAX_CONNECTIONS="5000")
    assert ended.returncode == 2
    assert ended.stderr == (
        "settings: WS_MAX_CONNECTIONS: 5000 connections need 5256 open files, of which the system allows 1000"
        " (ulimit -Hn); set it to at most 744, or raise that limit\n"
    )


@pytest.mark.parametrize(
    ("settings", "connections", "files"),
    [
        pytest.param({}, 744, 1_000, id="the default gives way"),
        pytest.param({"WS_MAX_CONNECTIONS": "500"}, 500, 756, id="the soft limit is raised"),
    ],
)
def test_the_limit_of_files_is_raised_as_far_as_is_needed(
    settings: dict[str, str], connections: int, files: int
) -> None:
    code = (
        "import resource; from intendly.settings import load_settings; from workers.stream import make_room;"
        "make_room(load_settings());"
        "print(load_settings().ws_max_connections, resource.getrlimit(resource.RLIMIT_NOFILE)[0])"
    )
    assert few_files("-c", code, **settings).stdout.splitlines()[-1] == f"{connections} {files}"
