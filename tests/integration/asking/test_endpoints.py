"""What is remembered of a solver between two requests: its failures, and its connection."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from intendly.adapters.asking import endpoint as endpoint_module
from intendly.adapters.asking import line, solvers
from intendly.adapters.asking.endpoint import FAILURES, host_of
from intendly.adapters.asking.solvers import HttpSolvers
from intendly.services.auction_ports import Answered, AskFailed, CrowdedOut
from tests.integration.asking.test_http_solvers import NO_BIDS, Answer, ask_of, ok, refuse, serving, wait_for_what_hangs

pytestmark = pytest.mark.integration


@pytest.fixture
def asking() -> Iterator[HttpSolvers]:
    with closing(HttpSolvers(timeout_ms=2_000, allow_private=True)) as one:
        yield one


class Changing:
    """Answers as `answer` does now."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def __call__(self, request: BaseHTTPRequestHandler) -> None:
        self.answer(request)


def _ask(asking: HttpSolvers, *urls: str, ms_left: int = 2_000) -> list[Answered]:
    asks = [ask_of(url, place, ms_left) for place, url in enumerate(urls)]
    return [answered for answers in asking.ask_each(asks) for answered in answers]


def _why(asking: HttpSolvers, url: str) -> str | None:
    [(_, answer)] = _ask(asking, url)
    return answer.why if isinstance(answer, AskFailed) else None


def test_who_fails_again_and_again_is_not_asked_and_then_tried_once(
    asking: HttpSolvers, monkeypatch: pytest.MonkeyPatch
) -> None:
    changing = Changing(refuse)
    with serving(changing) as (server,), capture_logs() as logs:
        for _ in range(FAILURES):
            assert _why(asking, server.url) == "status 400"
        assert "not asked" in (_why(asking, server.url) or "")
        assert server.requests == FAILURES
        changing.answer = ok(NO_BIDS)
        later = time.monotonic() + endpoint_module.PAUSE_S
        monkeypatch.setattr(asking._endpoints[ask_of(server.url).solver]._breaker, "_clock", lambda: later)
        assert _why(asking, server.url) is None
        assert _why(asking, server.url) is None
        assert server.requests == FAILURES + 2
    told = [(one["event"], one["solver"]) for one in logs if one["event"].startswith("solver_circuit")]
    solver = str(ask_of(server.url).solver)
    assert told == [("solver_circuit_open", solver), ("solver_circuit_closed", solver)]


def test_an_endpoint_that_is_not_asked_has_failed_before_the_others_answer(asking: HttpSolvers) -> None:
    release = threading.Event()

    def slow(request: BaseHTTPRequestHandler) -> None:
        release.wait(5)
        ok(NO_BIDS)(request)

    with serving(refuse, slow) as (failing, waiting):
        for _ in range(FAILURES):
            _ask(asking, failing.url)
        asks = asking.ask_each([ask_of(failing.url), ask_of(waiting.url, 1)])
        [(ask, answer)] = next(asks)
        assert (ask.endpoint, isinstance(answer, AskFailed)) == (failing.url, True)
        assert not release.is_set()
        release.set()
        [[(_, answer)]] = asks
        assert not isinstance(answer, AskFailed)


def test_who_was_asked_just_before_the_close_has_not_failed(asking: HttpSolvers) -> None:
    changing = Changing(lambda _request: time.sleep(0.2))
    with serving(changing) as (server,):
        for _ in range(2 * FAILURES):
            [(_, answer)] = _ask(asking, server.url, ms_left=50)
            assert isinstance(answer, AskFailed)
            wait_for_what_hangs(asking)
        changing.answer = ok(NO_BIDS)
        assert _why(asking, server.url) is None


def test_another_solver_at_the_same_url_and_a_new_url_begin_afresh(asking: HttpSolvers) -> None:
    """Whoever registers somebody else's endpoint as its own does them no harm."""
    with serving(refuse, ok(NO_BIDS)) as (failing, good):
        for _ in range(FAILURES):
            _ask(asking, failing.url)
        (_, first), (_, second) = _ask(asking, failing.url, failing.url)
        assert isinstance(first, AskFailed)
        assert isinstance(second, AskFailed)
        assert {(first.why, first.code), (second.why, second.code)} == {
            ("status 400", "not_a_bid_response"),
            ("not asked for a while, since it failed again and again", "not_asked"),
        }
        assert _why(asking, good.url) is None


def test_a_hundred_solvers_at_one_host_that_hangs_take_its_share_and_delay_nobody() -> None:
    released = threading.Event()

    def hang(_request: BaseHTTPRequestHandler) -> None:
        released.wait(10)

    with serving(hang, ok(NO_BIDS)) as (hanging, good), closing(_short(800)) as asking:
        urls = [f"{hanging.url}/{n}" for n in range(100)]
        answered = _ask(asking, *urls, good.url)
        released.set()
    assert answered[0][0].endpoint == good.url
    came = [type(answer) for ask, answer in answered if ask.endpoint != good.url]
    assert (len(came), set(came)) == (100, {AskFailed, CrowdedOut})
    assert hanging.requests == came.count(AskFailed) < 2 * solvers.PER_HOST


def _short(timeout_ms: int) -> HttpSolvers:
    return HttpSolvers(timeout_ms=timeout_ms, allow_private=True)


def test_what_came_of_it_is_counted(asking: HttpSolvers) -> None:
    def counted(outcome: str) -> float:
        return REGISTRY.get_sample_value("solver_asks_total", {"outcome": outcome}) or 0

    before = {outcome: counted(outcome) for outcome in ("answered", "failed", "not_asked")}
    with serving(refuse, ok(NO_BIDS)) as servers:
        for _ in range(FAILURES + 1):
            _ask(asking, *(server.url for server in servers))
    gained = {outcome: counted(outcome) - value for outcome, value in before.items()}
    assert gained == {"answered": FAILURES + 1, "failed": FAILURES, "not_asked": 1}


def test_a_connection_is_kept_for_the_next_request(asking: HttpSolvers) -> None:
    with serving(ok(NO_BIDS)) as (server,):
        for _ in range(5):
            assert _why(asking, server.url) is None
        assert (server.requests, server.connections) == (5, 1)


def test_a_connection_that_the_server_closed_is_made_anew(asking: HttpSolvers) -> None:
    """Whether it is seen before the request or during it, the answer is there."""

    def then_close(request: BaseHTTPRequestHandler) -> None:
        ok(NO_BIDS)(request)
        request.close_connection = True

    with serving(then_close) as (server,):
        for _ in range(20):
            assert _why(asking, server.url) is None
        assert server.connections == 20


def test_a_connection_that_breaks_is_tried_anew_once_and_a_new_one_is_not(asking: HttpSolvers) -> None:
    changing = Changing(ok(NO_BIDS))

    def hang_up(request: BaseHTTPRequestHandler) -> None:
        request.close_connection = True

    with serving(changing) as (server,):
        assert _why(asking, server.url) is None
        changing.answer = hang_up
        assert _why(asking, server.url) == "RemoteProtocolError"
        assert server.requests == 3
        assert _why(asking, server.url) == "RemoteProtocolError"
        assert server.requests == 4


def test_an_answer_that_is_not_read_to_its_end_is_not_taken_for_the_next(asking: HttpSolvers) -> None:
    """What lies in a connection after a refusal, a half answer or too much of one is never another's answer."""
    smuggled = b"HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n" + b'{"bids":[]}'

    def and_more(request: BaseHTTPRequestHandler) -> None:
        request.send_response(400)
        request.send_header("content-length", str(2 * line.ANSWER_MAX_BYTES))
        request.end_headers()
        request.wfile.write(smuggled)

    with serving(and_more) as (server,):
        assert [_why(asking, server.url) for _ in range(2)] == ["status 400"] * 2
        assert server.connections == 2


class Names:
    """DNS that answers as a test says, and counts its questions."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.address = "127.0.0.1"
        self.asked = 0
        real = socket.getaddrinfo

        def resolve(host: str, port: int, *args: Any, **kwargs: Any) -> Any:
            if host != "solver.test":
                return real(host, port, *args, **kwargs)
            self.asked += 1
            return real(self.address, port, *args, **kwargs)

        monkeypatch.setattr(socket, "getaddrinfo", resolve)


def test_a_kept_connection_stays_at_the_address_that_was_checked_and_no_longer_than_a_minute(
    asking: HttpSolvers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name turns to the address of a cloud's metadata, which no setting allows."""
    names = Names(monkeypatch)
    with serving(ok(NO_BIDS)) as (server,):
        url = f"http://solver.test:{server.port}/bids"
        assert _why(asking, url) is None
        names.address = "169.254.169.254"
        assert _why(asking, url) is None
        assert (names.asked, server.connections) == (1, 1)
        [kept] = asking._endpoints[ask_of(url).solver]._kept
        kept._kept_until = time.monotonic()
        assert "not public" in (_why(asking, url) or "")
        assert (names.asked, server.requests) == (2, 2)


def test_a_limit_of_its_own_holds_for_each_request_over_a_kept_connection() -> None:
    changing = Changing(ok(NO_BIDS))
    released = threading.Event()

    def hang(_request: BaseHTTPRequestHandler) -> None:
        released.wait(10)

    with serving(changing) as (server,), closing(_short(30_000)) as asking:
        assert _why(asking, server.url) is None
        changing.answer = hang
        [(_, answer)] = _ask(asking, server.url, ms_left=200)
        assert isinstance(answer, AskFailed)
        released.set()


@pytest.mark.parametrize(
    ("url", "host", "with_port"),
    [
        ("https://Solver.Example./bids", "solver.example", "solver.example:443"),
        ("http://solver.example:8080/", "solver.example", "solver.example:8080"),
        ("not a url", "not a url", "not a url"),
        ("http://[::1/", "http://[::1/", "http://[::1/"),
        ("http://solver.example:port/", "http://solver.example:port/", "http://solver.example:port/"),
    ],
)
def test_which_host_a_url_counts_for(url: str, host: str, with_port: str) -> None:
    assert host_of(url, with_port=False) == host
    assert host_of(url, with_port=True) == with_port


def test_who_still_hangs_in_name_resolution_is_not_asked_and_a_hundred_of_those_delay_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    released = threading.Event()
    real = socket.getaddrinfo

    def resolve(host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        if host.endswith(".test"):
            released.wait(10)
        return real("127.0.0.1", port, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with serving(ok(NO_BIDS)) as (server,), closing(_short(300)) as asking:
        urls = [f"http://{n}.test:{server.port}/bids" for n in range(100)]
        hang: set[str] = set()
        failures = (
            AskFailed("no answer within the time limit", "no_answer"),
            AskFailed("its last request still hangs", "not_asked"),
        )
        for failed in failures:
            answers = {ask.endpoint: answer for ask, answer in _ask(asking, *urls, server.url)}
            assert not isinstance(answers.pop(server.url), AskFailed)
            # On a busy machine the turn of some has not come by the first limit; they may be asked again.
            hang = hang or {url for url, answer in answers.items() if isinstance(answer, AskFailed)}
            assert hang
            assert [answers[url] for url in hang] == [failed] * len(hang)
        released.set()
