"""Strangers' servers over real sockets: slow, hanging, lying, redirecting, private. None holds another up."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from intendly_sdk.messages import AuctionOpened, BidResponse
from intendly_sdk.primitives import Address, Hash32

from intendly.adapters.asking import addresses
from intendly.adapters.asking.addresses import is_allowed
from intendly.adapters.asking.line import ANSWER_MAX_BYTES
from intendly.adapters.asking.solvers import HttpSolvers
from intendly.services.auction_ports import Ask, AskFailed

pytestmark = pytest.mark.integration

NO_BIDS = BidResponse(bids=()).model_dump_json().encode()
Answer = Callable[[BaseHTTPRequestHandler], None]


def ok(body: bytes) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("content-length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return answer


def refuse(request: BaseHTTPRequestHandler) -> None:
    request.send_response(400)
    request.send_header("content-length", "0")
    request.end_headers()


def hang(_request: BaseHTTPRequestHandler) -> None:
    time.sleep(3)


def _drip(request: BaseHTTPRequestHandler) -> None:
    """A byte every tenth of a second: no single wait is ever long."""
    request.send_response(200)
    request.send_header("content-length", "1000")
    request.end_headers()
    for _ in range(30):
        request.wfile.write(b" ")
        request.wfile.flush()
        time.sleep(0.1)


def _endless(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.send_header("content-length", str(64 * ANSWER_MAX_BYTES))
    request.end_headers()
    chunk = b" " * 65_536
    for _ in range(64 * ANSWER_MAX_BYTES // len(chunk)):
        request.wfile.write(chunk)


def _redirect_to(url: str) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(307)
        request.send_header("location", url)
        request.send_header("content-length", "0")
        request.end_headers()

    return answer


class StrangersServer:
    """A server that answers as a test says, and counts its requests and connections."""

    def __init__(self, answer: Answer) -> None:
        self.requests = self.connections = 0
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self) -> None:
                server.connections += 1
                super().setup()

            def do_POST(self) -> None:
                server.requests += 1
                self.rfile.read(int(self.headers["content-length"]))
                try:
                    answer(self)
                except OSError:
                    self.close_connection = True

            def log_message(self, *_: Any) -> None:
                """Nothing."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.port = self._http.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/bids"
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@contextmanager
def serving(*answers: Answer) -> Iterator[list[StrangersServer]]:
    servers = [StrangersServer(answer) for answer in answers]
    yield servers
    for server in servers:
        server.close()


def ask_of(url: str, place: int = 0, ms_left: int = 2_000) -> Ask:
    """Ask the solver of this number."""
    auction = AuctionOpened(
        auction_id=Hash32(bytes(32)),
        intents=(),
        opened_at=0,
        closes_at=0,
        secret_hash=Hash32(bytes(32)),
        server_time=0,
        ms_left=ms_left,
    )
    return Ask(Address(bytes([place]) * 20), url, (auction,))


def wait_for_what_hangs(asking: HttpSolvers) -> None:
    """On a busy machine a thread may end a little after its request was given up."""
    for endpoint in asking._endpoints.values():
        if endpoint.hangs is not None:
            endpoint.hangs.result(timeout=10)


def _answers(urls: list[str], *, timeout_ms: int = 700, allow_private: bool = True) -> dict[str, tuple[Any, float]]:
    """What each gave, and after how many seconds."""
    began = time.monotonic()
    with closing(HttpSolvers(timeout_ms=timeout_ms, allow_private=allow_private)) as asking:
        return {
            ask.endpoint: (answer, time.monotonic() - began)
            for answers in asking.ask_each([ask_of(url, place) for place, url in enumerate(urls)])
            for ask, answer in answers
        }


def test_an_answer_is_taken_as_it_arrives_whoever_hangs() -> None:
    with serving(ok(NO_BIDS), hang, _drip) as (good, hanging, dripping):
        got = _answers([hanging.url, good.url, dripping.url], timeout_ms=1_500)
    answer, after = got[good.url]
    assert isinstance(answer, BidResponse)
    assert after < 1.4
    for slow in (hanging, dripping):
        answer, after = got[slow.url]
        assert isinstance(answer, AskFailed)
        assert after < 2.8


def test_the_time_left_in_the_auction_is_the_limit_too() -> None:
    with serving(hang) as (hanging,):
        began = time.monotonic()
        asking = HttpSolvers(timeout_ms=5_000, allow_private=True)
        [[(_, answer)]] = asking.ask_each([ask_of(hanging.url, ms_left=200)])
        assert time.monotonic() - began < 2.5
    assert isinstance(answer, AskFailed)


def test_an_answer_over_the_limit_is_not_read_to_its_end() -> None:
    with serving(_endless) as (server,):
        answer, after = _answers([server.url], timeout_ms=5_000)[server.url]
    assert isinstance(answer, AskFailed)
    assert str(ANSWER_MAX_BYTES) in answer.why
    assert after < 3


def _raw(*pieces: bytes) -> Answer:
    """These bytes, the last of them without end."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"".join(pieces[:-1]))
        while True:
            request.wfile.write(pieces[-1])

    return answer


OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        pytest.param(_raw(b"HTTP/1.1 100 \r\n\r\n" * 1_000), "replies", id="1xx"),
        pytest.param(_raw(b"HTTP/1.1 103 Early\r\nlink: <a>\r\n\r\n"), "replies", id="1xx that are sent singly"),
        pytest.param(_raw(OK, b"a: b\r\n" * 1_000), "its head has more than", id="fields"),
        pytest.param(_raw(OK, b"transfer-encoding: chunked\r\n\r\n", b"1\r\n \r\n" * 1_000), "pieces", id="chunks"),
        pytest.param(
            _raw(OK, b"transfer-encoding: chunked\r\n\r\n", b"200;" + b"x" * 9_000 + b"\r\n" + b" " * 512 + b"\r\n"),
            "more than 2097152 bytes",
            id="chunks with much beside",
        ),
    ],
)
def test_what_costs_us_much_and_brings_little_is_not_read_on(answer: Answer, why: str) -> None:
    with serving(answer) as (server,):
        got, _ = _answers([server.url], timeout_ms=20_000)[server.url]
    assert isinstance(got, AskFailed)
    assert why in got.why


def test_a_body_byte_by_byte_is_not_read_on() -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(OK + b"content-length: 1000000\r\n\r\n")
        while True:
            request.wfile.write(b" ")
            time.sleep(0.002)  # a read for each

    with serving(answer) as (server,):
        got, _ = _answers([server.url], timeout_ms=20_000)[server.url]
    assert got == AskFailed("it comes in pieces that are too small", "not_a_bid_response")


def test_an_answer_in_ordinary_chunks_behind_an_early_hint_is_read() -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"HTTP/1.1 103 Early Hints\r\nlink: <a>\r\n\r\n")
        request.wfile.write(OK + b"transfer-encoding: chunked\r\n\r\n")
        body = NO_BIDS + b" " * (ANSWER_MAX_BYTES - len(NO_BIDS))
        for begin in range(0, len(body), 1_024):
            request.wfile.write(b"400\r\n" + body[begin : begin + 1_024] + b"\r\n")
        request.wfile.write(b"0\r\n\r\n")

    with serving(answer) as (server,):
        got, _ = _answers([server.url], timeout_ms=20_000)[server.url]
    assert isinstance(got, BidResponse)


def test_a_redirect_is_not_followed() -> None:
    with serving(ok(NO_BIDS)) as (target,), serving(_redirect_to(target.url)) as (server,):
        answer, _ = _answers([server.url])[server.url]
        assert isinstance(answer, AskFailed)
        assert answer.code == "not_a_bid_response"
        assert target.requests == 0


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"bids": 1}', b'{"bids": [], "extra": 1}', b"[" * 10_000])
def test_nonsense_is_a_failure_and_says_what(body: bytes) -> None:
    with serving(ok(body)) as (server,):
        answer, _ = _answers([server.url])[server.url]
    assert isinstance(answer, AskFailed)
    assert "BidResponse" in answer.why
    assert answer.code == "not_a_bid_response"


def test_a_private_address_is_refused_unless_a_setting_allows_it() -> None:
    with serving(ok(NO_BIDS)) as (server,):
        answer, _ = _answers([server.url], allow_private=False)[server.url]
        assert isinstance(answer, AskFailed)
        assert "not public" in answer.why
        assert server.requests == 0


@pytest.mark.parametrize(
    "url", ["", "ftp://solver.test", "http://", "http://nowhere.invalid/bids", "http://127.0.0.1:1/bids"]
)
def test_what_is_told_to_everyone_does_not_say_what_a_name_resolves_to(url: str) -> None:
    """No URL, no such name, a closed port, and an address within: one code for all."""
    codes = {_answers([url], allow_private=private)[url][0].code for private in (True, False)}
    assert codes == {"no_answer"}


def test_a_name_is_resolved_once_and_what_was_checked_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS that changes its mind between a check and the connection finds no second look-up to answer."""
    resolved: list[str] = []
    real = socket.getaddrinfo

    def first_public_then_loopback(host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        resolved.append(host)
        return real("192.0.2.1" if len(resolved) == 1 else "127.0.0.1", port, *args, **kwargs)

    with serving(ok(NO_BIDS)) as (server,):
        monkeypatch.setattr(socket, "getaddrinfo", first_public_then_loopback)
        url = f"http://rebinding.test:{server.port}/bids"
        answer, _ = _answers([url], allow_private=False)[url]
        assert server.requests == 0
    assert isinstance(answer, AskFailed)
    assert resolved.count("rebinding.test") == 1


def test_one_private_address_among_public_ones_refuses_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    both = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80)) for address in ("93.184.216.34", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: both)
    with pytest.raises(addresses.AddressRefused):
        addresses.resolve("mixed.test", 80, allow_private=False)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104 - what must be refused
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1:a00:0:100:808:808",  # 10.0.0.1 by RFC 6052, in a network of 48 bits
        "64:ff9b:1::808:808",
        "2002:7f00:1::",
        "fec0::1",
        "192.88.99.1",
        "168.63.129.16",
    ],
)
def test_no_private_spelling_is_public(address: str) -> None:
    assert not is_allowed(address, allow_private=False)


def test_metadata_addresses_are_refused_even_in_development() -> None:
    assert is_allowed("127.0.0.1", allow_private=True)
    assert not is_allowed("169.254.169.254", allow_private=True)
    assert not is_allowed("::ffff:169.254.169.254", allow_private=True)


def test_a_closed_port_and_a_wrong_scheme_are_failures_like_any_other() -> None:
    with closing(socket.socket()) as unused:
        unused.bind(("127.0.0.1", 0))
        urls = [f"http://127.0.0.1:{unused.getsockname()[1]}/", "ftp://127.0.0.1/", "not a url", "http://[::1/"]
        got = _answers(urls)
    assert all(isinstance(answer, AskFailed) for answer, _ in got.values())
