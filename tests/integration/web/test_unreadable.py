"""What never comes to the application is answered with a problem too, by both servers, and the answer arrives."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from intendly.adapters.embedded.ports import free_port
from tests.external import RedisServer
from tests.integration.venue_process import VenueProcess
from tests.integration.web.conftest import running_relayer
from tests.integration.web.world import Rows

pytestmark = pytest.mark.integration

GET = b"GET /health/live HTTP/1.1\r\nhost: a\r\n"
TOO_LARGE = b"x-large: " + b"a" * 9_000 + b"\r\n\r\n"
TOO_MANY = b"".join(b"x-%d: a\r\n" % number for number in range(101)) + b"\r\n"


@pytest.fixture(scope="module")
def relayer(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    rows = Rows(module_database_url)
    rows.seed()
    folder = tmp_path_factory.mktemp("relayer")
    with running_relayer(rows, "redis://127.0.0.1:1/0", folder, WEB_WORKERS="1") as running:
        yield running.url, running.log


@pytest.fixture(scope="module")
def stream(
    module_database_url: str, valkey: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Path]]:
    url = f"http://127.0.0.1:{free_port()}"
    folder = tmp_path_factory.mktemp("stream")
    settings = {"WEBSOCKET_PORT": str(urlsplit(url).port)}
    live = f"{url}/health/live"
    process = VenueProcess(
        "workers.stream", module_database_url, valkey.url_of(9), folder, health_url=live, settings=settings
    )
    with process:
        yield url, process.log


@pytest.fixture(params=["relayer", "stream"])
def server(request: pytest.FixtureRequest) -> tuple[str, Path]:
    """Where it is, and its log."""
    found: tuple[str, Path] = request.getfixturevalue(request.param)
    return found


def _answer(url: str, said: bytes) -> bytes:
    """All that comes, until the other side closes. Raises `ConnectionResetError` where it does so while we speak."""
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), timeout=20) as raw:
        raw.sendall(said)
        heard = b""
        while data := raw.recv(65_536):
            heard += data
    return heard


@pytest.mark.parametrize(
    ("said", "status", "code"),
    [
        pytest.param(b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\nhost: a\r\n\r\n", 414, "uri_too_long", id="path"),
        pytest.param(b"GET /" + b"a" * 60_000 + b" HTTP/1.1\r\nhost: a\r\n\r\n", 414, "uri_too_long", id="long path"),
        pytest.param(GET + TOO_LARGE, 431, "headers_too_large", id="one header"),
        pytest.param(GET + TOO_MANY, 431, "headers_too_large", id="many headers"),
        pytest.param(b"\x16\x03\x01\x02\r\n\r\n", 400, "bad_request", id="no HTTP"),
        pytest.param(GET + b"no colon\r\n\r\n", 400, "bad_request", id="a header without a colon"),
        pytest.param(GET + b"content-length: -1\r\n\r\n", 400, "bad_request", id="a length below 0"),
        pytest.param(b"GET / HTTP/7.7\r\nhost: a\r\n\r\n", 400, "bad_request", id="a version that there is not"),
        pytest.param(GET + b"transfer-encoding: ours\r\n\r\n", 501, "http_501", id="an unknown transfer coding"),
        pytest.param(GET + b"expect: wonders\r\n\r\n", 417, "http_417", id="an unknown expectation"),
    ],
)
def test_what_cannot_be_read_is_answered_with_a_problem(
    server: tuple[str, Path], said: bytes, status: int, code: str
) -> None:
    url, log = server
    head, _, body = _answer(url, said).partition(b"\r\n\r\n")
    first, *fields = head.decode().split("\r\n")
    assert first.startswith(f"HTTP/1.1 {status} ")
    headers = httpx.Headers(dict(field.split(": ", 1) for field in fields))
    assert headers["content-type"] == "application/problem+json"
    assert headers["content-length"] == str(len(body))
    assert headers["connection"] == "close"
    assert headers["x-content-type-options"] == "nosniff"
    problem = json.loads(body)
    assert (problem["status"], problem["code"], problem["type"]) == (status, code, f"urn:intendly:problem:{code}")
    assert problem["request_id"] == headers["x-request-id"]
    ends = time.monotonic() + 10
    while problem["request_id"] not in log.read_text():  # lines are held back for a moment
        assert time.monotonic() < ends, log.read_text()
        time.sleep(0.02)
    assert "Traceback" not in log.read_text()


@pytest.mark.parametrize("too_long", [b"?limit=" + b"1" * 5_000, b" HTTP/1.1\r\nx-api-key: " + b"a" * 9_000])
def test_what_is_too_long_is_in_the_document_of_each_operation(relayer: tuple[str, Path], too_long: bytes) -> None:
    url, _ = relayer
    document = httpx.get(f"{url}/api/openapi.json", trust_env=False).json()
    operations = [(path, way) for path, ways in document["paths"].items() for way in ways if way in ("get", "post")]
    assert len(operations) > 10
    for path, way in operations:
        line = f"{way.upper()} {path}".encode() + too_long
        answer = _answer(url, line + (b"" if b" HTTP" in too_long else b" HTTP/1.1") + b"\r\nhost: a\r\n\r\n")
        first, *fields = answer.partition(b"\r\n\r\n")[0].decode().split("\r\n")
        told = document["paths"][path][way]["responses"][first.split()[1]]
        sent = {field.partition(": ")[0].lower() for field in fields}
        assert {name.lower() for name in told["headers"]} <= sent, (path, first)


@pytest.mark.parametrize("name", ["SCRIPT_NAME", "PATH_INFO", "script_name"])
@pytest.mark.parametrize("value", ["/x", "/health", "/health/ready"])
def test_a_header_does_not_move_the_path(server: tuple[str, Path], name: str, value: str) -> None:
    url, log = server
    answer = _answer(url, GET + f"{name}: {value}\r\nconnection: close\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b'"parts"' not in answer  # which /health/live does not tell
    assert "Traceback" not in log.read_text()


def test_headers_about_the_scheme_that_disagree_are_a_trusted_proxys_alone(server: tuple[str, Path]) -> None:
    url, _ = server
    said = b"x-forwarded-proto: https\r\nx-forwarded-ssl: off\r\nconnection: close\r\n\r\n"
    assert _answer(url, GET + said).startswith(b"HTTP/1.1 200 ")
