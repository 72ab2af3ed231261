"""What the stream's addresses take in their query: the WebSocket's, and that of server-sent events."""

from __future__ import annotations

import re
from typing import Annotated, Final, Self

from flask import Request
from intendly_sdk.primitives import Address, Hash32
from intendly_sdk.stream_messages import Cursor
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from intendly.domain.errors import InvalidRequest
from web.parameters import refuse_unknown

_CURSOR: Final = re.compile(r"[0-9]{1,18}-[0-9]{1,18}")
LAST: Final = "Last-Event-ID"


def _parts(value: object) -> object:
    return [part for part in value.split(",") if part] if isinstance(value, str) else value


class EventsQuery(BaseModel):
    """What to hear, at least one thing; lists are separated by commas, and short, as an address is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    intents: Annotated[tuple[Hash32, ...], BeforeValidator(_parts)] = Field(default=(), max_length=30)
    swappers: Annotated[tuple[Address, ...], BeforeValidator(_parts)] = Field(default=(), max_length=30)
    auctions: bool = False
    after: Cursor | None = None

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not (self.intents or self.swappers or self.auctions):
            raise ValueError("expected something to hear: intents=, swappers= or auctions=true")
        return self


def events_query(request: Request) -> EventsQuery:
    """What is asked of server-sent events, behind the header Last-Event-ID where there is one.

    Raises `InvalidRequest`, and pydantic's `ValidationError`.
    """
    refuse_unknown(request.args, EventsQuery.model_fields)
    given = request.args.to_dict()
    _check_cursor(given.get("after"), "after")
    if last := request.headers.get(LAST, ""):
        _check_cursor(last, LAST)
        given["after"] = last
    return EventsQuery.model_validate(given)


def after_in(request: Request) -> str | None:
    """The cursor in a WebSocket's address. Raises `InvalidRequest`."""
    refuse_unknown(request.args, ("after",))
    after = request.args.get("after")
    _check_cursor(after, "after")
    return after


def _check_cursor(text: str | None, field: str) -> None:
    if text is not None and not _CURSOR.fullmatch(text):
        raise InvalidRequest(f"{field}: expected the cursor of an event, epoch-number as in 1-4711", field=field)
