"""POST /intents/batch and POST /bids with a list: each member has its own outcome."""

from __future__ import annotations

import json
import os

import pytest
from intendly_sdk.messages import BidOutcomes, IntentOutcome, IntentOutcomes
from intendly_sdk.signatures import Signer

from tests.integration.web.conftest import Relayer
from tests.integration.web.opened import Opened, hash_of
from tests.integration.web.test_problems import assert_problem
from tests.integration.web.world import signed_intent

pytestmark = pytest.mark.integration


def batch(relayer: Relayer, *members: object) -> IntentOutcomes:
    answer = relayer.post("/intents/batch", json.dumps({"intents": members}))
    assert answer.status_code == 200, answer.text
    return IntentOutcomes.model_validate_json(answer.content)


def plain(signed: object) -> object:
    return json.loads(signed.model_dump_json())  # type: ignore[attr-defined]


def _said(outcome: IntentOutcome) -> bool | str:
    """Whether it was created, or the problem's code."""
    if outcome.problem is not None:
        return outcome.problem.code
    assert outcome.receipt is not None
    return outcome.receipt.created


def test_the_good_ones_are_accepted_and_the_others_are_told_why(relayer: Relayer, swapper: Signer) -> None:
    good, other = signed_intent(swapper), signed_intent(Signer(os.urandom(32)))
    forged = other.model_copy(update={"signature": good.signature})
    before = relayer.rows.count("intents")
    told = batch(relayer, plain(good), plain(forged), {"intent": 5}, "x", plain(other), plain(good)).outcomes
    assert [_said(one) for one in told] == [
        True,
        "signature_invalid",
        "invalid_request",
        "invalid_request",
        True,
        False,
    ]
    assert told[2].problem is not None
    assert {error["field"] for error in told[2].problem.errors} == {"intent", "signature"}
    assert told[4].receipt is not None
    assert told[4].receipt.intent_hash == other.intent.hash
    assert relayer.rows.count("intents") == before + 2


def test_five_hundred_are_committed_by_a_few_statements(relayer: Relayer) -> None:
    swappers = [Signer(os.urandom(32)) for _ in range(10)]
    members = [plain(signed_intent(swapper)) for swapper in swappers for _ in range(50)]
    before = relayer.rows.count("intents")
    told = batch(relayer, *members).outcomes
    assert [one.receipt is not None and one.receipt.created for one in told] == [True] * 500
    assert relayer.rows.count("intents") == before + 500
    assert all(one.receipt is not None and not one.receipt.created for one in batch(relayer, *members).outcomes)


def test_a_batch_has_its_bounds(relayer: Relayer, swapper: Signer) -> None:
    one = plain(signed_intent(swapper))
    for members, said in (([], "got 0"), ([one] * 501, "got 501")):
        answer = relayer.post("/intents/batch", json.dumps({"intents": members}))
        problem = assert_problem(answer, 422, "invalid_request")
        assert said in problem.detail
    assert_problem(relayer.post("/intents/batch", json.dumps([one])), 422, "invalid_request")
    assert_problem(relayer.post("/intents/batch", json.dumps({"intents": [one], "more": 1})), 422, "invalid_request")
    assert_problem(relayer.post("/intents/batch", b"{" + b" " * 2_100_000 + b"}"), 413, "body_too_large")
    assert_problem(relayer.post("/intents", b"{" + b" " * 70_000 + b"}"), 413, "body_too_large")


def test_a_list_of_bids(relayer: Relayer, solver: Signer, rival: Signer) -> None:
    first, second = Opened(relayer, solver, rival), Opened(relayer, solver, rival)
    one, other = first.bid(solver), second.bid(solver)
    forged = first.bid(rival, signer=solver)
    answer = relayer.post("/bids", json.dumps([plain(one), plain(forged), {}, plain(other)]))
    assert answer.status_code == 200, answer.text
    told = BidOutcomes.model_validate_json(answer.content).outcomes
    assert [one.problem and one.problem.code for one in told] == [None, "signature_invalid", "invalid_request", None]
    assert told[3].accepted is not None
    assert bytes(told[3].accepted.bid_hash) == hash_of(other)
    assert [first.stored()[0][0], second.stored()[0][0]] == [hash_of(one), hash_of(other)]
    for number in (0, 501):
        problem = assert_problem(relayer.post("/bids", json.dumps([{}] * number)), 422, "invalid_request")
        assert f"got {number}" in problem.detail
    assert_problem(relayer.post("/bids", b"[" + b" " * 2_100_000 + b"]"), 413, "body_too_large")
