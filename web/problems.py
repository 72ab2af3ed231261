"""The one place where errors become RFC 9457 problem details: a stable code, what was expected, what to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import structlog
from flask import Flask, Response, g, has_request_context
from intendly_sdk.messages import Problem
from pydantic import ValidationError
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from intendly.domain.errors import InvalidRequest, Paused, RateLimited, Unavailable, VenueError

log = structlog.get_logger(__name__)
TYPE_PREFIX = "urn:intendly:problem:"
CONTENT_TYPE = "application/problem+json"

MALFORMED_JSON: Final = (400, "malformed_json", "The body is not JSON")
INTERNAL: Final = (500, "internal", "Something went wrong here")
FRAMEWORK: Final = {
    400: ("bad_request", "the request is not well-formed HTTP"),
    404: ("not_found", "there is no such page; the API is under /api/v1"),
    405: ("method_not_allowed", "this page does not answer that method; the Allow header names those that it does"),
    408: ("request_timeout", "the request took too long to arrive; send it again"),
    413: ("body_too_large", "the body is over the limit, which GET /api/v1/config names as body_max_bytes"),
    414: ("uri_too_long", "the line of the request is longer than 4,094 bytes; the API's own are far shorter"),
    415: ("unsupported_media_type", "send the body as JSON in UTF-8, with content-type: application/json"),
    431: ("headers_too_large", "the header fields are too many or too long: at most 100, each of up to 8,190 bytes"),
}
_WHAT_TO_DO = {
    "missing": "this field is required",
    "extra_forbidden": "no field of this name is known here: remove it, or correct its spelling",
    "int_type": "expected a JSON number without a fraction",
    "string_type": "expected a JSON string",
    "dict_type": "expected a JSON object",
    "model_type": "expected a JSON object",
    "tuple_type": "expected a JSON array",
    "string_pattern_mismatch": "expected the cursor of an event, epoch-number as in 1-4711",
}
_MEMBERS: Final = {"Tuple": "members", "List": "members"}
"""What is counted in what pydantic calls so; all else that has a length is bytes."""
Error = dict[str, Any]


def register(app: Flask) -> None:
    """Answer every error of `app`, the framework's own too, with a problem."""
    app.register_error_handler(Exception, answer)


def answer(error: Exception) -> Response:
    """The response to `error`. What nobody foresaw is logged with its traceback and shown without it."""
    problem = problem_of(error, request_id=g.get("request_id", "") if has_request_context() else "")
    if isinstance(error, Paused):
        log.info("request_refused", code=problem.code)
    elif problem.status >= 500:
        log.error("request_failed", code=problem.code, exc_info=error if problem.code == "internal" else None)
    response = Response(problem.model_dump_json(), status=problem.status, content_type=CONTENT_TYPE)
    if isinstance(error, HTTPException):
        response.headers.extend([(k, v) for k, v in error.get_headers() if k in ("Allow", "Retry-After")])
    if isinstance(error, RateLimited):
        response.headers["Retry-After"] = str(error.retry_after_s)
    if problem.status == 413:
        response.headers["Connection"] = "close"
    return response


def problem_of(error: Exception, *, request_id: str = "") -> Problem:
    """The problem that `error` is, for any transport. Never a traceback, never a value that was sent."""
    match error:
        case VenueError():
            return _problem(error.status, error.code, error.title, error.detail, _field(error), request_id)
        case ValidationError():
            return _invalid(error, request_id)
        case OperationalError() | InterfaceError() | PoolTimeout():
            log.warning("database_unavailable", error=type(error).__name__, detail=str(error)[:300])
            detail = "the database does not answer; the same request may work in a moment, and is safe to repeat"
            return _problem(503, Unavailable.code, Unavailable.title, detail, (), request_id)
        case HTTPException():
            status = error.code or 500
            code, detail = FRAMEWORK.get(status, (f"http_{status}", error.description or ""))
            return _problem(status, code, error.name, detail, (), request_id)
        case _:
            detail = "this is not your request's fault; tell us the request_id"
            return _problem(*INTERNAL, detail, (), request_id)


def _invalid(error: ValidationError, request_id: str) -> Problem:
    issues = error.errors(include_url=False, include_input=False)
    errors = [{"field": ".".join(map(str, issue["loc"])), "expected": _expected(issue)} for issue in issues[:20]]
    if issues[0]["type"] == "json_invalid":
        detail = errors[0]["expected"]
        return _problem(*MALFORMED_JSON, detail, errors, request_id)
    first = errors[0]
    detail = f"{first['field'] or 'body'}: {first['expected']}"
    return _problem(422, InvalidRequest.code, InvalidRequest.title, detail, errors, request_id)


def _expected(issue: Any) -> str:
    if issue["type"] in ("too_long", "too_short"):
        bounds = issue["ctx"]
        most = f"at most {bounds['max_length']}" if "max_length" in bounds else f"at least {bounds['min_length']}"
        return f"expected {most} {_MEMBERS.get(bounds['field_type'], 'bytes')}, got {bounds['actual_length']}"
    text = _WHAT_TO_DO.get(issue["type"], issue["msg"])
    return str(text).removeprefix("Value error, ")


def _field(error: VenueError) -> Sequence[Error]:
    return () if error.field is None else ({"field": error.field, "expected": error.detail},)


def _problem(status: int, code: str, title: str, detail: str, errors: Sequence[Error], request_id: str) -> Problem:
    return Problem(
        type=TYPE_PREFIX + code,
        title=title,
        status=status,
        code=code,
        detail=detail,
        errors=tuple(errors),
        request_id=request_id,
    )
