"""Strangers who register an honest solver's host, or its very URL, as their own: it is asked as ever.

Whoever may register can name any host and any port of it, and what listens there need not be an HTTP server.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler

import pytest
from intendly_sdk.messages import BidResponse
from intendly_sdk.primitives import Address, Hash32
from intendly_sdk.signatures import Signer
from structlog.testing import capture_logs

from intendly.adapters.asking import addresses
from intendly.adapters.asking.endpoint import FAILURES
from intendly.adapters.asking.solvers import PER_HOST, HttpSolvers
from intendly.services.auction_ports import Ask, AskFailed, CrowdedOut
from tests.integration.asking.test_http_solvers import NO_BIDS, ask_of, ok, serving, wait_for_what_hangs
from tests.integration.web.world import signed_bid

pytestmark = pytest.mark.integration

HONEST = Signer(b"\x61" * 32)
STRANGERS = 2 * PER_HOST
BID = BidResponse(bids=(signed_bid(HONEST, Hash32(bytes(32)), Hash32(bytes(32)), 0),)).model_dump_json().encode()
Answer = BidResponse | AskFailed | CrowdedOut


@pytest.fixture
def asking(monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpSolvers]:
    """As in production, where a host is its name; only that loopback counts as public."""
    monkeypatch.setattr(addresses, "is_allowed", lambda *_a, **_k: True)
    with closing(HttpSolvers(timeout_ms=300, allow_private=False)) as one:
        yield one


def _honest(url: str) -> Ask:
    return Ask(HONEST.address, url, ask_of(url).auctions)


def _round(asking: HttpSolvers, strangers: list[str], honest: str) -> dict[Address, Answer]:
    """What each answered. The honest one stands last in the line."""
    asks = [ask_of(url, place) for place, url in enumerate(strangers)]
    return {ask.solver: answer for answers in asking.ask_each([*asks, _honest(honest)]) for ask, answer in answers}


def _all_answer(asking: HttpSolvers, strangers: list[str], honest: str) -> None:
    """Ask until a round comes in which each had its turn: on a busy machine the line of a host may be too long."""
    answered: set[type] = {CrowdedOut}
    while CrowdedOut in answered:
        answered = {type(one) for one in _round(asking, strangers, honest).values()}
    assert answered == {BidResponse}


def test_ports_of_its_host_that_take_connections_and_never_answer_open_no_circuit_of_its(asking: HttpSolvers) -> None:
    with serving(ok(BID)) as (honest,), closing(socket.create_server(("127.0.0.1", 0), backlog=1_000)) as silent:
        strangers = [f"http://127.0.0.1:{silent.getsockname()[1]}/{n}" for n in range(STRANGERS)]
        answer: Answer = CrowdedOut()
        with capture_logs() as logs:
            while isinstance(answer, CrowdedOut):  # nobody is known yet: each has a turn, and its own is among them
                answers = _round(asking, strangers, honest.url)
                wait_for_what_hangs(asking)
                answer = answers[HONEST.address]
            assert isinstance(answer, BidResponse)
            for _ in range(FAILURES):
                answers = _round(asking, strangers, honest.url)
                assert isinstance(answers[HONEST.address], BidResponse)
                wait_for_what_hangs(asking)
    assert str(HONEST.address) not in {one["solver"] for one in logs if one["event"] == "solver_circuit_open"}
    assert AskFailed in {type(one) for one in answers.values()}


def test_strangers_who_answered_once_at_another_port_of_its_host_and_then_hang_take_no_turn_of_its(
    asking: HttpSolvers,
) -> None:
    """It never bid, so nothing but its answers speaks for it."""
    release = threading.Event()

    def answer(request: BaseHTTPRequestHandler) -> None:
        release.wait(10)
        ok(NO_BIDS)(request)

    with serving(ok(NO_BIDS), answer) as (honest, other):
        strangers = [f"{other.url}/{n}" for n in range(STRANGERS)]
        release.set()
        _all_answer(asking, strangers, honest.url)
        release.clear()
        answers = _round(asking, strangers, honest.url)
        release.set()
    assert isinstance(answers.pop(HONEST.address), BidResponse)
    assert {type(one) for one in answers.values()} == {AskFailed, CrowdedOut}


def test_strangers_at_its_very_url_are_asked_behind_it(asking: HttpSolvers) -> None:
    release, hears = threading.Event(), list[str]()
    release.set()

    def answer(request: BaseHTTPRequestHandler) -> None:
        hears.append(request.path)
        release.wait(10)
        ok(BID if request.path == "/honest" else NO_BIDS)(request)

    with serving(answer) as (server,):
        root = server.url.removesuffix("/bids")
        strangers = [f"{root}/?{n}" for n in range(STRANGERS)]
        _all_answer(asking, strangers, f"{root}/honest")
        hears.clear()
        release.clear()
        answers = _round(asking, strangers, f"{root}/honest")
        release.set()
    assert "/honest" in hears
    assert isinstance(answers[HONEST.address], AskFailed)
    assert [type(one) for one in answers.values()].count(AskFailed) == len(hears) == PER_HOST // 2 + 1


def test_who_is_answered_by_another_solvers_server_has_failed(asking: HttpSolvers) -> None:
    with serving(ok(BID)) as (server,):
        for why in (*["another solver's"] * FAILURES, "not asked for a while"):
            answers = _round(asking, [server.url], server.url)
            told = answers.pop(ask_of(server.url).solver)
            assert isinstance(told, AskFailed)
            assert why in told.why
            assert isinstance(answers[HONEST.address], BidResponse)
