"""Database, deployment file and chain must be about the same thing, by values."""

from __future__ import annotations

from dataclasses import replace

import pytest
from intendly_sdk.primitives import Address, Hash32

from intendly.domain.deployment import Home, strangeness

HOME = Home(31_337, Hash32(b"\x01" * 32), Address(b"\x02" * 20))
CHAIN = (HOME.chain_id, HOME.genesis_hash)


def test_at_home() -> None:
    assert strangeness(HOME, CHAIN, HOME) is None


@pytest.mark.parametrize("chain", [(196, HOME.genesis_hash), (31_337, Hash32(b"\x09" * 32))])
def test_another_chain(chain: tuple[int, Hash32]) -> None:
    wrong = strangeness(HOME, chain, HOME)
    assert wrong is not None
    assert wrong.startswith("DEPLOYMENT_FILE is about Settlement")
    assert f"RPC_URLS is chain {chain[0]} with genesis {chain[1]}" in wrong


@pytest.mark.parametrize(
    "known",
    [
        replace(HOME, chain_id=196),
        replace(HOME, genesis_hash=Hash32(b"\x09" * 32)),
        replace(HOME, settlement=Address(b"\x09" * 20)),
    ],
)
def test_rows_about_something_else(known: Home) -> None:
    wrong = strangeness(HOME, CHAIN, known)
    assert wrong is not None
    assert wrong.startswith(f"DATABASE_URL has rows about {known}")
    assert str(HOME) in wrong
