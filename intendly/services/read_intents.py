"""What anyone may read of intents."""

from __future__ import annotations

from typing import TypeVar

from intendly_sdk.messages import IntentPage, IntentStatus, IntentView
from intendly_sdk.primitives import Address, Hash32

from intendly.domain.errors import InvalidRequest, NotFound
from intendly.services.ports import IntentReader, PagePosition

View = TypeVar("View", IntentView, IntentStatus)


class ReadIntents:
    """Intents by hash and by swapper."""

    def __init__(self, intents: IntentReader) -> None:
        self._intents = intents

    def find(self, intent_hash: Hash32) -> IntentView:
        """The intent. Raises `NotFound`."""
        return _found(self._intents.find(intent_hash), intent_hash)

    def status(self, intent_hash: Hash32) -> IntentStatus:
        """Why it is not filled, in words. Raises `NotFound`."""
        return _found(self._intents.status(intent_hash), intent_hash)

    def page(self, swapper: Address, limit: int, after: str | None) -> IntentPage:
        """A page of the swapper's intents, newest first, behind `after`. Raises `InvalidRequest` for a bad one."""
        views, last = self._intents.page(swapper, limit, None if after is None else _position(after))
        return IntentPage(intents=views, next=None if last is None else f"{last.created_us}-{last.intent_hash.hex()}")


def _found(view: View | None, intent_hash: Hash32) -> View:
    if view is None:
        raise NotFound(f"no intent {intent_hash} was accepted here", field="intent_hash")
    return view


def _position(cursor: str) -> PagePosition:
    moment, _, intent_hash = cursor.partition("-")
    try:
        if not (moment.isascii() and moment.isdigit() and len(moment) <= 17):
            raise ValueError(moment)
        return PagePosition(int(moment), Hash32("0x" + intent_hash))
    except ValueError:
        raise InvalidRequest("expected the `next` of the page before", field="after") from None
