"""A solver over HTTP says at its start where it answers, and whether the venue knows it."""

from __future__ import annotations

import logging
import threading
import time

import pytest
from intendly_sdk import solver_standing
from intendly_sdk.http_solver import HttpSolver
from intendly_sdk.messages import SolverView
from intendly_sdk.solver_standing import what_is_missing

from tests.unit.sdk import samples
from tests.unit.sdk.fixed_solver import FixedSolver
from tests.unit.sdk.venue import Answer, http_venue

OWN = samples.SOLVER.address
MISSING = {"type": "", "title": "", "status": 404, "code": "not_found", "detail": "no such solver"}
KNOWN = {"address": str(OWN), "signing_key": str(OWN), "active": True, "asked_over": "http"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, None),
        ({"active": False}, "NOT registered"),
        ({"signing_key": str(samples.SWAPPER.address)}, f"with another key, {samples.SWAPPER.address}"),
        ({"asked_over": "stream"}, "without an endpoint"),
    ],
)
def test_what_is_missing_is_said_in_words(changes: dict[str, object], said: str | None) -> None:
    missing = what_is_missing(SolverView.model_validate(KNOWN | changes), OWN)
    assert missing == said or (said is not None and missing is not None and said in missing)


def test_it_says_where_it_answers_and_how_to_register_until_it_is(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(solver_standing, "GRACE_SECONDS", 0.0)
    caplog.set_level(logging.INFO, "intendly_sdk.solver")
    answers: list[Answer] = [(404, MISSING), (404, MISSING), (503, {}), (200, KNOWN)]
    with http_venue(lambda *_: answers.pop(0)) as venue:
        runner = HttpSolver(FixedSolver(None), api_url=venue.url)
        thread = threading.Thread(target=runner.run)
        thread.start()
        ends = time.monotonic() + 20
        while "solver.registered" not in caplog.text and time.monotonic() < ends:
            time.sleep(0.05)
        runner.stop()
        thread.join(10)
    up, unknown, unavailable, registered = [record.getMessage() for record in caplog.records]
    endpoint = f"http://127.0.0.1:{runner.port}/bids"
    assert up.startswith(f"http.listening url={endpoint} venue={venue.url} solver={OWN} ")
    assert "NOT registered" in unknown
    assert unknown.endswith(f"`intendly solver register --endpoint {endpoint} --signing-key {OWN}`")
    assert "the venue does not say" in unavailable
    assert registered.startswith(f"solver.registered solver={OWN} ")


def test_a_registration_that_has_just_been_mined_is_not_missed(caplog: pytest.LogCaptureFixture) -> None:
    answers: list[Answer] = [(404, MISSING), (200, KNOWN)]
    with http_venue(lambda *_: answers.pop(0)) as venue:
        solver_standing.tell_standing(venue.url, FixedSolver(None), "http://x/bids", threading.Event())
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_it_ends_with_its_solver(caplog: pytest.LogCaptureFixture) -> None:
    stopped = threading.Event()
    stopped.set()
    with http_venue(lambda *_: (404, MISSING)) as venue:
        solver_standing.tell_standing(venue.url, FixedSolver(None), "http://x/bids", stopped)
    assert len(venue.asked) == 1
