"""A setting for development that is left on is told at the start of every process that asks solvers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from intendly.adapters.embedded.ports import free_port
from tests.external import RedisServer
from tests.integration.venue_process import VenueProcess

pytestmark = pytest.mark.integration

WORD = "solver_private_addresses_allowed"


@pytest.mark.parametrize("allowed", [True, False])
@pytest.mark.parametrize("process", ["workers.coordinator", "gunicorn"])
def test_that_private_addresses_are_allowed_is_one_line_at_the_start(
    process: str, allowed: bool, database_url: str, valkey: RedisServer, tmp_path: Path
) -> None:
    port = str(free_port())
    arguments = {
        "workers.coordinator": ("solvers", "--health-port", port),
        "gunicorn": ("-c", "web/gunicorn.conf.py", "web.app:create_app()"),
    }
    settings = {"SOLVER_ALLOW_PRIVATE": str(allowed).lower(), "RELAYER_PORT": port}
    health = f"http://127.0.0.1:{port}/health/live"
    with VenueProcess(
        process, database_url, valkey.url_of(9), tmp_path, arguments[process], health, settings
    ) as running:
        lines = [line for line in running.log.read_text().splitlines() if WORD in line]
    assert len(lines) == (1 if allowed else 0)
    told = [(one["setting"], one["level"]) for one in map(json.loads, lines)]
    assert told == [("SOLVER_ALLOW_PRIVATE", "warning")] * len(lines)
