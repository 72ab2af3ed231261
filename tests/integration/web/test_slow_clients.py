"""A client that sends half a request, byte by byte, or takes no answer holds nothing for long, and holds up nobody."""

from __future__ import annotations

import json
import select
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from intendly.adapters.embedded.ports import free_port
from tests.external import RedisServer
from tests.integration.venue_process import VenueProcess
from tests.integration.web.conftest import Relayer, running_relayer
from tests.integration.web.world import Rows

pytestmark = pytest.mark.integration

HEAD = b"POST /api/v1/intents HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n"
DRIP_S = 0.2


class SlowClient:
    """Sends what it has to say, then a byte of `drip` now and then."""

    def __init__(self, url: str, said: bytes, drip: bytes = b"") -> None:
        address = urlsplit(url)
        self.socket = socket.create_connection((address.hostname, address.port), timeout=20)
        self.socket.sendall(said)
        self._drip = drip

    def heard_to_the_end(self) -> bytes:
        """What came until the other side closed the connection."""
        heard, ends = b"", time.monotonic() + 20
        while time.monotonic() < ends:
            if select.select([self.socket], [], [], DRIP_S)[0]:
                try:
                    data = self.socket.recv(65_536)
                except ConnectionResetError:
                    return heard
                if not data:
                    return heard
                heard += data
            elif self._drip:
                try:
                    self.socket.sendall(self._drip)
                except (BrokenPipeError, ConnectionResetError):
                    return heard
        raise AssertionError(f"it is still open, after {heard!r}")


def assert_serves(relayer: Relayer) -> None:
    """Others are answered meanwhile. On a connection of its own: a kept one may just be closed for its idleness."""
    assert httpx.get(f"{relayer.api}/config", trust_env=False).status_code == 200


@pytest.fixture(scope="module")
def hasty(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Relayer]:
    """backend-relayer that waits for a second."""
    rows = Rows(module_database_url)
    rows.seed()
    folder = tmp_path_factory.mktemp("hasty")
    with running_relayer(rows, "redis://127.0.0.1:1/0", folder, WEB_WORKERS="1", REQUEST_TIMEOUT_S="1") as relayer:
        yield relayer


@pytest.mark.parametrize(
    ("said", "drip"),
    [
        pytest.param(b"", b"", id="nothing"),
        pytest.param(HEAD, b"", id="half a head"),
        pytest.param(HEAD + b"x-drip: ", b"a", id="a dripping head"),
        pytest.param(b"POST /else HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n{", b"", id="a body nobody reads"),
    ],
)
def test_what_is_no_request_in_time_is_closed(hasty: Relayer, said: bytes, drip: bytes) -> None:
    slow = SlowClient(hasty.url, said, drip)
    with slow.socket:
        assert_serves(hasty)
        assert b" 404 " in (heard := slow.heard_to_the_end()) or heard == b""


@pytest.mark.parametrize(
    ("body", "drip"),
    [
        pytest.param(b"content-length: 900\r\n\r\n{", b"", id="half"),
        pytest.param(b"content-length: 900\r\n\r\n{", b" ", id="dripping"),
        pytest.param(b"transfer-encoding: chunked\r\n\r\n9\r\n{", b"", id="half a chunk"),
        pytest.param(b"transfer-encoding: chunked\r\n\r\n", b"1\r\n \r\n", id="dripping chunks"),
    ],
)
def test_a_body_that_is_not_there_in_time_is_answered_408(hasty: Relayer, body: bytes, drip: bytes) -> None:
    slow = SlowClient(hasty.url, HEAD + body, drip)
    with slow.socket:
        assert_serves(hasty)
        head, _, problem = slow.heard_to_the_end().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408 ")
    assert b"application/problem+json" in head
    assert json.loads(problem)["code"] == "request_timeout"
    assert "Traceback" not in hasty.log.read_text()


def test_an_idle_connection_is_closed(hasty: Relayer) -> None:
    slow = SlowClient(hasty.url, b"GET /api/v1/config HTTP/1.1\r\nhost: a\r\n\r\n")
    with slow.socket:
        assert slow.heard_to_the_end().startswith(b"HTTP/1.1 200 ")


def test_one_that_takes_no_answer_is_cut_off(hasty: Relayer) -> None:
    address = urlsplit(hasty.url)
    with socket.socket() as greedy:
        greedy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        greedy.connect((address.hostname, address.port))
        greedy.settimeout(1)
        asked = b"GET /api/v1/config HTTP/1.1\r\nhost: a\r\n\r\n" * 200_000
        with pytest.raises((TimeoutError, ConnectionResetError, BrokenPipeError)):
            greedy.sendall(asked)  # more than fits, so in the end the server waits for us
        assert_serves(hasty)
        closed = select.poll()
        closed.register(greedy, 0)
        assert closed.poll(20_000), "it is still open"
    assert "Traceback" not in hasty.log.read_text()


def test_the_stream_waits_no_longer_before_its_upgrade(
    module_database_url: str, valkey: RedisServer, tmp_path: Path
) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    settings = {"WEBSOCKET_PORT": str(urlsplit(url).port), "REQUEST_TIMEOUT_S": "1"}
    ready = f"{url}/health/ready"
    upgrade = b"GET /api/v1/stream HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\n"
    stream = VenueProcess(
        "workers.stream", module_database_url, valkey.url_of(9), tmp_path, health_url=ready, settings=settings
    )
    with stream, ExitStack() as opened:
        slow = [
            SlowClient(url, upgrade),
            SlowClient(url, upgrade + b"x-drip: ", b"a"),
            SlowClient(url, b"POST /health/live HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n{", b" "),
        ]
        for one in slow:
            opened.enter_context(one.socket)
        assert httpx.get(ready, trust_env=False).status_code == 200
        for one in slow:
            one.heard_to_the_end()
