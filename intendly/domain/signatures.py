"""Whether an account signed a digest, by the rules of Permit2's SignatureVerification.

An account without code signs by ECDSA. One with code, a contract or an account with an EIP-7702 delegate, is asked by
isValidSignature (EIP-1271), and ECDSA is then never tried. docs/adr/0008-contract-wallets.md says when each is checked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from intendly_sdk.messages import SignedIntent
from intendly_sdk.primitives import Address, Hash32, HexBytes
from intendly_sdk.signatures import SignatureError, recover

WALLET_GAS: Final = 100_000
"""What a wallet's check may take. Permit2's pull has PULL_GAS of contracts/src/settlement/GasBudget.sol for the check,
the nonce and the token's transfer."""
_MAGIC: Final = Hash32("0x1626ba7e" + "00" * 28)
_ERC6492_SUFFIX: Final = bytes.fromhex("6492" * 16)


@dataclass(frozen=True, slots=True)
class Claim:
    """That `account` signed `digest`."""

    account: Address
    digest: Hash32
    signature: HexBytes

    @classmethod
    def of(cls, signed: SignedIntent) -> Claim:
        """That the swapper signed the intent."""
        return cls(signed.intent.swapper, signed.intent.hash, signed.signature)


@dataclass(frozen=True, slots=True)
class WalletAnswer:
    """What the code at an account answered to isValidSignature, asked as Permit2 asks.

    `delegate` is where EIP-7702 code points, None for a contract. `returned`: it did not revert; then `size` is how
    many bytes it returned and `answer` their first 32.
    """

    delegate: Address | None
    returned: bool
    size: int
    answer: Hash32
    gas_used: int


def plain_refusal(claim: Claim) -> str | None:
    """Why the signature is not an ECDSA signature by the account; None where it is one."""
    try:
        signer = recover(claim.digest, claim.signature)
    except SignatureError as error:
        return str(error)
    return None if signer == claim.account else f"it is by {signer}, expected {claim.account}"


def is_wrapped(claim: Claim) -> bool:
    """Whether the signature is an ERC-6492 wrapper, for a wallet that is not deployed: Permit2 takes none."""
    return claim.signature.endswith(_ERC6492_SUFFIX)


def wallet_refusal(claim: Claim, answer: WalletAnswer) -> str | None:
    """Why Permit2 refuses what the account's code answered; None where it takes it."""
    if answer.returned and answer.size >= 32 and answer.answer == _MAGIC:
        return None
    if answer.delegate is None:
        return f"the contract at {claim.account} does not take it: its isValidSignature {_told(answer)}"
    return (
        f"the account {claim.account} delegates to {answer.delegate} (EIP-7702), which Permit2 asks whatever key "
        f"signed, and which does not take it: its isValidSignature {_told(answer)}"
    )


def _told(answer: WalletAnswer) -> str:
    if answer.returned:
        if answer.size < 32:
            return f"returned {answer.size} bytes, so it most likely has none"
        return f"answered {answer.answer}"
    # A wallet behind a proxy keeps back a 64th, and reverts with that.
    if answer.gas_used >= WALLET_GAS - WALLET_GAS // 32:
        return f"took more than the {WALLET_GAS} gas that Permit2's pull leaves it"
    return f"reverted{'' if answer.size else ' without a word, so it most likely has none'}"


def refusal(claim: Claim, answer: WalletAnswer | None) -> str | None:
    """Why Permit2 would refuse the signature; None where it would take it. `answer` is None without code."""
    return plain_refusal(claim) if answer is None else wallet_refusal(claim, answer)
