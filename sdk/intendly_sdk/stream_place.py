"""Where a client of the stream stands: what it follows, how far it has come, and so what is news to it."""

from __future__ import annotations

import time

from intendly_sdk.messages import Event, EventKind
from intendly_sdk.primitives import Hash32
from intendly_sdk.stream_messages import Subscribe


class Place:
    """What is followed, across connections, and the cursor of the last event that was handed out."""

    def __init__(self) -> None:
        self.cursor: str | None = None
        self.followed: Subscribe | None = None
        self._before: tuple[Subscribe | None, str | None] | None = None
        self._hears_open = False
        self._opened: dict[Hash32, float] = {}

    def joined(self, more: Subscribe) -> Subscribe:
        """All that is followed, with `more`. Raises `ValueError` where that is too much for one subscription."""
        known = self.followed or Subscribe(id=0)
        return Subscribe(
            id=0,
            intents=tuple(dict.fromkeys(known.intents + more.intents)),
            swappers=tuple(dict.fromkeys(known.swappers + more.swappers)),
            auctions=known.auctions or more.auctions,
            solver=known.solver or more.solver,
        )

    def missing(self, more: Subscribe) -> Subscribe:
        """What of `more` is not followed yet: who follows as a solver is not to be told of open auctions again."""
        known = self.followed or Subscribe(id=0)
        return Subscribe(
            id=0,
            intents=tuple(one for one in more.intents if one not in known.intents),
            swappers=tuple(one for one in more.swappers if one not in known.swappers),
            auctions=more.auctions and not known.auctions,
            solver=more.solver and not known.solver,
        )

    def ask_for(self, more: Subscribe, after: str | None) -> None:
        """Follow this too from the next connection on, if the venue takes it then."""
        wanted = self.joined(more)
        if self._before is None:
            self._before = self.followed, self.cursor
        self.followed = wanted
        self.cursor = self.cursor if after is None else after

    def taken(self) -> None:
        """The venue has taken what was asked for on a new connection: it tells what is behind the cursor.

        Where there is none yet, a solver is told of the auctions that are open already, with their own, older numbers.
        """
        self._before = None
        self._hears_open = self.cursor is None

    def refused(self) -> None:
        """It has not: all is as it was before."""
        if self._before is not None:
            self.followed, self.cursor = self._before
            self._before = None

    def follow(self, asked: Subscribe) -> None:
        """The venue has taken it on the open connection: it tells what is behind `asked.after` anew."""
        self.followed = self.joined(asked)
        if asked.after is None:
            self._hears_open = self._hears_open or asked.solver

    def rewind(self, after: str, *, is_ahead: bool) -> None:
        """What is behind this cursor is told anew. `is_ahead`: events from before it wait to be handed out first."""
        if not (is_ahead and self.cursor is not None and position(self.cursor) < position(after)):
            self.cursor = after

    def is_news(self, event: Event) -> bool:
        """Whether it was not handed out yet; from here on it was."""
        is_opening = event.kind is EventKind.AUCTION_OPENED and event.auction_id is not None
        if self.cursor is not None and _is_behind(event.cursor, self.cursor):
            if not (self._hears_open and is_opening) or event.auction_id in self._opened:
                return False
        else:
            self.cursor = event.cursor
        if is_opening and event.auction_id is not None:
            self._note_opening(event.auction_id, event.ms_left or 0)
        return True

    def _note_opening(self, auction_id: Hash32, ms_left: int) -> None:
        now = time.monotonic()
        while self._opened and self._opened[first := next(iter(self._opened))] < now:
            del self._opened[first]
        self._opened[auction_id] = now + ms_left / 1000


def position(cursor: str) -> tuple[int, int]:
    """A cursor's epoch and number."""
    epoch, number = cursor.split("-")
    return int(epoch), int(number)


def _is_behind(cursor: str, newest: str) -> bool:
    """Whether a reader that has come to `newest` has had it; another epoch is always new."""
    (epoch, number), (newest_epoch, newest_number) = position(cursor), position(newest)
    return epoch == newest_epoch and number <= newest_number
