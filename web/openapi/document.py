"""The OpenAPI 3.1 document, from the routes, their descriptions and the models that validate."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Final

from flask import Flask
from pydantic import TypeAdapter
from werkzeug.routing import Rule

from intendly.domain.errors import InvalidRequest, RateLimited, Unavailable
from web.openapi import server_sent
from web.openapi.operations import OPERATIONS, PATH, Link, Operation
from web.openapi.refusals import ANYWHERE, BUDGETS, Told, headers, refusals, told
from web.openapi.schemas import Schema, Schemas, query_parameters
from web.problems import FRAMEWORK, MALFORMED_JSON

VERSION: Final = "0.1.0"
"""Of this document, and the product's. A breaking change moves the first number, before 1.0.0 the second."""
API: Final = "api."

_PARAMETER = re.compile(r"<(\w+)>")
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


def document(app: Flask, batch_max: int, stream_url: str) -> Schema:
    """The document of `app`, and of what websocket-server answers over HTTP; `stream_url` is its WebSocket's.

    Raises `KeyError` for a route under /api/v1 that `OPERATIONS` does not describe.
    """
    schemas = Schemas(batch_max)
    paths: dict[str, Schema] = {}
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith(API)]
    for rule in sorted(rules, key=lambda rule: rule.rule):
        name = rule.endpoint.removeprefix(API)
        described = _operation(name, rule, inspect.getdoc(app.view_functions[rule.endpoint]) or "", schemas)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            paths.setdefault(_PARAMETER.sub(r"{\1}", rule.rule), {})[method.lower()] = described
    paths[server_sent.PATH] = {"get": server_sent.events(stream_url, schemas)}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Intendly", "version": VERSION, "description": _DESCRIPTION},
        "servers": [{"url": "/"}],
        "tags": [{"name": name} for name in sorted({_tag(name) for name in (*OPERATIONS, server_sent.NAME)})],
        "paths": paths,
        "components": {"schemas": schemas.definitions, "parameters": _PARAMETERS, "headers": _HEADERS},
    }


def _operation(name: str, rule: Rule, words: str, schemas: Schemas) -> Schema:
    one = OPERATIONS[name]
    summary, _, more = words.partition("\n")
    described: Schema = {
        "operationId": name,
        "tags": [_tag(name)],
        "summary": summary,
        "parameters": [
            *_path(rule),
            *query_parameters(one.query),
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


def _responses(one: Operation, schemas: Schemas) -> Schema:
    responses: Schema = {}
    for place, (status, (words, models)) in enumerate(one.answers.items()):
        responses[str(status)] = {
            "description": words,
            "headers": headers("X-Request-ID", *BUDGETS),
            "content": {"application/json": schemas.answer(models)},
        }
        if place == 0 and one.links:
            responses[str(status)]["links"] = {link.to: _link(link) for link in one.links}
    return responses | refusals(_problems(one), schemas, budgets=True)


def _problems(one: Operation) -> Iterator[Told]:
    yield from told(*one.problems, InvalidRequest, RateLimited, Unavailable)
    yield from ANYWHERE
    if one.body is not None:
        yield from (MALFORMED_JSON, *((status, *FRAMEWORK[status]) for status in _OF_BODIES))


def _link(link: Link) -> Schema:
    return {"operationId": link.to, "parameters": {link.parameter: link.value}}
