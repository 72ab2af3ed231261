"""Whether accounts signed what they are said to have signed, as Permit2 will find (design: What is signed)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from intendly.domain.errors import ChainUnavailable, SignatureInvalid, VenueError
from intendly.domain.signatures import Claim, is_wrapped, plain_refusal, wallet_refusal
from intendly.services.ports import Wallets

_AS_IT_ASKS: Final = "sign this digest as an isValidSignature at that account takes it"


class CheckSignatures:
    """A signature that is the account's own by ECDSA needs no chain; of any other the account's code is asked."""

    def __init__(self, wallets: Wallets) -> None:
        self._wallets = wallets

    def check(self, claim: Claim) -> None:
        """Raises `SignatureInvalid`, and `ChainUnavailable` where the account's code can't be asked."""
        (error,) = self.errors([claim])
        if error is not None:
            raise error

    def errors(self, claims: Sequence[Claim]) -> list[VenueError | None]:
        """The same of several, None where nothing is wrong, with one request to the chain at most."""
        errors = [_of_plain(claim) for claim in claims]
        asked = [place for place, claim in enumerate(claims) if errors[place] is not None and not is_wrapped(claim)]
        if not asked:
            return errors
        try:
            answers = self._wallets.ask([claims[place] for place in asked])
        except ChainUnavailable as error:
            return [error if place in asked else errors[place] for place in range(len(claims))]
        for place, answer in zip(asked, answers, strict=True):
            if answer is not None:
                why = wallet_refusal(claims[place], answer)
                errors[place] = None if why is None else _refused(claims[place], why, _AS_IT_ASKS)
        return errors


def _of_plain(claim: Claim) -> VenueError | None:
    why = plain_refusal(claim)
    if why is None:
        return None
    if is_wrapped(claim):
        why = "it is an ERC-6492 wrapper, for a wallet that is not deployed, and Permit2 takes none"
        return _refused(claim, why, "deploy the wallet, then send what its isValidSignature takes")
    return _refused(
        claim, why, "sign exactly these fields, under the domain of this chain that GET /api/v1/config names"
    )


def _refused(claim: Claim, why: str, what_to_do: str) -> SignatureInvalid:
    return SignatureInvalid(f"the signature over {claim.digest} is refused: {why}; {what_to_do}", field="signature")
