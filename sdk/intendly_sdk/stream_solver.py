"""Runs a solver over the stream: hears auctions, answers each at once, tells what became of its bids."""

from __future__ import annotations

import asyncio
import logging
import threading
from contextlib import suppress

from intendly_sdk.async_stream import AsyncStreamClient
from intendly_sdk.errors import ApiError, CursorGoneError, IntendlyError, NetworkError, StreamClosedError
from intendly_sdk.messages import Event, EventKind
from intendly_sdk.pricing import BACKLOG, WORKERS, Pricing, check_bounds
from intendly_sdk.signatures import Signer
from intendly_sdk.solver import Solver
from intendly_sdk.solver_answers import Answers
from intendly_sdk.solver_fates import Fates
from intendly_sdk.stopping import stopped_by_signals
from intendly_sdk.stream_messages import auction_of

log = logging.getLogger("intendly_sdk.solver")
_FATES = frozenset({EventKind.BID_DECIDED, EventKind.FILL_FAILED, EventKind.INTENT_SETTLED, EventKind.INTENT_REOPENED})
_LOOK_EVERY_S = 0.5


class StreamSolver:
    """`run()`, or `await serve()` in a program of asyncio, until `stop()`.

    It logs in with the solver's key, on every connection anew, and prices up to `workers` auctions at a time. Up to
    `backlog` more wait; beyond, the oldest are shed first: declined, so that nobody waits for them, and counted in the
    log as `auction.shed`. An answer that a lost line keeps from the venue is sent on the next one, until the auction's
    close. `connected` is set while it hears auctions.
    """

    def __init__(
        self, solver: Solver, *, stream_url: str | None = None, workers: int = WORKERS, backlog: int = BACKLOG
    ) -> None:
        self._solver = solver
        self._url = stream_url or solver.config.stream_url
        check_bounds(workers, backlog)
        self._workers = workers
        self._backlog = backlog
        self._new_signers: list[Signer] = []
        self._stopped = threading.Event()
        self._running: tuple[asyncio.AbstractEventLoop, AsyncStreamClient] | None = None
        self.connected = threading.Event()

    def use_signer(self, signer: Signer) -> None:
        """Sign with this key from when the venue knows it as the solver's; until then with the one before.

        To be called before SolverRegistry is told of the key, so that no auction is missed. Safe from another thread.
        """
        self._new_signers.append(signer)
        if self._running is not None:
            loop, stream = self._running
            with suppress(RuntimeError):  # it has ended already
                loop.call_soon_threadsafe(stream.use_signer, signer)

    def stop(self) -> None:
        """Make `run` return within a second or two, once the prices under way are done. Safe in a signal handler."""
        self._stopped.set()
        if self._running is not None:
            loop, stream = self._running
            with suppress(RuntimeError):  # it has ended already
                loop.call_soon_threadsafe(stream.stop)

    def run(self) -> None:
        """Hear and answer auctions. A refused login is tried again: a registration takes a block to be seen.

        In the main thread Ctrl-C and SIGTERM stop it, unless the program has handlers of its own for them.
        """
        with stopped_by_signals(self.stop):
            asyncio.run(self.serve())

    async def serve(self) -> None:
        """`run`, on the caller's event loop. May be cancelled."""
        pricing = Pricing(self._solver, self._workers, self._backlog)
        solver = self._solver
        ids = (solver.solver, solver.signer.address, solver.config.chain_id, solver.config.settlement)
        log.info("stream.connecting url=%s solver=%s key=%s chain_id=%d settlement=%s", self._url, *ids)
        async with AsyncStreamClient(
            self._url, signer=solver.signer, domain=solver.domain, solver=solver.solver, on_lost=self._note_loss
        ) as stream:
            for signer in self._new_signers:
                stream.use_signer(signer)
            self._running = asyncio.get_running_loop(), stream
            answers, fates = Answers(pricing, stream, solver.domain, self._backlog), Fates(solver)
            try:
                await self._listen(stream, answers, fates)
            finally:
                self._running = None
                self.connected.clear()
                await answers.close()
                await fates.close()
                await pricing.close()

    async def _listen(self, stream: AsyncStreamClient, answers: Answers, fates: Fates) -> None:
        is_subscribed = False
        while not self._stopped.is_set():
            event = None
            try:
                if not is_subscribed:
                    is_subscribed = True
                    await stream.subscribe(solver=True)
                else:
                    event = await stream.next_event(timeout=_LOOK_EVERY_S)
            except CursorGoneError:
                log.warning("stream.cursor_gone: events of the old epoch went by unseen")
            except IntendlyError as error:
                self.connected.clear()
                if not self._stopped.is_set():
                    log.warning("stream.refused reason=%r: trying again%s", str(error), self._advice(error))
            if stream.is_connected and not self.connected.is_set():
                self._note_connection(stream.signers[0])
            if event is not None:
                self._hear(event, answers, fates)

    def _advice(self, error: IntendlyError) -> str:
        if not isinstance(error, ApiError) or error.code != "login_invalid":
            return ""
        key = (self._new_signers or [self._solver.signer])[-1].address
        return f"; to register it with this key: `intendly solver register --stream --signing-key {key}`"

    def _note_connection(self, signer: Signer) -> None:
        self._solver.signer = signer
        self.connected.set()
        ids = (self._solver.solver, signer.address, self._url)
        log.info("stream.subscribed solver=%s key=%s url=%s: registered, and asked here", *ids)

    def _note_loss(self, loss: NetworkError) -> None:
        self.connected.clear()
        code, why = (loss.code, loss.reason.value) if isinstance(loss, StreamClosedError) else (None, "no_connection")
        log.warning("stream.lost code=%s reason=%s detail=%r: connecting again", code or "-", why, str(loss))

    def _hear(self, event: Event, answers: Answers, fates: Fates) -> None:
        if event.kind is EventKind.AUCTION_OPENED:
            try:
                answers.begin(auction_of(event))
            except ValueError as error:
                log.warning("auction.unreadable auction_id=%s reason=%r", event.auction_id, str(error))
        elif event.kind in _FATES:
            log.info("%s auction_id=%s %s", event.kind.value, event.auction_id, _fields(event))
            fates.tell(event)
        elif event.kind is EventKind.SOLVER_CHANGED:
            log.info("%s %s", event.kind.value, _fields(event))


def _fields(event: Event) -> str:
    # Failing calldata is long; whoever wants all of it overrides `heard`.
    return " ".join(f"{name}={str(value)[:200]}" for name, value in sorted(event.data.items()))
