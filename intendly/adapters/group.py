"""What requests that come together need of the outside is asked at once: one commit, one round trip; each waits for it.

One caller at a time leads: it writes what all that wait have handed in, and what those hand in who are about to, wakes
them, and lets the first who came meanwhile lead. So an idle venue writes each at once, a busy one fills its batches.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar, cast

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
        self._guard = threading.Lock()  # of the two that follow; never held while something is written
        self._waiting: deque[_Ticket[Item, Outcome]] = deque()
        self._leader: _Call | None = None

    def submit(self, items: Sequence[Item]) -> list[Outcome | Exception]:
        """The outcome of each item, once it is durable, or what writing it raised."""
        if not items:
            return []
        call = _Call(len(items))
        tickets: list[_Ticket[Item, Outcome]] = [_Ticket(item, call) for item in items]
        with self._guard:
            self._waiting.extend(tickets)
            leads = self._leader is None
            if leads:
                self._leader = call
        try:
            if not leads:
                call.sleep()  # until its items are settled, or it is to lead
            while call.open:
                self._let_others_come()
                self._settle(self._next_batch())
        finally:
            self._leave(call)
        return [ticket.outcome() for ticket in tickets]

    def get(self, items: Sequence[Item]) -> list[Outcome]:
        """The same where all stand or fall together: raises the first error."""
        outcomes = self.submit(items)
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome
        return cast("list[Outcome]", outcomes)

    def _let_others_come(self) -> None:
        """Other requests that can go on without waiting do so until none of them joins: no time is spent idle."""
        known = 0
        while known < len(self._waiting) < self._batch_max:
            known = len(self._waiting)
            time.sleep(0)

    def _next_batch(self) -> list[_Ticket[Item, Outcome]]:
        with self._guard:
            return [self._waiting.popleft() for _ in range(min(len(self._waiting), self._batch_max))]

    def _leave(self, call: _Call) -> None:
        """Whoever leads lets the next one lead. One that is stopped while it waits takes its items along."""
        with self._guard:
            if call.open:
                self._waiting = deque(ticket for ticket in self._waiting if ticket.call is not call)
            if self._leader is call:
                self._leader = self._waiting[0].call if self._waiting else None
                if self._leader is not None:
                    self._leader.wake()

    def _settle(self, batch: Sequence[_Ticket[Item, Outcome]]) -> None:
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
                ticket.settle(outcome)


class _Call:
    """One caller: how many of its items are open. It sleeps until none is, or until it is to lead."""

    __slots__ = ("_bell", "open")

    def __init__(self, items: int) -> None:
        self.open = items
        self._bell = threading.Lock()
        self._bell.acquire()

    def sleep(self) -> None:
        self._bell.acquire()

    def wake(self) -> None:
        if self._bell.locked():
            self._bell.release()


class _Ticket(Generic[Item, Outcome]):
    __slots__ = ("_outcome", "call", "item")

    def __init__(self, item: Item, call: _Call) -> None:
        self.item = item
        self.call = call
        self._outcome: Outcome | Exception | None = None

    def settle(self, outcome: Outcome | Exception) -> None:
        self._outcome = outcome
        self.call.open -= 1
        if not self.call.open:
            self.call.wake()

    def outcome(self) -> Outcome | Exception:
        return cast("Outcome | Exception", self._outcome)  # it was set before the caller woke


def _fail(batch: Sequence[_Ticket[Item, Outcome]], error: Exception) -> None:
    for ticket in batch:
        ticket.settle(error)
