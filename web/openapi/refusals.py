"""An operation's problems in the API's document: each status, with its codes, titles and headers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from intendly.domain.errors import VenueError
from web.openapi.schemas import Schema, Schemas
from web.problems import CONTENT_TYPE, FRAMEWORK, INTERNAL

Told = tuple[int, str, str]
"""A problem's status, code and title."""
_UNREADABLE: Final = (414, 431)
"""Answered by the server before the application, so no budget is counted (web/unreadable.py)."""
ANYWHERE: Final[tuple[Told, ...]] = (INTERNAL, *((status, *FRAMEWORK[status]) for status in _UNREADABLE))
BUDGETS: Final = ("RateLimit", "RateLimit-Policy")


def told(*errors: type[VenueError]) -> tuple[Told, ...]:
    """What these are told as."""
    return tuple((error.status, error.code, error.title) for error in errors)


def headers(*names: str) -> Schema:
    """Headers that the document's components describe."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def refusals(problems: Iterable[Told], schemas: Schemas, *, budgets: bool) -> Schema:
    """The responses; `budgets`: whether requests are counted, so that answers tell what is left."""
    by_status: dict[int, dict[str, str]] = {}
    for status, code, title in problems:
        by_status.setdefault(status, {})[code] = title
    responses: Schema = {}
    for status, titles in sorted(by_status.items()):
        counted = BUDGETS if budgets and status not in _UNREADABLE else ()
        responses[str(status)] = {
            "description": "\n".join(f"- `{code}`: {title}" for code, title in titles.items()),
            "headers": headers("X-Request-ID", *counted, *(["Retry-After"] if status == 429 else [])),
            "content": {CONTENT_TYPE: schemas.problem(status, list(titles))},
        }
    return responses
