"""An accepted intent with an open auction, and bids that are POSTed to it."""

from __future__ import annotations

import os
from typing import Any

from intendly_sdk.messages import SignedBid
from intendly_sdk.primitives import Address
from intendly_sdk.signatures import Signer

from tests.integration.web.conftest import Relayer
from tests.integration.web.world import DEPLOYMENT, signed_bid, signed_intent


class Opened:
    """An accepted intent with an open auction."""

    def __init__(self, relayer: Relayer, *roster: Signer, window_ms: int = 60_000) -> None:
        signed = signed_intent(Signer(os.urandom(32)))
        assert relayer.post("/intents", signed.model_dump_json()).status_code == 202
        self.rows = relayer.rows
        self.intent_hash = signed.intent.hash
        self.id = relayer.rows.open_auction(self.intent_hash, roster, window_ms=window_ms)
        self.closes_at = relayer.rows.closes_at_ms(self.id)

    def bid(self, solver: Signer, **changes: Any) -> SignedBid:
        return signed_bid(solver, self.id, self.intent_hash, self.closes_at, **changes)

    def stored(self) -> list[tuple[bytes, int, str]]:
        """The bids that are in: hash, amount_out, fate."""
        rows = self.rows.run(
            "SELECT b.hash, l.amount_out::text, b.fate FROM bids b JOIN bid_legs l ON l.bid_hash = b.hash"
            " WHERE b.auction_id = %s ORDER BY l.amount_out",
            bytes(self.id),
        )
        return [(bytes(bid_hash), int(amount), fate) for bid_hash, amount, fate in rows]

    def answers(self) -> dict[Address, str | None]:
        rows = self.rows.run("SELECT solver, answer FROM auction_solvers WHERE auction_id = %s", bytes(self.id))
        return {Address(bytes(solver)): answer for solver, answer in rows}

    def close(self, state: str = "closed") -> None:
        self.rows.run(
            "UPDATE auctions SET state = %s, closed_at = clock_timestamp() WHERE id = %s", state, bytes(self.id)
        )


def hash_of(bid: SignedBid) -> bytes:
    return bytes(bid.bid.hash(DEPLOYMENT.domain))


def post(relayer: Relayer, bid: SignedBid) -> tuple[int, dict[str, Any]]:
    answer = relayer.post("/bids", bid.model_dump_json())
    return answer.status_code, answer.json()
