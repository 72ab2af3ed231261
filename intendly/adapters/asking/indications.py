"""`Indications` of the solvers that are asked over HTTP. An answer serves all who ask the same while it is fresh."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from itertools import chain
from typing import Final

import structlog
from intendly_sdk.messages import BidResponse, QuoteAsk

from intendly.services.auction_ports import Ask, AskFailed, CrowdedOut, SolverEndpoints
from intendly.services.quote_ports import Indication, SolverReader

log = structlog.get_logger(__name__)

MOST_SOLVERS: Final = 16
"""Asked for one quote."""
FRESH_FOR_S: Final = 1.5
Answers = tuple[Indication, ...]


class SolverIndications:
    """Of one process. Whoever asks while the solvers are being asked the same waits for that answer."""

    def __init__(self, solvers: SolverReader, endpoints: SolverEndpoints) -> None:
        self._solvers = solvers
        self._endpoints = endpoints
        self._lock = threading.Lock()
        self._known: dict[QuoteAsk, tuple[float, Future[Answers]]] = {}

    def of(self, ask: QuoteAsk) -> Answers:
        answers: Future[Answers] = Future()
        with self._lock:
            now = time.monotonic()
            self._known = {one: known for one, known in self._known.items() if now < known[0]}
            # Fresh for ever until the answer is there; then the clock begins.
            _, earlier = self._known.setdefault(ask, (float("inf"), answers))
        if earlier is not answers:
            return earlier.result()
        try:
            answers.set_result(tuple(self._ask(ask)))
        except BaseException as error:
            answers.set_exception(error)
            raise
        finally:
            with self._lock:
                self._known[ask] = (time.monotonic() + FRESH_FOR_S, answers)
        return answers.result()

    def _ask(self, ask: QuoteAsk) -> Iterator[Indication]:
        asks = [Ask(each.solver, each.url, (), (ask,)) for each in self._solvers.some_endpoints(MOST_SOLVERS)]
        for asked, answer in chain.from_iterable(self._endpoints.ask_each(asks)):
            amount = _amount_of(answer)
            if amount:
                yield Indication(asked.solver, amount, time.monotonic())


def _amount_of(answer: BidResponse | AskFailed | CrowdedOut) -> int | None:
    """A solver that does not know quotes refuses them, or leaves them out."""
    if isinstance(answer, AskFailed):
        log.debug("solver_quote_failed", why=answer.why)
        return None
    if isinstance(answer, CrowdedOut):
        return None
    return answer.quotes[0].amount if len(answer.quotes) == 1 else None
