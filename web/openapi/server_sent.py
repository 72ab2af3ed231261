"""GET /api/v1/stream/events in the API's document: websocket-server answers it, at an address of its own."""

from __future__ import annotations

import json
from typing import Final

from intendly.domain.errors import CursorGone, InvalidRequest, StreamFull, Unavailable
from web.openapi.examples import heard
from web.openapi.refusals import ANYWHERE, headers, refusals, told
from web.openapi.schemas import Schema, Schemas, query_parameters
from web.stream_query import LAST, EventsQuery

PATH: Final = "/api/v1/stream/events"
NAME: Final = "stream.events"
_STREAM: Final = "/api/v1/stream"
_DESCRIPTION: Final = """\
As `EventSource` hears them: for who only listens. Name at least one thing to hear. What is for one solver alone is not
told here.

Websocket-server answers this, not the server of the rest: `stream_url` of GET /config, with `http` in the place of
`ws`. The answer does not end by itself.
"""
_ANSWER: Final = """\
First `event: hello`, whose id is the cursor to go on from; then each event, with its cursor as the id and the `Event`
of docs/stream.json as its data. A comment comes after 20 quiet seconds. `event: end` says in its data, by `code` and
`detail`, why the server closes: resume behind your last cursor.
"""


def events(stream_url: str, schemas: Schemas) -> Schema:
    """The operation. `stream_url` is the WebSocket's, as GET /config has it."""
    server = stream_url.removesuffix(_STREAM).replace("ws", "http", 1)
    answer = {
        "description": _ANSWER,
        "headers": headers("X-Request-ID"),
        "content": {"text/event-stream": {"schema": {"type": "string"}, "examples": {"heard": {"value": _heard()}}}},
    }
    problems = (*told(InvalidRequest, CursorGone, StreamFull, Unavailable), *ANYWHERE)
    return {
        "operationId": NAME,
        "tags": ["stream"],
        "summary": "The stream's events, as server-sent events.",
        "description": _DESCRIPTION,
        "servers": [{"url": server, "description": "websocket-server"}],
        "parameters": [*_parameters(), {"$ref": "#/components/parameters/RequestId"}],
        "responses": {"200": answer} | refusals(problems, schemas, budgets=False),
    }


def _parameters() -> list[Schema]:
    query = query_parameters(EventsQuery)
    after = next(one for one in query if one["name"] == "after")
    after["description"] = "the cursor behind which to resume"
    last = {"name": LAST, "in": "header", "required": False, "schema": after["schema"]}
    return [*query, last | {"description": "the same, as `EventSource` sends it; goes before `after`"}]


def _heard() -> str:
    event, before = heard(), "1-4710"
    hello = json.dumps({"type": "hello", "cursor": before, "server_time": event.at})
    first = f"retry: 2000\nid: {before}\nevent: hello\ndata: {hello}\n\n"
    return f"{first}id: {event.cursor}\ndata: {event.model_dump_json(exclude_none=True)}\n\n"
