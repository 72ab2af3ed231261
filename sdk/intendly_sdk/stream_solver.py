"""Runs a solver over the stream: hears auctions, answers each at once, tells what became of its bids."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from intendly_sdk.backoff import delays
from intendly_sdk.errors import ApiError, CursorGoneError, NetworkError
from intendly_sdk.messages import Event, EventKind
from intendly_sdk.solver import Solver
from intendly_sdk.stream import StreamClient
from intendly_sdk.stream_messages import Reply, auction_of

log = logging.getLogger("intendly_sdk.solver")
_FATES = frozenset(
    {EventKind.BID_DECIDED, EventKind.FILL_FAILED, EventKind.INTENT_SETTLED, EventKind.INTENT_REOPENED}
)


class StreamSolver:
    """`run()` until `stop()`. It logs in with the solver's key and prices up to `workers` auctions at a time."""

    def __init__(self, solver: Solver, *, stream_url: str | None = None, workers: int = 4) -> None:
        self._solver = solver
        self._url = stream_url or solver.config.stream_url
        self._workers = workers
        self._stopped = threading.Event()
        self.connected = threading.Event()

    def stop(self) -> None:
        """Make `run` return within a second. Safe in a signal handler."""
        self._stopped.set()

    def run(self) -> None:
        """Hear and answer auctions. A refused login is tried again: a registration takes a block to be seen."""
        waits = delays(first=0.5, cap=10.0)
        while not self._stopped.is_set():
            try:
                self._listen()
            except (ApiError, NetworkError) as error:
                self.connected.clear()
                log.warning("stream.refused reason=%r", str(error))
                self._stopped.wait(next(waits))

    def _listen(self) -> None:
        with (
            StreamClient(self._url, signer=self._solver.signer, domain=self._solver.domain) as stream,
            ThreadPoolExecutor(self._workers, thread_name_prefix="price") as pool,
        ):
            stream.subscribe(solver=True)
            self.connected.set()
            log.info("stream.subscribed solver=%s url=%s", self._solver.solver, self._url)
            while not self._stopped.is_set():
                try:
                    event = stream.next_event(timeout=0.5)
                except CursorGoneError:
                    log.warning("stream.cursor_gone: events of the old epoch went by unseen")
                    continue
                if event is not None:
                    self._hear(event, stream, pool)

    def _hear(self, event: Event, stream: StreamClient, pool: ThreadPoolExecutor) -> None:
        if event.kind is EventKind.AUCTION_OPENED:
            pool.submit(self._answer, event, stream)
        elif event.kind in _FATES:
            log.info("%s auction_id=%s %s", event.kind.value, event.auction_id, _fields(event))
            self._solver.heard(event)

    def _answer(self, event: Event, stream: StreamClient) -> None:
        try:
            auction = auction_of(event)
            if auction.ms_left <= 0:
                return
            bid = self._solver.answer(auction)
            if bid is None:
                stream.send_decline(auction.auction_id, _told("decline", event))
            else:
                stream.send_bid(bid, _told("bid", event))
        except (NetworkError, ValueError) as error:
            log.warning("auction.unanswered auction_id=%s reason=%r", event.auction_id, str(error))


def _told(what: str, event: Event) -> Callable[[Reply], None]:
    def on_reply(reply: Reply) -> None:
        if reply.ok:
            log.debug("%s.accepted auction_id=%s", what, event.auction_id)
        else:
            problem = reply.problem
            code, detail = (problem.code, problem.detail) if problem else ("unknown", "")
            log.warning("%s.refused auction_id=%s code=%s detail=%r", what, event.auction_id, code, detail)

    return on_reply


def _fields(event: Event) -> str:
    # Failing calldata is long; whoever wants all of it overrides `heard`.
    return " ".join(f"{name}={str(value)[:200]}" for name, value in sorted(event.data.items()))
