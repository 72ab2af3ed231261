"""Which tokens' permits are offered: those whose domain and shape can be proved."""

from __future__ import annotations

from dataclasses import replace

import pytest
from intendly_sdk.keccak import keccak
from intendly_sdk.primitives import UINT256_MAX, Address, Hash32
from intendly_sdk.typed_data import PERMIT2, domain_separator

from intendly.domain.token_permit import PermitFacts, token_permit

TOKEN, OWNER = Address(b"\x03" * 20), Address(b"\x0a" * 20)
DAI = Hash32("0xea2aa0a1be11a07ed86d755c93467f4f82362b452371d1ba94d1715123511acb")
STANDARD = Hash32(keccak(b"Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"))


def _facts(version: str = "1", name: str = "Coin") -> PermitFacts:
    separator = Hash32(domain_separator(name, version, 31_337, TOKEN))
    return PermitFacts(separator=separator, nonce=7, name=name.encode())


@pytest.mark.parametrize(
    ("facts", "version"),
    [
        (_facts(), "1"),
        (replace(_facts(), typehash=STANDARD), "1"),
        (replace(_facts("2"), version=b"2"), "2"),
        (replace(_facts("5"), name=b"Shown", eip5267_name=b"Coin", eip5267_version=b"5"), "5"),
        (replace(_facts(), eip5267_name=b"\xff", eip5267_version=b"1"), "1"),
    ],
)
def test_a_domain_that_hashes_to_the_tokens_own_is_proved(facts: PermitFacts, version: str) -> None:
    permit = token_permit(31_337, TOKEN, OWNER, facts, deadline=99)
    assert permit is not None
    assert permit["domain"] == {
        "name": "Coin",
        "version": version,
        "chainId": 31_337,
        "verifyingContract": TOKEN.checksum,
    }
    assert permit["message"] == {
        "owner": OWNER.checksum,
        "spender": PERMIT2.checksum,
        "value": str(UINT256_MAX),
        "nonce": "7",
        "deadline": "99",
    }


@pytest.mark.parametrize(
    "facts",
    [
        PermitFacts(),
        replace(_facts(), nonce=None),
        replace(_facts(), separator=None),
        replace(_facts("2"), version=b"3"),
        replace(_facts(), name=b"Another"),
        replace(_facts(), name=b"\xff\xfe"),
        replace(_facts(), typehash=DAI),
    ],
)
def test_what_cannot_be_proved_is_not_offered(facts: PermitFacts) -> None:
    assert token_permit(31_337, TOKEN, OWNER, facts, deadline=99) is None
