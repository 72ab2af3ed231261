"""When an account's code is asked, and what is made of the answers."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from intendly_sdk.keccak import keccak
from intendly_sdk.primitives import Address, Hash32, HexBytes
from intendly_sdk.signatures import Signer

from intendly.domain.errors import ChainUnavailable, SignatureInvalid
from intendly.domain.signatures import Claim, WalletAnswer
from intendly.services.check_signatures import CheckSignatures

DIGEST = Hash32(keccak(b"digest"))
SIGNER = Signer(keccak(b"signer"))
PLAIN = Claim(SIGNER.address, DIGEST, SIGNER.sign(DIGEST))
FORGED = Claim(Address(b"\x99" * 20), DIGEST, PLAIN.signature)
WALLET, GRUMPY = Claim(Address(b"\x01" * 20), DIGEST, HexBytes(b"w")), Claim(Address(b"\x02" * 20), DIGEST, HexBytes())
WRAPPED = Claim(WALLET.account, DIGEST, HexBytes(b"factory" + bytes.fromhex("6492" * 16)))
MAGIC = Hash32("0x1626ba7e" + "00" * 28)


class ScriptedWallets:
    """WALLET takes what it is asked, GRUMPY does not, nobody else has code."""

    def __init__(self) -> None:
        self.asked: list[list[Claim]] = []
        self.is_away = False

    def ask(self, claims: Sequence[Claim]) -> list[WalletAnswer | None]:
        self.asked.append(list(claims))
        if self.is_away:
            raise ChainUnavailable("nobody answers")
        answers = {WALLET.account: MAGIC, GRUMPY.account: Hash32(bytes(32))}
        return [
            WalletAnswer(None, True, 32, answers[claim.account], 3_000) if claim.account in answers else None
            for claim in claims
        ]


@pytest.fixture
def wallets() -> ScriptedWallets:
    return ScriptedWallets()


def test_a_plain_signature_asks_nobody(wallets: ScriptedWallets) -> None:
    CheckSignatures(wallets).check(PLAIN)
    assert CheckSignatures(wallets).errors([PLAIN, PLAIN]) == [None, None]
    assert CheckSignatures(wallets).errors([]) == []
    assert wallets.asked == []


def test_a_wrapper_is_refused_by_name_and_asks_nobody(wallets: ScriptedWallets) -> None:
    with pytest.raises(SignatureInvalid, match="an ERC-6492 wrapper, for a wallet that is not deployed"):
        CheckSignatures(wallets).check(WRAPPED)
    assert wallets.asked == []


def test_all_others_are_asked_at_once(wallets: ScriptedWallets) -> None:
    errors = CheckSignatures(wallets).errors([PLAIN, WALLET, FORGED, WRAPPED, GRUMPY, WALLET])
    assert wallets.asked == [[WALLET, FORGED, GRUMPY, WALLET]]
    assert [error is None for error in errors] == [True, True, False, False, False, True]
    assert {type(error) for error in errors if error} == {SignatureInvalid}
    assert {error.field for error in errors if error} == {"signature"}
    assert f"is refused: it is by {SIGNER.address}, expected {FORGED.account}; sign exactly" in str(errors[2])
    assert f"the contract at {GRUMPY.account} does not take it" in str(errors[4])


def test_a_chain_that_is_away_concerns_only_who_must_be_asked(wallets: ScriptedWallets) -> None:
    wallets.is_away = True
    errors = CheckSignatures(wallets).errors([PLAIN, WALLET, WRAPPED])
    assert [type(error) for error in errors] == [type(None), ChainUnavailable, SignatureInvalid]
    with pytest.raises(ChainUnavailable):
        CheckSignatures(wallets).check(WALLET)
