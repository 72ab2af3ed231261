"""What counts as breaking between two documents, and which version says so."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tools.openapi_changes import breaking, is_said

Document = dict[str, Any]
TEXT_OR_NULL = {"anyOf": [{"type": "string"}, {"type": "null"}]}
OLD: Document = {
    "paths": {
        "/things": {
            "post": {
                "parameters": [{"$ref": "#/components/parameters/Key"}],
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Asked"}}},
                },
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Told"}}}},
                    "422": {
                        "content": {
                            "application/problem+json": {"schema": {"properties": {"code": {"enum": ["a", "b"]}}}}
                        }
                    },
                },
            },
            "get": {"responses": {"200": {"content": {}}}},
        }
    },
    "components": {
        "parameters": {
            "Key": {"name": "key", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 9}}
        },
        "schemas": {
            "Asked": {
                "type": "object",
                "additionalProperties": False,
                "required": ["amount"],
                "properties": {
                    "amount": {"type": "string", "maxLength": 78},
                    "side": {"enum": ["buy", "sell"]},
                    "to": TEXT_OR_NULL,
                    "parts": {"type": "array", "items": {"type": "string"}},
                    "more": {"type": "object"},
                },
            },
            "Told": {
                "type": "object",
                "required": ["id"],
                "properties": {
                    "id": {"type": "string"},
                    "many": {"type": "array", "items": {"type": "integer"}},
                    "state": {"enum": ["open"]},
                    "by": {"type": "string"},
                    "both": {"allOf": [{"type": "string"}]},
                },
            },
        },
    },
}


def post(new: Document) -> Document:
    return new["paths"]["/things"]["post"]  # type: ignore[no-any-return]


def field(new: Document, name: str) -> Document:
    return asked(new)["properties"][name]  # type: ignore[no-any-return]


def key(new: Document) -> Document:
    return new["components"]["parameters"]["Key"]  # type: ignore[no-any-return]


def codes(new: Document) -> list[str]:
    problem = post(new)["responses"]["422"]["content"]["application/problem+json"]["schema"]
    return problem["properties"]["code"]["enum"]  # type: ignore[no-any-return]


def asked(new: Document) -> Document:
    return new["components"]["schemas"]["Asked"]  # type: ignore[no-any-return]


def told(new: Document) -> Document:
    return new["components"]["schemas"]["Told"]  # type: ignore[no-any-return]


BREAKS: dict[str, Callable[[Document], Any]] = {
    "POST /things: removed": lambda new: new["paths"].clear(),
    "GET /things: removed": lambda new: new["paths"]["/things"].pop("get"),
    "POST /things: status 422 removed": lambda new: post(new)["responses"].pop("422"),
    "POST /things 200: application/json removed": lambda new: post(new)["responses"]["200"]["content"].clear(),
    "GET /things: a body is required": lambda new: new["paths"]["/things"]["get"].update(
        requestBody={"required": True}
    ),
    "POST /things: parameter query key removed": lambda new: post(new)["parameters"].clear(),
    "POST /things: parameter query key is required": lambda new: key(new).update(required=True),
    "POST /things query key: maximum 8": lambda new: key(new)["schema"].update(maximum=8),
    "POST /things query key: minimum 2": lambda new: key(new)["schema"].update(minimum=2),
    "POST /things body.amount: was string, is integer": lambda new: asked(new)["properties"].update(
        amount={"type": "integer"}
    ),
    "POST /things body.amount: pattern ^0x": lambda new: field(new, "amount").update(pattern="^0x"),
    "POST /things body.side: removed": lambda new: asked(new)["properties"].pop("side"),
    "POST /things body.side: required": lambda new: asked(new)["required"].append("side"),
    "POST /things body.side: 'sell' is no value any more": lambda new: field(new, "side")["enum"].pop(),
    "POST /things body.amount: must be one of ['1']": lambda new: field(new, "amount").update(enum=["1"]),
    "POST /things body.to: was null, is string": lambda new: field(new, "to")["anyOf"].pop(),
    "POST /things body.parts: minItems 1": lambda new: field(new, "parts").update(minItems=1),
    "POST /things body.parts: maxItems 9": lambda new: field(new, "parts").update(maxItems=9),
    "POST /things body.parts[]: format uint256": lambda new: field(new, "parts")["items"].update(format="uint256"),
    "POST /things body.more: no other field is allowed": lambda new: field(new, "more").update(
        additionalProperties=False
    ),
    "POST /things 200.both: was string, is integer": lambda new: told(new)["properties"]["both"]["allOf"][0].update(
        type="integer"
    ),
    "POST /things 200.by: removed": lambda new: told(new)["properties"].pop("by"),
    "POST /things 200.id: may be missing": lambda new: told(new)["required"].clear(),
    "POST /things 200.many[]: was integer, is string": lambda new: told(new)["properties"]["many"]["items"].update(
        type="string"
    ),
    "POST /things 200.by: was string, is null": lambda new: told(new)["properties"].update(by=TEXT_OR_NULL),
}

KEEPS: dict[str, Callable[[Document], Any]] = {
    "nothing": dict,
    "another path": lambda new: new["paths"].update({"/others": {"get": {"responses": {}}}}),
    "another status": lambda new: post(new)["responses"].update({"409": {"content": {}}}),
    "another code": lambda new: codes(new).append("c"),
    "an optional field more": lambda new: asked(new)["properties"].update(memo={"type": "string"}),
    "an answer's field more": lambda new: told(new)["properties"].update(memo={"type": "string"}),
    "a wider bound": lambda new: field(new, "amount").update(maxLength=100),
    "a wider type": lambda new: field(new, "amount").update(type=["string", "integer"]),
    "a further value": lambda new: field(new, "side")["enum"].append("swap"),
    "an optional parameter more": lambda new: post(new)["parameters"].append(
        {"name": "p", "in": "query", "schema": {}}
    ),
}


@pytest.mark.parametrize("said", BREAKS)
def test_what_breaks(said: str) -> None:
    new = copy.deepcopy(OLD)
    BREAKS[said](new)
    assert said in breaking(OLD, new)


@pytest.mark.parametrize("name", KEEPS)
def test_what_does_not(name: str) -> None:
    new = copy.deepcopy(OLD)
    KEEPS[name](new)
    assert breaking(OLD, new) == []


@pytest.mark.parametrize(
    ("released", "version", "said"),
    [
        ("0.1.0", "0.1.0", False),
        ("0.1.0", "0.1.9", False),
        ("0.1.0", "0.2.0", True),
        ("0.9.0", "1.0.0", True),
        ("1.2.3", "1.3.0", False),
        ("1.9.9", "2.0.0", True),
        ("2.0.0", "1.0.0", False),
    ],
)
def test_which_version_says_so(released: str, version: str, said: bool) -> None:
    assert is_said(released, version) is said
