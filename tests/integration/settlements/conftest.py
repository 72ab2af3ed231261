"""A node that a test scripts behind the sender's port: what it was sent, and what it says of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from intendly_sdk.keccak import keccak
from intendly_sdk.messages import SignedIntent
from intendly_sdk.primitives import Address, Hash32, HexBytes

from intendly.adapters.db.lanes import LaneStore
from intendly.adapters.db.settlements import SettlementStore
from intendly.domain.bundle import Bundle, BundleCost
from intendly.domain.errors import ChainUnavailable
from intendly.domain.settlement import Fees, IntentFacts, Receipt, Settlement
from intendly.services.ports import SignedBytes
from intendly.services.submit_settlements import SubmitSettlements
from intendly.services.track_settlements import TrackSettlements
from tests.integration.desk import LANE, Desk, Nudged, digest
from tests.integration.web.world import DEPLOYMENT


class Crash(BaseException):
    """The process is gone at this point: nothing of ours catches it."""


@dataclass
class ScriptedNode:
    """Signs by hashing, mines what a test says, and can crash the process before or after it does a thing."""

    address: Address = LANE
    next_nonce: int = 7
    final_number: int = 0
    time: int = 1_000
    sent: list[bytes] = field(default_factory=list)
    mined: dict[Hash32, Receipt] = field(default_factory=dict)
    spent_for_good: int = 0
    crash_at: str = ""
    refuses: str | None = None
    is_away: bool = False
    bundle_size: int = 2_000

    def _may_crash(self, point: str) -> None:
        if self.crash_at == point:
            self.crash_at = ""
            raise Crash(point)

    # Chain
    def block_time(self) -> int:
        return self.time

    def facts(self, intents: Sequence[SignedIntent]) -> Mapping[Hash32, IntentFacts]:
        raise NotImplementedError

    # Sender
    def nonce(self) -> int:
        return self.next_nonce

    def final_nonce(self) -> int:
        return self.spent_for_good

    def final_block(self) -> int:
        return self.final_number

    def cost(self, bundle: Bundle) -> BundleCost:
        return BundleCost(150_000, 1_100_000 + len(bundle.intents), self.bundle_size)

    def encode(self, bundles: Sequence[Bundle]) -> HexBytes:
        return HexBytes(b"".join(bundle.bid_hash for bundle in bundles))

    def suggested_fees(self) -> Fees:
        return Fees(100, 1)

    def sign(self, settlement: Settlement, fees: Fees) -> SignedBytes:
        self._may_crash("before signing")
        raw = repr((settlement.nonce, settlement.calldata, fees)).encode()
        return SignedBytes(Hash32(keccak(raw)), HexBytes(raw))

    def broadcast(self, raw: bytes) -> str | None:
        self._may_crash("before broadcast")
        self.sent.append(bytes(raw))
        self._may_crash("after broadcast")
        return self.refuses

    def receipts(self, attempts: Sequence[Hash32]) -> list[Receipt | None]:
        if self.is_away:
            raise ChainUnavailable("nobody answers")
        return [self.mined.get(attempt) for attempt in attempts]

    def mine(self, raw: bytes, block: int, *, succeeded: bool = True) -> None:
        tx_hash = Hash32(keccak(raw))
        self.mined[tx_hash] = Receipt(tx_hash, block, digest("block", block), succeeded)


@pytest.fixture
def node() -> ScriptedNode:
    return ScriptedNode()


@pytest.fixture
def store(desk: Desk) -> SettlementStore:
    return SettlementStore(desk.database, DEPLOYMENT)


@pytest.fixture
def submitter(
    desk: Desk, node: ScriptedNode, store: SettlementStore, nudged: Nudged
) -> Callable[[str], SubmitSettlements]:
    """A submitter of that name, as a process of its own would make it."""
    return lambda owner: SubmitSettlements(node, node, LaneStore(desk.database), store, nudged, owner=owner)


@pytest.fixture
def submit(submitter: Callable[[str], SubmitSettlements]) -> SubmitSettlements:
    return submitter("first")


@pytest.fixture
def track(node: ScriptedNode, store: SettlementStore, nudged: Nudged) -> TrackSettlements:
    return TrackSettlements(node, store, nudged)
