"""What strangers write into the registry is read, whatever it is: the index must not stop at it."""

from __future__ import annotations

import pytest
from eth_abi.abi import encode
from intendly_sdk.primitives import Address

from intendly.adapters.chain.artifacts import forge
from intendly.adapters.chain.reader import endpoint_of

SOLVER = Address(b"\x50" * 20)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"http://\xff\xfe",
        b"http://a\x00b",
        b"javascript:alert(1)",
        b"http://a b",
        b"http://a\nb",
        "http://ä".encode(),
    ],
)
def test_an_endpoint_that_is_no_printable_url_counts_as_none(raw: bytes) -> None:
    assert endpoint_of(raw) == ""


def test_a_url_is_taken_as_it_is() -> None:
    assert endpoint_of(b"https://solver.example:8443/bids?x=1") == "https://solver.example:8443/bids?x=1"


def test_a_registration_that_is_not_utf8_is_decoded() -> None:
    event = forge("SolverRegistry").interface.events["SolverRegistered"]
    indexed = encode(["address"], [SOLVER])
    fields = event.decode([event.topic, indexed, indexed], encode(["bytes"], [b"http://\xff\xfe"]))
    assert endpoint_of(fields["endpoint"]) == ""
