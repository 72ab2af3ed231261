"""A swapper cancels an intent, signed and free of charge (design: What is signed)."""

from __future__ import annotations

import structlog
from intendly_sdk.calls import spend_nonce
from intendly_sdk.messages import CancelReceipt, Intent, IntentState
from intendly_sdk.primitives import Hash32, HexBytes
from intendly_sdk.typed_data import Domain, cancel_digest

from intendly.domain.errors import AwardLive, IntentEnded, NotFound
from intendly.domain.signatures import Claim
from intendly.services.check_signatures import CheckSignatures
from intendly.services.ports import CancelStanding, CancelStore, IntentReader, Nudges, Receipts

log = structlog.get_logger(__name__)


class CancelIntents:
    """Cancels open intents and signs for it. A pause does not hinder it (design: Settlement.sol)."""

    def __init__(
        self,
        domain: Domain,
        intents: IntentReader,
        signatures: CheckSignatures,
        store: CancelStore,
        receipts: Receipts,
        nudges: Nudges,
    ) -> None:
        self._domain = domain
        self._signatures = signatures
        self._intents = intents
        self._store = store
        self._receipts = receipts
        self._nudges = nudges

    def cancel(self, intent_hash: Hash32, signature: HexBytes) -> CancelReceipt:
        """The receipt; the same one again for an intent that was cancelled before.

        Raises `NotFound`, `SignatureInvalid`, `AwardLive` with the award's end, `IntentEnded`, and `ChainUnavailable`
        where a contract wallet can't be asked.
        """
        view = self._intents.find(intent_hash)
        if view is None:
            raise _unknown(intent_hash)
        self._signatures.check(Claim(view.intent.swapper, cancel_digest(intent_hash, self._domain), signature))
        standing = self._store.cancel(intent_hash)
        if standing is None:
            raise _unknown(intent_hash)
        if standing.state in (IntentState.AWARDED, IntentState.SUBMITTED):
            raise AwardLive(
                f"an award holds until {standing.not_after}, in block time, which is {standing.block_time} now; "
                "unless it is filled by then, cancel again"
            )
        if standing.state is not IntentState.CANCELLED:
            raise IntentEnded(f"it is {standing.state}, so there is nothing to cancel")
        self._nudges.nudge("events.publish")
        log.info("intent_cancelled", intent_hash=str(intent_hash), not_after=standing.not_after)
        return CancelReceipt(
            intent_hash=intent_hash,
            state=standing.state,
            not_after=standing.not_after,
            signature=self._receipts.of_cancel(intent_hash, standing.not_after),
            exposure=_exposure(view.intent, standing),
            spend_nonce=spend_nonce(view.intent.chain_id, view.intent.nonce),
        )


def _unknown(intent_hash: Hash32) -> NotFound:
    return NotFound(f"no intent {intent_hash} was accepted here", field="intent_hash")


def _exposure(intent: Intent, standing: CancelStanding) -> str:
    """What can still happen with what was signed, in words."""
    said = ["this venue awards it to nobody any more"]
    if standing.not_after > standing.block_time:
        said.append(f"an award that was signed before could still be mined until {standing.not_after}")
    if intent.open_after < intent.deadline:
        said.append(
            f"whoever holds the signed intent may fill it at its minimum from {intent.open_after} to {intent.deadline}"
        )
    else:
        said.append("without an award nobody can fill it")
    return "; ".join(said)
