"""docs/stream.json: JSON Schema of all that travels on the stream, from the classes that the SDK reads it by.

`tools.openapi` writes it; clients/ts has its types from it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from intendly_sdk.messages import AuctionOpened
from intendly_sdk.stream_messages import client_message, server_message
from pydantic import TypeAdapter

STREAM: Final = Path(__file__).resolve().parents[1] / "docs" / "stream.json"
_REF: Final = "#/components/schemas/{model}"


def generated() -> dict[str, Any]:
    """The schemas by name, laid out as in an OpenAPI document."""
    inputs = [(name, "validation", adapter) for name, adapter in _ADAPTERS.items()]
    tops, named = TypeAdapter.json_schemas(inputs, ref_template=_REF)  # type: ignore[arg-type]
    schemas = {name: _as_sent(schema) for name, schema in named["$defs"].items()}
    for name in schemas.keys() - _sent_by_clients():
        schemas[name].pop("additionalProperties", None)  # new fields in answers may come at any time
    unions = {name: tops[name, "validation"] for name in ("ClientMessage", "ServerMessage")}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "The stream of Intendly: its frames",
            "version": "1",
            "description": "docs/wire.md says how they follow each other. New fields and kinds of events may come.",
        },
        "paths": {},
        "components": {"schemas": dict(sorted((schemas | unions).items()))},
    }


_ADAPTERS: Final[dict[str, TypeAdapter[Any]]] = {
    "ClientMessage": client_message,
    "ServerMessage": server_message,
    "AuctionOpened": TypeAdapter(AuctionOpened),
}


def _sent_by_clients() -> set[str]:
    return set(client_message.json_schema()["$defs"])


def _as_sent(schema: dict[str, Any]) -> dict[str, Any]:
    """What would be null is left out on the wire; what a frame is, it always says."""
    properties = schema.get("properties", {})
    for field in properties.values():
        if "default" in field and field["default"] is None:
            del field["default"]
            field.update(next(kind for kind in field.pop("anyOf") if kind.get("type") != "null"))
    if "const" in properties.get("type", {}):
        schema["required"] = ["type", *schema["required"]]
    return schema
