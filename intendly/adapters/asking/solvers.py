"""`SolverEndpoints` over HTTP: one POST to each solver, all at once, each with its own limit of time and size."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import cached_property
from typing import Final

import httpcore
from intendly_sdk.messages import BidRequest, BidResponse
from pydantic import ValidationError

from intendly.adapters.asking.addresses import AddressRefused
from intendly.adapters.asking.connection import CheckedBackend, Deadline
from intendly.services.auction_ports import Ask, AskFailed

ANSWER_MAX_BYTES: Final = 1 << 20
_HEADERS: Final[list[tuple[bytes | str, bytes | str]]] = [
    ("content-type", "application/json"),
    ("accept", "application/json"),
    ("user-agent", "intendly-venue"),
]


class HttpSolvers:
    """Asks solvers from threads of its own. `timeout_ms` is the most that one may take, resolving its name included.

    A solver whose last request still hangs beyond its limit (in name resolution, which nothing can interrupt) is
    not asked again until that has ended. Redirects are not followed: an answer is a 200.
    """

    def __init__(self, *, timeout_ms: int, allow_private: bool, threads: int = 64) -> None:
        self._timeout_ms = timeout_ms
        self._allow_private = allow_private
        self._threads = threads
        self._stuck: dict[str, Future[BidResponse | AskFailed]] = {}

    def ask_each(self, asks: Sequence[Ask]) -> Iterator[tuple[Ask, BidResponse | AskFailed]]:
        """Ask all at once; yield each answer as it arrives, and a failure at the limit of who gave none."""
        pending: dict[Future[BidResponse | AskFailed], tuple[Ask, float]] = {}
        for ask in asks:
            stuck = self._stuck.get(ask.endpoint)
            if stuck is not None and not stuck.done():
                yield ask, AskFailed("its last request still hangs")
                continue
            self._stuck.pop(ask.endpoint, None)
            limit_s = self._limit_s(ask)
            pending[self._pool.submit(self._ask, ask, limit_s)] = ask, time.monotonic() + limit_s
        while pending:
            until_next = min(end for _, end in pending.values()) - time.monotonic()
            done, _ = wait(pending, timeout=max(0.0, until_next) + 0.02, return_when=FIRST_COMPLETED)
            for future in done:
                yield pending.pop(future)[0], future.result()
            now = time.monotonic()
            for future in [future for future, (_, end) in pending.items() if end + 0.02 <= now]:
                ask, _ = pending.pop(future)
                if not future.cancel():
                    self._stuck[ask.endpoint] = future
                yield ask, AskFailed("no answer within the time limit")

    def _limit_s(self, ask: Ask) -> float:
        """Until the last of its auctions closes, if it is about any, and no longer than the time-out."""
        ms_left = max((auction.ms_left for auction in ask.auctions), default=self._timeout_ms)
        return min(self._timeout_ms, ms_left) / 1000

    def _ask(self, ask: Ask, limit_s: float) -> BidResponse | AskFailed:
        """Never raises: whatever a stranger's server does is an answer that does not count."""
        try:
            return BidResponse.model_validate_json(self._post(ask, Deadline(limit_s)))
        except ValidationError as error:
            issue = error.errors(include_input=False, include_url=False)[0]
            return AskFailed(f"not a BidResponse: {issue['loc']}: {issue['msg']}"[:300])
        except (AddressRefused, AnswerRefused) as error:
            return AskFailed(str(error))
        except Exception as error:  # noqa: BLE001
            return AskFailed(type(error).__name__)

    def _post(self, ask: Ask, deadline: Deadline) -> bytes:
        body = BidRequest(auctions=ask.auctions, quotes=ask.quotes).model_dump_json().encode()
        backend = CheckedBackend(deadline, allow_private=self._allow_private)
        with (
            httpcore.ConnectionPool(ssl_context=self._tls, network_backend=backend, max_connections=1) as pool,
            pool.stream("POST", ask.endpoint, headers=_HEADERS, content=body) as response,
        ):
            if response.status != 200:
                raise AnswerRefused(f"status {response.status}")
            answer = bytearray()
            for chunk in response.iter_stream():
                answer += chunk
                if len(answer) > ANSWER_MAX_BYTES:
                    raise AnswerRefused(f"more than {ANSWER_MAX_BYTES} bytes")
        return bytes(answer)

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._threads, thread_name_prefix="ask")

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context()


class AnswerRefused(Exception):
    """The answer is not one that is read."""
