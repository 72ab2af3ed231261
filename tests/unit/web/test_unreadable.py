"""A fault of ours outside the application is told as one, without what it says."""

from __future__ import annotations

import json
import socket

import pytest
from gunicorn.http.errors import ConfigurationProblem, InvalidResponseHeader

from web.unreadable import ProblemWorker


@pytest.mark.parametrize(
    "fault", [RuntimeError("a secret"), InvalidResponseHeader("a secret"), ConfigurationProblem("a secret")]
)
def test_what_is_not_the_clients_fault_is_internal(fault: Exception) -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        theirs.shutdown(socket.SHUT_WR)
        worker = ProblemWorker.__new__(ProblemWorker)  # it needs nothing of the server around it
        worker.handle_error(None, ours, ("127.0.0.1", 1), fault)
        answer = theirs.recv(65_536)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
    assert json.loads(body)["code"] == "internal"
    assert b"secret" not in answer
