"""GET /solvers: pages by address, each solver once; what is registered now and what is not any more."""

from __future__ import annotations

import os

import pytest
from intendly_sdk.messages import SolverPage
from intendly_sdk.primitives import Address
from intendly_sdk.signatures import Signer

from tests.integration.web.conftest import Relayer
from tests.integration.web.test_problems import assert_problem

pytestmark = pytest.mark.integration


def test_pages_hold_every_solver_once_by_address(relayer: Relayer, solver: Signer, rival: Signer) -> None:
    more = [Signer(os.urandom(32)) for _ in range(5)]
    for one in more:
        relayer.rows.add_solver(one, active=one is not more[0])
    relayer.rows.run("UPDATE solvers SET endpoint = 'http://secret/' WHERE address = %s", bytes(more[1].address))
    seen: list[Address] = []
    after: dict[str, str] = {}
    for size in (3, 3, 1):
        answer = relayer.get("/solvers", limit="3", **after)
        assert "secret" not in answer.text
        page = SolverPage.model_validate_json(answer.text)
        assert len(page.solvers) == size
        seen += [view.address for view in page.solvers]
        after = {"after": str(page.next)}
    assert page.next is None
    assert seen == sorted(one.address for one in (solver, rival, *more))
    views = {one: relayer.get(f"/solvers/{one.address}").json() for one in more[:2]}
    assert [view["active"] for view in views.values()] == [False, True]
    assert [view["asked_over"] for view in views.values()] == ["stream", "http"]


def test_who_never_registered_and_what_is_no_address(relayer: Relayer) -> None:
    assert_problem(relayer.get(f"/solvers/{Signer(os.urandom(32)).address}"), 404, "not_found")
    assert_problem(relayer.get("/solvers/0x12"), 422, "invalid_request")
    for parameters in ({"limit": "101"}, {"limit": "0"}, {"after": "0x12"}, {"page": "1"}):
        assert_problem(relayer.get("/solvers", **parameters), 422, "invalid_request")
