"""The venue's keys at work. Signing is pure computation: no network, no lock; the same is always signed the same."""

from __future__ import annotations

from intendly_sdk.messages import Award, Receipt
from intendly_sdk.primitives import Address, Hash32, HexBytes
from intendly_sdk.signatures import Signer
from intendly_sdk.typed_data import Domain, award_digest, cancel_receipt_digest, intent_receipt_digest

from intendly.domain.opening import FIRST_VERSION, auction_id_of
from intendly.services.ports import Accepted


class KeyAuctioneer:
    """Signs awards of one Settlement with a key in memory."""

    def __init__(self, signer: Signer, domain: Domain) -> None:
        self._signer = signer
        self._domain = domain

    def sign(self, award: Award) -> HexBytes:
        return self._signer.sign(award_digest(award, self._domain))


class KeyReceipts:
    """`Receipts`: signs for what was accepted and what was cancelled, with a key that no contract knows.

    docs/adr/0007-receipts.md says why it is not the auctioneer's.
    """

    def __init__(self, signer: Signer, domain: Domain) -> None:
        self._signer = signer
        self._domain = domain

    @property
    def signer(self) -> Address:
        return self._signer.address

    def of_intent(self, intent_hash: Hash32, accepted: Accepted) -> Receipt:
        auction_id = auction_id_of(intent_hash, FIRST_VERSION)
        digest = intent_receipt_digest(intent_hash, accepted.accepted_at, auction_id, self._domain)
        return Receipt.model_construct(
            intent_hash=intent_hash,
            state=accepted.state,
            created=accepted.created,
            accepted_at=accepted.accepted_at,
            auction_id=auction_id,
            signature=self._signer.sign(digest),
        )

    def of_cancel(self, intent_hash: Hash32, not_after: int) -> HexBytes:
        return self._signer.sign(cancel_receipt_digest(intent_hash, not_after, self._domain))
