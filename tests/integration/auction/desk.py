"""The auctions' services on a real database, with the chain and the nudges behind fakes of their ports."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from intendly_sdk.messages import BidAccepted, SignedBid, SignedIntent
from intendly_sdk.primitives import Address, Hash32
from intendly_sdk.signatures import Signer

from intendly.adapters.db.auction_views import AuctionViews
from intendly.adapters.db.awards import AwardStore
from intendly.adapters.db.bids import BidStore
from intendly.adapters.db.closings import ClosingStore
from intendly.adapters.db.engine import Database
from intendly.adapters.db.events import EventStore
from intendly.adapters.db.intents import IntentStore
from intendly.adapters.db.openings import OpeningStore
from intendly.adapters.db.pause import PauseStore
from intendly.adapters.signing import KeyAuctioneer
from intendly.domain.bid import BidRules
from intendly.domain.errors import ChainUnavailable
from intendly.domain.events import Published
from intendly.domain.intent import NewIntent
from intendly.domain.opening import FeeRules
from intendly.domain.reasons import Reason
from intendly.domain.settlement import IntentFacts
from intendly.services.close_auctions import CloseAuctions
from intendly.services.open_auctions import OpenAuctions
from intendly.services.place_bid import PlaceBids
from tests.integration.desk import Nudged
from tests.integration.web.world import DEPLOYMENT, Rows, signed_bid, signed_intent

AUCTIONEER = Signer(b"\xa1" * 32)
AMPLE = IntentFacts(balance=10**30, allowance=10**30, nonce_spent=False)


@dataclass
class WrittenFacts:
    """The chain's facts as a test writes them; ample for what it does not name."""

    named: dict[Hash32, IntentFacts] = field(default_factory=dict)
    refused: dict[tuple[Address, Address], str] = field(default_factory=dict)
    away: bool = False
    asked: int = 0
    behind_s: int = 0

    def facts(self, intents: Sequence[SignedIntent]) -> Mapping[Hash32, IntentFacts]:
        self.asked += 1
        if self.away:
            raise ChainUnavailable("nobody answers")
        hashes = [signed.intent.hash for signed in intents]
        return {intent_hash: self.named.get(intent_hash, AMPLE) for intent_hash in hashes}

    def executor_refusals(self, pairs: Collection[tuple[Address, Address]]) -> Mapping[tuple[Address, Address], str]:
        return {pair: why for pair, why in self.refused.items() if pair in pairs}

    def block_time(self) -> int:
        return int(time.time()) - self.behind_s


class Desk:
    """What a test does at the venue: accept intents, bid, run the ticks, look at the rows."""

    def __init__(self, url: str) -> None:
        self.rows = Rows(url)
        self.database = Database(
            url.replace("postgresql://", "postgresql+psycopg2://"), pool_size=4, application="test"
        )
        self.nudged = Nudged()
        self.closing = ExitStack()
        self.chain = WrittenFacts()
        self.closings = ClosingStore(self.database, DEPLOYMENT)
        self.awards = AwardStore(self.database)
        rules = BidRules(DEPLOYMENT.domain, frozenset(), auction_window_ms=60_000, award_validity_s=10)
        # Read at each use: a test pauses, and sees it at once.
        self.pause = PauseStore(self.database, fresh_for_s=0)
        self.bids = PlaceBids(rules, BidStore(self.database, auction_min_ms=0), self.nudged, self.pause)

    def opener(self, **changes: Any) -> OpenAuctions:
        store = OpeningStore(self.database, DEPLOYMENT)
        return OpenAuctions(FeeRules(5, 1_000), store, self.nudged, self.pause, **({"window_ms": 60_000} | changes))

    def closer(self, **changes: Any) -> CloseAuctions:
        parts: dict[str, Any] = {
            "store": self.closings,
            "awards": self.awards,
            "chain": self.chain,
            "nudges": self.nudged,
            "auctioneer": KeyAuctioneer(AUCTIONEER, DEPLOYMENT.domain),
            "award_validity_s": 10,
        }
        return CloseAuctions(**(parts | changes))

    def accept(self, count: int = 1, *, swapper: Signer | None = None, **changes: Any) -> list[Hash32]:
        """Accept intents of `swapper`, or each of a swapper of its own. They are due."""
        signed = [signed_intent(swapper or Signer(os.urandom(32)), **changes) for _ in range(count)]
        store = IntentStore(self.database, open_max=1_000)
        store.accept_many([NewIntent(one.intent.hash, one, Reason.ACCEPTED, due_in_s=0) for one in signed])
        return [one.intent.hash for one in signed]

    def auction_of(self, intent_hash: Hash32) -> Hash32:
        """The newest auction of the intent."""
        return Hash32(
            self.rows.one(
                "SELECT id FROM auctions a JOIN auction_intents ai ON ai.auction_id = a.id"
                " WHERE ai.intent_hash = %s ORDER BY a.opened_at DESC LIMIT 1",
                bytes(intent_hash),
            )
        )

    def bid(self, intent_hash: Hash32, solver: Signer, amount_out: int = 3_010 * 10**6, **changes: Any) -> SignedBid:
        """Place a bid in the intent's newest auction."""
        auction_id = self.auction_of(intent_hash)
        fee = int(self.rows.one("SELECT fee::bigint FROM auction_intents WHERE auction_id = %s", bytes(auction_id)))
        signed = signed_bid(
            solver,
            auction_id,
            intent_hash,
            self.rows.closes_at_ms(auction_id),
            amount_out=amount_out,
            fee=fee,
            **changes,
        )
        assert isinstance(self.bids.place(signed), BidAccepted)
        return signed

    def end_window(self) -> None:
        """Every open auction is past its close, and its bids hold as long past that as they did before."""
        self.rows.run(
            "UPDATE bids b SET valid_until = b.valid_until - extract(epoch FROM a.closes_at - statement_timestamp())"
            " FROM auctions a WHERE a.id = b.auction_id AND a.state = 'open' AND a.closes_at > statement_timestamp()"
        )
        self.rows.run("UPDATE auctions SET closes_at = statement_timestamp() WHERE state = 'open'")

    def set_block_time(self, seconds_from_now: int = -1) -> None:
        """The indexed block's time near the database's clock, as on a live chain."""
        self.rows.run(
            "UPDATE chain_cursor SET block_time = extract(epoch FROM clock_timestamp())::bigint + %s", seconds_from_now
        )

    def intent(self, intent_hash: Hash32) -> dict[str, Any]:
        columns = ("state", "reason", "reason_facts", "version", "auctions_held", "next_due_at")
        ((*values,),) = self.rows.run(f"SELECT {', '.join(columns)} FROM intents WHERE hash = %s", bytes(intent_hash))
        return dict(zip(columns, values, strict=True))

    def events(self, kind: str) -> list[dict[str, Any]]:
        rows = self.rows.run(
            "SELECT intent_hash, auction_id, solver, swapper, data FROM outbox WHERE kind = %s ORDER BY id", kind
        )
        names = ("intent_hash", "auction_id", "solver", "swapper", "data")
        return [dict(zip(names, map(_plain, row), strict=True)) for row in rows]

    def fates(self, intent_hash: Hash32) -> dict[Address, tuple[str, str]]:
        """Of each bid in the intent's newest auction, by its solver: the fate and its detail, as anyone reads them."""
        view = AuctionViews(self.database, DEPLOYMENT).find(self.auction_of(intent_hash))
        assert view is not None
        return {bid.bid.solver: (str(bid.fate), bid.fate_detail) for bid in view.bids}

    def published(self) -> list[Published]:
        """The events of all changes, in their order."""
        return EventStore(self.database).publish(1_000) or []

    def close(self) -> None:
        self.closing.close()
        self.database.dispose()


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value


def addresses(*signers: Signer) -> list[Address]:
    return sorted(signer.address for signer in signers)
