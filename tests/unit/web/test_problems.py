"""What is wrong with a field is said in our words, not in those of the library that found it."""

from __future__ import annotations

from typing import Any

import pytest
from intendly_sdk.messages import SignedBid, SignedIntent
from pydantic import BaseModel, ValidationError

from web.openapi.examples import examples
from web.problems import problem_of


def _sent(model: type[BaseModel], **changes: Any) -> dict[str, Any]:
    return {**examples()[model].model_dump(mode="json"), **changes}


BID = _sent(SignedBid)


@pytest.mark.parametrize(
    ("model", "body", "field", "expected"),
    [
        (SignedIntent, _sent(SignedIntent, signature="0x" + "ab" * 2_049), "signature", "at most 2048 bytes, got 2049"),
        (
            SignedBid,
            {**BID, "bid": {**BID["bid"], "legs": BID["bid"]["legs"] * 9}},
            "bid.legs",
            "at most 8 members, got 9",
        ),
        (SignedBid, {**BID, "bid": {**BID["bid"], "legs": []}}, "bid.legs", "at least 1 members, got 0"),
    ],
)
def test_a_length_is_told_in_its_unit(model: type[BaseModel], body: dict[str, Any], field: str, expected: str) -> None:
    with pytest.raises(ValidationError) as refused:
        model.model_validate(body)
    problem = problem_of(refused.value)
    assert problem.errors == ({"field": field, "expected": f"expected {expected}"},)
    assert problem.detail == f"{field}: expected {expected}"
