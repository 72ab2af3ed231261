"""The OpenAPI 3.1 document, from the routes, their descriptions and the models that validate."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from typing import Any, Final

from flask import Flask
from intendly_sdk.messages import Problem
from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema
from pydantic_core.core_schema import WithDefaultSchema
from werkzeug.routing import Rule

from intendly.domain.errors import InvalidRequest, RateLimited, Unavailable, VenueError
from web.openapi.examples import examples
from web.openapi.operations import OPERATIONS, PATH, Body, Link, Operation
from web.problems import CONTENT_TYPE, FRAMEWORK, INTERNAL, MALFORMED_JSON

VERSION: Final = "0.1.0"
"""Of this document, and the product's. A breaking change moves the first number, before 1.0.0 the second."""
API: Final = "api."
Schema = dict[str, Any]
Told = tuple[int, str, str]
"""A problem's status, code and title."""

_PARAMETER = re.compile(r"<(\w+)>")
_UNREADABLE: Final = (414, 431)
"""Answered by the server before the application, so no budget is counted (web/unreadable.py)."""
_OF_BODIES: Final = (400, 408, 413, 415)
_DESCRIPTION: Final = """\
Signed intents, sealed auctions, and what becomes of both. Amounts are decimal strings in the token's smallest unit;
times named `_at` are unix milliseconds, the others unix seconds of block time. Every error is a problem (RFC 9457)
whose `code` is stable. The examples are really signed, by keys that all may know.
"""
_PARAMETERS: Final[dict[str, Schema]] = {
    "RequestId": {
        "name": "X-Request-ID",
        "in": "header",
        "description": "yours comes back where it is 1 to 64 of A-Z, a-z, 0-9, dot, dash, underscore; else one is made",
        "schema": {"type": "string"},
    },
    "ApiKey": {
        "name": "X-Api-Key",
        "in": "header",
        "description": "a known integrator's, with budgets of its own",
        "schema": {"type": "string"},
    },
}
_HEADERS: Final[dict[str, Schema]] = {
    "X-Request-ID": {
        "description": "names this request in our logs",
        "required": True,
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
    },
    "RateLimit": {
        "description": "what is left of each budget, r, and the seconds until it is whole again, t",
        "required": True,
        "schema": {"type": "string"},
    },
    "RateLimit-Policy": {
        "description": "each budget that this request counts on: q requests in w seconds",
        "required": True,
        "schema": {"type": "string"},
    },
    "Retry-After": {
        "description": "of a budget that is used up: the seconds until the next request",
        "schema": {"type": "integer", "minimum": 1},
    },
}


def document(app: Flask, batch_max: int) -> Schema:
    """The document of `app`. Raises `KeyError` for a route under /api/v1 that `OPERATIONS` does not describe."""
    schemas = Schemas(batch_max)
    paths: dict[str, Schema] = {}
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith(API)]
    for rule in sorted(rules, key=lambda rule: rule.rule):
        name = rule.endpoint.removeprefix(API)
        described = _operation(name, rule, inspect.getdoc(app.view_functions[rule.endpoint]) or "", schemas)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            paths.setdefault(_PARAMETER.sub(r"{\1}", rule.rule), {})[method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {"title": "Intendly", "version": VERSION, "description": _DESCRIPTION},
        "servers": [{"url": "/"}],
        "tags": [{"name": name} for name in sorted({_tag(name) for name in OPERATIONS})],
        "paths": paths,
        "components": {"schemas": schemas.definitions, "parameters": _PARAMETERS, "headers": _HEADERS},
    }


class Generator(GenerateJsonSchema):
    """pydantic's, with defaults as the wire has them, and without a title that repeats the field's name."""

    def default_schema(self, schema: WithDefaultSchema) -> Schema:
        told = super().default_schema(schema)
        if told.get("type") == "string" and isinstance(told.get("default"), int):
            told["default"] = str(told["default"])
        return told

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        return False


class Schemas:
    """The messages' schemas, as requests and as answers have them, and an example of each."""

    def __init__(self, batch_max: int) -> None:
        wanted: list[tuple[type[BaseModel], JsonSchemaMode]] = [(Problem, "serialization")]
        for one in OPERATIONS.values():
            bodies = (one.body.one, one.body.several) if one.body else ()
            wanted += [(model, "validation") for model in bodies if model is not None]
            wanted += [(model, "serialization") for _, models in one.answers.values() for model in models]
        refs, whole = models_json_schema(
            wanted, schema_generator=Generator, ref_template="#/components/schemas/{model}"
        )
        self.definitions: Schema = dict(sorted(whole["$defs"].items()))
        taken = models_json_schema([one for one in wanted if one[1] == "validation"], schema_generator=Generator)[1]
        for name in self.definitions.keys() - taken["$defs"].keys():
            _open(self.definitions[name])
        self._refs = refs
        self._batch_max = batch_max
        self._examples = examples()

    def request(self, body: Body) -> Schema:
        """The media type of a request's body."""
        schema: Schema = {}
        told: dict[str, Schema] = {}
        if body.one is not None:
            schema = self._refs[body.one, "validation"]
            told["one"] = {"value": self._example(body.one)}
        if body.several is not None:
            several = self._several(body.several, body.within)
            schema = {"anyOf": [schema, several]} if schema else several
            members = [self._example(body.several)]
            told["several"] = {"value": {body.within: members} if body.within else members}
        return {"schema": schema, "examples": told}

    def answer(self, models: tuple[type[BaseModel], ...]) -> Schema:
        """The media type of an answer's body."""
        refs = [self._refs[model, "serialization"] for model in models]
        told = {model.__name__: {"value": self._example(model)} for model in models}
        return {"schema": refs[0] if len(refs) == 1 else {"anyOf": refs}, "examples": told}

    def problem(self, status: int, codes: list[str]) -> Schema:
        """The media type of a problem of one of `codes`."""
        told = {"properties": {"status": {"const": status}, "code": {"enum": codes}}}
        return {"schema": {"allOf": [self._refs[Problem, "serialization"], told]}}

    def _several(self, model: type[BaseModel], within: str) -> Schema:
        members = {
            "type": "array",
            "minItems": 1,
            "maxItems": self._batch_max,
            "items": {
                "anyOf": [
                    self._refs[model, "validation"],
                    {"description": "anything else: its own outcome is the problem that it would get alone"},
                ]
            },
        }
        if not within:
            return members
        return {"type": "object", "properties": {within: members}, "required": [within], "additionalProperties": False}

    def _example(self, model: type[BaseModel]) -> Any:
        return self._examples[model].model_dump(mode="json")


def _open(schema: Schema) -> None:
    """An answer's object may come to have more fields; what is signed, and so what is sent too, stays as it is."""
    if schema.get("additionalProperties") is False:
        del schema["additionalProperties"]


def _operation(name: str, rule: Rule, words: str, schemas: Schemas) -> Schema:
    one = OPERATIONS[name]
    summary, _, more = words.partition("\n")
    described: Schema = {
        "operationId": name,
        "tags": [_tag(name)],
        "summary": summary,
        "parameters": [
            *_path(rule),
            *_query(one.query),
            *({"$ref": f"#/components/parameters/{key}"} for key in _PARAMETERS),
        ],
        "responses": _responses(one, schemas),
    }
    if more.strip():
        described["description"] = more.strip()
    if one.body is not None:
        described["requestBody"] = {"required": True, "content": {"application/json": schemas.request(one.body)}}
    return described


def _tag(name: str) -> str:
    return name.partition(".")[0]


def _path(rule: Rule) -> list[Schema]:
    return [
        {"name": name, "in": "path", "required": True, "schema": TypeAdapter(PATH[name]).json_schema()}
        for name in _PARAMETER.findall(rule.rule)
    ]


def _query(model: type[BaseModel] | None) -> list[Schema]:
    if model is None:
        return []
    whole = model.model_json_schema(schema_generator=Generator)
    required = whole.get("required", ())
    return [
        {"name": name, "in": "query", "required": name in required, "schema": _given(schema)}
        for name, schema in whole["properties"].items()
    ]


def _given(schema: Schema) -> Schema:
    """The schema of a parameter's text: a null is a parameter that is not there."""
    kinds = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    return kinds[0] if kinds else schema


def _responses(one: Operation, schemas: Schemas) -> Schema:
    responses: Schema = {}
    for place, (status, (words, models)) in enumerate(one.answers.items()):
        responses[str(status)] = {
            "description": words,
            "headers": _headers("X-Request-ID", "RateLimit", "RateLimit-Policy"),
            "content": {"application/json": schemas.answer(models)},
        }
        if place == 0 and one.links:
            responses[str(status)]["links"] = {link.to: _link(link) for link in one.links}
    for status, told in sorted(_by_status(one).items()):
        budgets = () if status in _UNREADABLE else ("RateLimit", "RateLimit-Policy")
        names = ("X-Request-ID", *budgets, *(["Retry-After"] if status == 429 else []))
        responses[str(status)] = {
            "description": "\n".join(f"- `{code}`: {title}" for code, title in told.items()),
            "headers": _headers(*names),
            "content": {CONTENT_TYPE: schemas.problem(status, list(told))},
        }
    return responses


def _by_status(one: Operation) -> Mapping[int, dict[str, str]]:
    """The problems of an operation: status to code to title."""
    told: list[Told] = [_told(error) for error in (*one.problems, InvalidRequest, RateLimited, Unavailable)]
    told += [INTERNAL, *((status, *FRAMEWORK[status]) for status in _UNREADABLE)]
    if one.body is not None:
        told += [MALFORMED_JSON, *((status, *FRAMEWORK[status]) for status in _OF_BODIES)]
    found: dict[int, dict[str, str]] = {}
    for status, code, title in told:
        found.setdefault(status, {})[code] = title
    return found


def _told(error: type[VenueError]) -> Told:
    return error.status, error.code, error.title


def _headers(*names: str) -> Schema:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _link(link: Link) -> Schema:
    return {"operationId": link.to, "parameters": {link.parameter: link.value}}
