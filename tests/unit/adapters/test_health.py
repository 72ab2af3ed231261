"""What a process says of its health, over a real socket."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from typing import Any

import httpx

from intendly.adapters.observability.health import Check, PartDown, run_checks
from intendly.adapters.observability.metrics import serve_health


def fine() -> Mapping[str, Any]:
    return {"age_s": 1}


def down() -> Mapping[str, Any]:
    raise PartDown("no block is indexed yet")


def broken() -> Mapping[str, Any]:
    raise RuntimeError("postgresql://user:secret@host")


def test_a_part_that_is_required_decides_whether_the_process_is_ready() -> None:
    assert run_checks([Check("a", fine)]).status == "ok"
    assert run_checks([Check("a", fine), Check("b", down, required=False)]).status == "degraded"
    report = run_checks([Check("a", down), Check("b", fine)])
    assert (report.status, report.ready) == ("down", False)


def test_it_is_served_beside_the_metrics() -> None:
    checks = [Check("database", fine), Check("chain", down, required=False)]
    with (
        closing(serve_health(0, checks, process="coordinator")) as server,
        httpx.Client(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as client,
    ):
        body = client.get("/health").json()
        assert (body["process"], body["status"], body["parts"]["database"]["age_s"]) == ("coordinator", "degraded", 1)
        assert body["parts"]["chain"]["detail"] == "no block is indexed yet"
        assert client.get("/health/live").json() == {"status": "ok"}
        assert client.get("/health/ready").status_code == 200
        assert "python_info" in client.get("/metrics").text
        assert client.get("/else").status_code == 404


def test_only_a_vital_part_decides_whether_the_process_is_alive() -> None:
    for checks, live in (([Check("a", down)], 200), ([Check("a", down), Check("b", down, vital=True)], 503)):
        with closing(serve_health(0, checks)) as server:
            root = f"http://127.0.0.1:{server.port}/health"
            assert httpx.get(f"{root}/ready", trust_env=False).status_code == 503
            assert httpx.get(f"{root}/live", trust_env=False).status_code == live


def test_a_failure_shows_its_type_and_nothing_secret() -> None:
    with closing(serve_health(0, [Check("database", broken)])) as server:
        answer = httpx.get(f"http://127.0.0.1:{server.port}/health/ready", trust_env=False)
        assert answer.status_code == 503
        assert answer.json()["parts"]["database"]["detail"] == "RuntimeError"
        assert "secret" not in answer.text
