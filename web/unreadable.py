"""gunicorn's gevent worker, whose own errors are problems as the application's are.

A request that is not HTTP, or is longer than gunicorn reads, never comes to the application: its worker answers it.
"""

from __future__ import annotations

import uuid
from contextlib import suppress
from http import HTTPStatus
from typing import Any

import structlog
from gunicorn import util
from gunicorn.http import errors
from gunicorn.workers.ggevent import GeventWorker

log = structlog.get_logger(__name__)

# The first that an error is an instance of counts; None, and what is not among them, is a fault of ours.
_STATUS = (
    (errors.LimitRequestLine, 414),
    (errors.LimitRequestHeaders, 431),
    (errors.ExpectationFailed, 417),
    (errors.UnsupportedTransferCoding, 501),
    ((errors.InvalidResponseHeader, errors.InvalidResponseHeaderName, errors.ConfigurationProblem), None),
    (errors.ParseException, 400),
)


class ProblemWorker(GeventWorker):  # type: ignore[misc]  # gunicorn has no types
    """Answers what it can't read with application/problem+json, and closes the connection."""

    def handle_error(self, _req: Any, client: Any, _addr: Any, exc: Any) -> None:
        """The answer to what was raised outside the application."""
        from werkzeug.exceptions import default_exceptions  # what they import must wait for the monkey patch

        from web import headers, problems

        status = next((status for kinds, status in _STATUS if isinstance(exc, kinds)), None)
        request_id = uuid.uuid4().hex
        problem = problems.problem_of(exc if status is None else default_exceptions[status](), request_id=request_id)
        say = log.info if status else log.error
        say("request_unreadable", code=problem.code, request_id=request_id, exc_info=None if status else exc)
        body = problem.model_dump_json().encode()
        fields = {
            "Content-Type": problems.CONTENT_TYPE,
            "Content-Length": str(len(body)),
            "Connection": "close",
            "X-Request-ID": request_id,
            **headers.ALWAYS,
        }
        first = f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}"
        head = "".join(f"{line}\r\n" for line in (first, *(f"{name}: {text}" for name, text in fields.items()), ""))
        with suppress(OSError):  # the client has gone
            util.write_nonblock(client, head.encode() + body)
        util.close_graceful(client)  # a plain close resets the connection while it sends, and the answer is lost
