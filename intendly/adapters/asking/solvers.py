"""`SolverEndpoints` over HTTP: one POST to each solver, all at once, each with its own limit of time and size."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cached_property
from queue import Empty, SimpleQueue
from typing import Final

from intendly_sdk.messages import BidRequest, BidResponse
from intendly_sdk.primitives import Address
from prometheus_client import Counter
from pydantic import ValidationError

from intendly.adapters.asking.addresses import AddressRefused
from intendly.adapters.asking.connection import AnswerRefused
from intendly.adapters.asking.endpoint import Endpoint, host_of
from intendly.adapters.asking.fair_threads import FairThreads
from intendly.services.auction_ports import Answered, Ask, AskFailed, CrowdedOut

THREADS: Final = 256
"""In each of the two groups."""
PER_HOST: Final = 8
"""At once, half of which those may have that never bid."""
ANSWERS_AT_ONCE: Final = 64
GRACE_S: Final = 0.02
SHORT_S: Final = 0.25
"""With less of its time left, a failure is not held against the solver."""

Answer = BidResponse | AskFailed

_ASKED = Counter("solver_asks", "Solvers asked over HTTP, by what came of it.", ("outcome",))


@dataclass(slots=True)
class _Asked:
    """A solver to be asked in `limit_s` seconds, and the moment, by `time.monotonic`, until which its answer counts.

    `in_time`: it was given long enough that a failure speaks against it; known once its turn has come.
    """

    ask: Ask
    endpoint: Endpoint
    limit_s: float
    end: float
    in_time: bool = False


class HttpSolvers:
    """Asks solvers from threads of its own. `timeout_ms` is the most that one may take, resolving its name included.

    Those whose last answer was one have threads to themselves, a few for each server (host and port); the others, who
    may name any port of any host, a few for each host. So whoever hangs takes none from who answers. Who failed again
    and again is not asked for a while, nor is one whose last request still hangs beyond its limit (in name resolution,
    which nothing can interrupt). Redirects are not followed: an answer is a 200. With `allow_private` every host is
    counted by its port too, as a whole venue's solvers share one in development.
    """

    def __init__(self, *, timeout_ms: int, allow_private: bool) -> None:
        self._timeout_ms = timeout_ms
        self._allow_private = allow_private
        self._proven = FairThreads("ask-proven", threads=THREADS, per_line=PER_HOST)
        self._others = FairThreads("ask", threads=THREADS, per_line=PER_HOST)
        self._lock = threading.Lock()
        self._endpoints: dict[Address, Endpoint] = {}

    def ask_each(self, asks: Sequence[Ask]) -> Iterator[list[Answered]]:
        """Ask all at once; yield the answers as they arrive, and a failure at the limit of who gave none."""
        done: SimpleQueue[Future[Answer]] = SimpleQueue()
        bodies: dict[tuple[int, int], bytes] = {}  # most are asked the same
        pending: dict[Future[Answer], _Asked] = {}
        refused: list[Answered] = []
        began = time.monotonic()
        for ask in asks:
            endpoint = self._endpoint(ask)
            refusal = endpoint.refusal()
            if refusal is not None:
                _ASKED.labels("not_asked").inc()
                refused.append((ask, AskFailed(refusal, "not_asked")))
                continue
            limit_s = self._limit_s(ask)
            asked = _Asked(ask, endpoint, limit_s, began + limit_s)
            same = id(ask.auctions), id(ask.quotes)
            if same not in bodies:
                bodies[same] = BidRequest(auctions=ask.auctions, quotes=ask.quotes).model_dump_json().encode()
            pending[self._start(asked, bodies[same], done)] = asked
        if refused:
            yield refused
        while pending:
            answered = self._arrived(done, pending) + self._late(pending)
            if answered:
                yield answered

    def close(self) -> None:
        """Close the connections that are kept. What is under way ends by itself."""
        for endpoint in self._endpoints.values():
            endpoint.close()

    def _start(self, asked: _Asked, body: bytes, done: SimpleQueue[Future[Answer]]) -> Future[Answer]:
        future: Future[Answer] = Future()
        future.add_done_callback(done.put)
        endpoint, is_proven = asked.endpoint, asked.endpoint.is_proven
        threads = self._proven if is_proven else self._others
        threads.run(
            host_of(endpoint.url, with_port=is_proven or self._allow_private),
            lambda: self._turn(asked, body, future),
            is_known=endpoint.has_bid,
            last_turn=endpoint.last_turn,
        )
        return future

    def _turn(self, asked: _Asked, body: bytes, future: Future[Answer]) -> None:
        """Its turn has come. With hardly any time left it is crowded out, which cancels the future."""
        now = time.monotonic()
        left_s = asked.end - now
        if left_s < min(SHORT_S, asked.limit_s / 2):
            future.cancel()
        elif future.set_running_or_notify_cancel():
            asked.in_time = left_s >= min(SHORT_S, self._timeout_ms / 2000)
            asked.endpoint.last_turn = now
            future.set_result(self._ask(asked, body))

    def _arrived(self, done: SimpleQueue[Future[Answer]], pending: dict[Future[Answer], _Asked]) -> list[Answered]:
        """What has arrived by now; if nothing has, what is the first to, or nothing until the first limit."""
        answered: list[Answered] = []
        wait_s = max(0.0, min(asked.end for asked in pending.values()) + GRACE_S - time.monotonic())
        try:
            while len(answered) < ANSWERS_AT_ONCE:
                future = done.get(timeout=wait_s) if not answered else done.get_nowait()
                asked = pending.pop(future, None)
                if asked is not None:
                    answered.append(_crowded_out(asked) if future.cancelled() else _noted(asked, future.result()))
        except Empty:
            pass
        return answered

    def _late(self, pending: dict[Future[Answer], _Asked]) -> list[Answered]:
        now = time.monotonic()
        late = [future for future, asked in pending.items() if asked.end + GRACE_S <= now]
        answered = []
        for future in late:
            asked = pending.pop(future)
            if future.cancel():
                answered.append(_crowded_out(asked))
            else:
                asked.endpoint.hangs = future
                answered.append(_noted(asked, AskFailed("no answer within the time limit")))
        return answered

    def _endpoint(self, ask: Ask) -> Endpoint:
        """What is known of it; nothing any more when the solver has registered another."""
        with self._lock:
            known = self._endpoints.get(ask.solver)
            if known is None or known.url != ask.endpoint:
                if known is not None:
                    known.close()
                known = Endpoint(ask, trial_s=self._timeout_ms / 1000 + 1)
                self._endpoints[ask.solver] = known
            return known

    def _limit_s(self, ask: Ask) -> float:
        """Until the last of its auctions closes, if it is about any, and no longer than the time-out."""
        ms_left = max((auction.ms_left for auction in ask.auctions), default=self._timeout_ms)
        return min(self._timeout_ms, ms_left) / 1000

    def _ask(self, asked: _Asked, body: bytes) -> Answer:
        """Never raises: whatever a stranger's server does is an answer that does not count."""
        try:
            answer = asked.endpoint.post(body, asked.end, self._tls, allow_private=self._allow_private)
            response = BidResponse.model_validate_json(answer)
        except ValidationError as error:
            issue = error.errors(include_input=False, include_url=False)[0]
            return AskFailed(f"not a BidResponse: {issue['loc']}: {issue['msg']}"[:300], "not_a_bid_response")
        except AnswerRefused as error:
            return AskFailed(str(error), "not_a_bid_response")
        except AddressRefused as error:
            return AskFailed(str(error))
        except Exception as error:  # noqa: BLE001
            return AskFailed(type(error).__name__)
        if response.bids and all(one.bid.solver != asked.ask.solver for one in response.bids):
            why = "its bids are all another solver's, as if it had registered that one's endpoint"
            return AskFailed(why, "not_its_bids")
        return response

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context()


def _noted(asked: _Asked, answer: Answer) -> Answered:
    failed = isinstance(answer, AskFailed)
    if not failed or asked.in_time:
        asked.endpoint.note(answer)
    _ASKED.labels("failed" if failed else "answered").inc()
    return asked.ask, answer


def _crowded_out(asked: _Asked) -> Answered:
    _ASKED.labels("crowded_out").inc()
    return asked.ask, CrowdedOut()
