"""A stream server that can't take a connection says why: it is full, or it is at its beginning or its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from flask.testing import FlaskClient

from intendly.settings import load_settings
from web.stream import StreamServer, create_app

PARTS = {"DATABASE_URL": "postgresql://x", "REDIS_URL": "redis://x", "RPC_URLS": "http://x"}


@dataclass(frozen=True)
class Server:
    """It serves nobody, and reads no events."""

    stream: StreamServer
    client: FlaskClient

    def refusal(self) -> dict[str, Any]:
        answer = self.client.get("/api/v1/stream")
        assert answer.content_type == "application/problem+json"
        problem: dict[str, Any] = answer.get_json()
        assert problem["status"] == answer.status_code == 503
        return problem


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Server:
    app = create_app(load_settings(PARTS | {"DATA_DIR": str(tmp_path_factory.mktemp("stream"))}))
    return Server(app.extensions["intendly.stream"], app.test_client())


def test_one_that_has_just_started_is_unavailable(server: Server) -> None:
    problem = server.refusal()
    assert problem["code"] == "unavailable"
    assert "just started" in problem["detail"]


def test_one_that_leaves_is_unavailable(server: Server) -> None:
    server.stream.go_away()
    problem = server.refusal()
    assert problem["code"] == "unavailable"
    assert "goes down" in problem["detail"]
