"""The auctioneer's key at work. Signing is pure computation: no network, no lock."""

from __future__ import annotations

from intendly_sdk.messages import Award
from intendly_sdk.primitives import HexBytes
from intendly_sdk.signatures import Signer
from intendly_sdk.typed_data import Domain, award_digest


class KeyAuctioneer:
    """Signs awards of one Settlement with a key in memory. The same award always gets the same signature."""

    def __init__(self, signer: Signer, domain: Domain) -> None:
        self._signer = signer
        self._domain = domain

    def sign(self, award: Award) -> HexBytes:
        return self._signer.sign(award_digest(award, self._domain))
