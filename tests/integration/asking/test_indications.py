"""Solvers asked for quotes over real sockets: who is asked, how often, and whose answer counts."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass

import pytest
from intendly_sdk.http_solver import HttpSolver
from intendly_sdk.messages import BidResponse, QuoteAnswer, QuoteAsk, SolverView
from intendly_sdk.primitives import Address

from intendly.adapters.asking import indications
from intendly.adapters.asking.indications import SolverIndications
from intendly.adapters.asking.solvers import HttpSolvers
from intendly.services.quote_ports import Endpoint
from tests.integration.asking.test_http_solvers import Answer, StrangersServer, hang, ok, refuse, serving
from tests.unit.sdk.fixed_solver import FixedSolver

pytestmark = pytest.mark.integration

ASK = QuoteAsk(token_in=Address(b"\x01" * 20), amount_in=10**18, token_out=Address(b"\x02" * 20))


@dataclass
class Listed:
    """The registered solvers, one for each address."""

    urls: Sequence[str]
    broken: bool = False

    def some_endpoints(self, limit: int) -> list[Endpoint]:
        if self.broken:
            raise OSError("database")
        return [Endpoint(Address(bytes([n + 1]) * 20), url) for n, url in enumerate(self.urls)][:limit]

    def find(self, solver: Address) -> SolverView | None:
        raise NotImplementedError

    def page(self, limit: int, after: Address | None) -> tuple[SolverView, ...]:
        raise NotImplementedError


def _quotes(*amounts: int | None) -> Answer:
    answers = tuple(QuoteAnswer(amount=amount) for amount in amounts)
    return ok(BidResponse(bids=(), quotes=answers).model_dump_json().encode())


def _urls(servers: Sequence[StrangersServer]) -> list[str]:
    return [server.url for server in servers]


Asking = Callable[[Listed], SolverIndications]


@pytest.fixture
def asking_of() -> Iterator[Asking]:
    with ExitStack() as stack:

        def make(listed: Listed) -> SolverIndications:
            solvers = stack.enter_context(closing(HttpSolvers(timeout_ms=600, allow_private=True)))
            return SolverIndications(listed, solvers)

        yield make


def test_only_an_amount_counts_and_nobody_waits_beyond_the_limit(asking_of: Asking) -> None:
    """One quotes; the others decline, know no quotes, refuse them, answer too many, give nothing, hang."""
    others = (_quotes(None), ok(b'{"bids": []}'), refuse, _quotes(5, 5), _quotes(0), hang)
    with serving(_quotes(3_000), *others) as servers:
        began = time.monotonic()
        (found,) = asking_of(Listed(_urls(servers))).of(ASK)
        assert time.monotonic() - began < 2.5
        assert [server.requests for server in servers] == [1] * len(servers)
    assert (found.solver, found.amount) == (Address(b"\x01" * 20), 3_000)
    assert began < found.at < time.monotonic()


def test_a_solver_of_the_sdk_is_told_what_to_quote(asking_of: Asking) -> None:
    class Priced(FixedSolver):
        def quote(self, ask: QuoteAsk) -> int | None:
            return ask.amount_in * 3 if ask == ASK else None

    server = HttpSolver(Priced(None))
    running = threading.Thread(target=server.run)
    running.start()
    try:
        (found,) = asking_of(Listed([f"http://127.0.0.1:{server.port}/bids"])).of(ASK)
    finally:
        server.stop()
        running.join(5)
    assert found.amount == 3 * 10**18


def test_those_who_ask_the_same_share_one_answer_while_it_is_fresh(
    monkeypatch: pytest.MonkeyPatch, asking_of: Asking
) -> None:
    together = threading.Barrier(8)
    with serving(_quotes(3_000)) as servers, ThreadPoolExecutor(8) as pool:
        asking = asking_of(Listed(_urls(servers)))

        def ask_together(_: int) -> object:
            together.wait()
            return asking.of(ASK)

        answers = set(pool.map(ask_together, range(8)))
        assert len(answers) == 1
        assert servers[0].requests == 1
        assert asking.of(ASK.model_copy(update={"amount_in": 1})) not in answers
        assert servers[0].requests == 2
        monkeypatch.setattr(indications, "FRESH_FOR_S", -1.0)
        fresher = asking_of(Listed(_urls(servers)))
        assert fresher.of(ASK) != fresher.of(ASK)
        assert servers[0].requests == 4


def test_a_failure_of_ours_is_told_to_all_who_wait_for_it_and_is_no_answer_for_long(
    monkeypatch: pytest.MonkeyPatch, asking_of: Asking
) -> None:
    monkeypatch.setattr(indications, "FRESH_FOR_S", -1.0)
    with serving(_quotes(3_000)) as servers:
        listed = Listed(_urls(servers), broken=True)
        asking = asking_of(listed)
        with pytest.raises(OSError, match="database"):
            asking.of(ASK)
        listed.broken = False
        assert len(asking.of(ASK)) == 1


def test_never_more_than_so_many_solvers_are_asked(monkeypatch: pytest.MonkeyPatch, asking_of: Asking) -> None:
    monkeypatch.setattr(indications, "MOST_SOLVERS", 2)
    with serving(_quotes(1), _quotes(2), _quotes(3)) as servers:
        assert len(asking_of(Listed(_urls(servers))).of(ASK)) == 2
        assert sum(server.requests for server in servers) == 2
