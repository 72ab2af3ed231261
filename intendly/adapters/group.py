"""What requests that come together need of the outside is asked at once: one commit, one round trip; each waits for it.

There is one writer at a time. Whoever waits for the turn finds, when it comes, that the writer before took its row
along, or takes all that wait now. So an idle venue writes each at once, and a busy one fills its batches.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from sqlalchemy.exc import InterfaceError, OperationalError, TimeoutError

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")
_AFFECTS_ALL = (OperationalError, InterfaceError, TimeoutError)


class Group(Generic[Item, Outcome]):
    """Calls `write` with what concurrent callers hand in. Safe in threads and, under gevent, in greenlets.

    `write` is one transaction, returns one outcome for each item in order, and must be safe to repeat: a batch that
    fails is split, so that a poisoned item fails alone. A database that is away fails the whole batch at once.
    """

    def __init__(self, write: Callable[[Sequence[Item]], Sequence[Outcome]], *, batch_max: int = 200) -> None:
        self._write = write
        self._batch_max = batch_max
        self._turn = threading.Lock()
        self._waiting: list[_Ticket[Item, Outcome]] = []

    def submit(self, items: Sequence[Item]) -> list[Outcome | Exception]:
        """The outcome of each item, once it is durable, or what writing it raised."""
        tickets: list[_Ticket[Item, Outcome]] = [_Ticket(item) for item in items]
        self._waiting.extend(tickets)
        for ticket in tickets:
            while not ticket.done:
                with self._turn:
                    if not ticket.done:
                        batch, self._waiting = self._waiting[: self._batch_max], self._waiting[self._batch_max :]
                        self._settle(batch)
        return [ticket.outcome() for ticket in tickets]

    def _settle(self, batch: list[_Ticket[Item, Outcome]]) -> None:
        try:
            outcomes = self._write([ticket.item for ticket in batch])
        except _AFFECTS_ALL as error:
            _fail(batch, error)
        except Exception as error:  # noqa: BLE001 - it is raised to whoever handed in the item
            if len(batch) == 1:
                _fail(batch, error)
                return
            middle = len(batch) // 2
            self._settle(batch[:middle])
            self._settle(batch[middle:])
        except BaseException:
            # This caller is being stopped; the others must not wait for it, and may try again.
            _fail(batch, OperationalError("group commit", None, InterruptedError("the writer was stopped")))
            raise
        else:
            for ticket, outcome in zip(batch, outcomes, strict=True):
                ticket.succeed(outcome)


class _Ticket(Generic[Item, Outcome]):
    __slots__ = ("_error", "_outcome", "done", "item")

    def __init__(self, item: Item) -> None:
        self.item = item
        self.done = False
        self._outcome: Outcome | None = None
        self._error: Exception | None = None

    def succeed(self, outcome: Outcome) -> None:
        self._outcome, self.done = outcome, True

    def fail(self, error: Exception) -> None:
        self._error, self.done = error, True

    def outcome(self) -> Outcome | Exception:
        return self._error or self._outcome  # type: ignore[return-value]  # one of them is set together with `done`


def _fail(batch: Sequence[_Ticket[Item, Outcome]], error: Exception) -> None:
    for ticket in batch:
        ticket.fail(error)
