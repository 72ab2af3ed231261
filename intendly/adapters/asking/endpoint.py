"""What this process knows of one solver's endpoint: how it answered, and the connections that are kept to it."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Final

import httpcore
import structlog
from intendly_sdk.messages import BidResponse

from intendly.adapters.asking.addresses import AddressRefused
from intendly.adapters.asking.line import Line
from intendly.adapters.breaker import Breaker
from intendly.services.auction_ports import Ask, AskFailed

log = structlog.get_logger(__name__)

FAILURES: Final = 3
"""In a row, after which a solver is not asked for a while."""
PAUSE_S: Final = 2.0
PAUSE_MAX_S: Final = 60.0
LINES_KEPT: Final = 2
_PORTS: Final = {b"http": 80, b"https": 443}
# A server may close a connection that it kept just as the next request is sent.
_CLOSED_UNDER_US: Final = (httpcore.RemoteProtocolError, httpcore.ReadError, httpcore.WriteError)


class Endpoint:
    """Safe in threads and greenlets. `trial_s`: how long the one request may take that tries a solver that failed.

    `is_proven` says that its last answer was one, `has_bid` that there was one with a bid of the solver's own, since
    its circuit was open last. `last_turn`, by `time.monotonic`: when it was sent a request; 0 for never. `hangs` is set
    by whoever gave up on a request that still runs.
    """

    def __init__(self, ask: Ask, *, trial_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.url = ask.endpoint
        self.is_proven = self.has_bid = False
        self.last_turn = 0.0
        self.hangs: Future[Any] | None = None
        self._solver = ask.solver
        self._breaker = Breaker(open_s=PAUSE_S, open_max_s=PAUSE_MAX_S, failures=FAILURES, trial_s=trial_s, clock=clock)
        self._kept: list[Line] = []

    def refusal(self) -> str | None:
        """Why it is not to be asked now; None if it is, and then `note` is to be told how a request went."""
        if self.hangs is not None and not self.hangs.done():
            return "its last request still hangs"
        if not self._breaker.allows():
            return "not asked for a while, since it failed again and again"
        return None

    def note(self, answer: BidResponse | AskFailed) -> None:
        """It was asked, and answered or failed."""
        self.is_proven = not isinstance(answer, AskFailed)
        if not isinstance(answer, AskFailed):
            self.has_bid = self.has_bid or bool(answer.bids)
            if self._breaker.succeeded():
                log.info("solver_circuit_closed", solver=str(self._solver))
        elif self._breaker.failed():
            self.has_bid = False
            log.warning("solver_circuit_open", solver=str(self._solver), pause_s=PAUSE_S, why=answer.why)

    def post(self, body: bytes, end: float, tls: ssl.SSLContext, *, allow_private: bool) -> bytes:
        """The body of its answer to `body`. Raises `AnswerRefused`, `AddressRefused`, and what httpcore raises."""
        line = self._kept_line() or self._new_line(tls, allow_private=allow_private)
        was_used = line.is_used
        try:
            answer = line.post(body, end)
        except _CLOSED_UNDER_US:
            line.close()
            if not was_used:
                raise
            line = self._new_line(tls, allow_private=allow_private)
            answer = line.post(body, end)
        finally:
            self._keep(line)
        return answer

    def close(self) -> None:
        """Close what is kept."""
        while self._kept:
            with suppress(IndexError):
                self._kept.pop().close()

    def _kept_line(self) -> Line | None:
        while self._kept:
            with suppress(IndexError):  # another thread was faster
                line = self._kept.pop()
                if line.can_be_kept():
                    return line
                line.close()
        return None

    def _new_line(self, tls: ssl.SSLContext, *, allow_private: bool) -> Line:
        return Line(_url(self.url), tls, allow_private=allow_private)

    def _keep(self, line: Line) -> None:
        if len(self._kept) < LINES_KEPT and line.can_be_kept():
            self._kept.append(line)
        else:
            line.close()


def host_of(url: str, *, with_port: bool) -> str:
    """The host that `url` names, for counting; the text itself where it is no URL."""
    try:
        parts = _url(url)
    except AddressRefused:
        return url
    host = parts.host.decode().lower().rstrip(".")
    return f"{host}:{parts.port or _PORTS[parts.scheme]}" if with_port else host


def _url(url: str) -> httpcore.URL:
    try:
        parts = httpcore.URL(url)
    except ValueError:
        raise AddressRefused("its endpoint is not a URL") from None
    if parts.scheme not in _PORTS or not parts.host:
        raise AddressRefused("its endpoint is not an http or https URL")
    return parts
