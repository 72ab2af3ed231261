"""Makes what was generated for a request acceptable to the venue: what no schema can say, and the signatures.

All that the venue leaves free stays as it was generated.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from intendly_sdk.keccak import keccak
from intendly_sdk.messages import Bid, Intent
from intendly_sdk.primitives import ZERO_ADDRESS, Address, Hash32, HexBytes
from intendly_sdk.signatures import Signer
from intendly_sdk.typed_data import cancel_digest
from pydantic import BaseModel

from intendly.domain.deployment import Deployment
from tests.integration.web.world import Rows

FEE: Final = 50_000
HORIZON_S: Final = 86_400
SOON_S: Final = 30
"""A deadline that has passed by the time it arrives is rightly refused."""
SMALLEST_OUT: Final = 10**12
"""Of any token: far above what gas costs in it."""
_SOLVER_KEY: Final = keccak(b"a solver under test")
Body = dict[str, Any]


class OpenAuction(BaseModel):
    """One that takes bids; `closes_at` in milliseconds."""

    id: Hash32
    intent_hash: Hash32
    closes_at: int


class World(BaseModel):
    """What the program that generates is told of the venue under test."""

    database_url: str
    deployment: Deployment
    auctions: list[OpenAuction] = []

    @classmethod
    def read(cls) -> World:
        return cls.model_validate_json(Path(os.environ["OPENAPI_TEST_WORLD"]).read_text())


@dataclass
class Trader:
    """Signs for swappers and for one solver; opens an auction for what was accepted, as the coordinator would."""

    world: World
    swappers: list[Signer] = field(default_factory=lambda: [Signer(keccak(bytes((n,)))) for n in range(8)])
    solver: Signer = field(default_factory=lambda: Signer(_SOLVER_KEY))
    _swapper_of: dict[Hash32, Signer] = field(default_factory=dict)
    _signed: int = 0

    def signed_intent(self, body: Body) -> Body:
        """The body of POST /intents."""
        self._signed += 1
        swapper = self.swappers[self._signed % len(self.swappers)]
        intent = Intent.model_validate(self._tradable(body["intent"], swapper))
        self._swapper_of[intent.hash] = swapper
        return {**body, "intent": _plain(intent), "signature": str(swapper.sign(intent.hash))}

    def _tradable(self, given: Body, swapper: Signer) -> Body:
        deployment, tokens = self.world.deployment, [token.address for token in self.world.deployment.tokens]
        forbidden = {ZERO_ADDRESS, deployment.settlement, deployment.permit2, *tokens}
        intent = {
            **given,
            "chain_id": deployment.chain_id,
            "spender": deployment.settlement,
            "swapper": swapper.address,
            "token_in": tokens[0],
            "token_out": tokens[1],
            "amount_in": max(1, int(given["amount_in"])),
            "min_amount_out": max(SMALLEST_OUT, int(given["min_amount_out"])),
            "deadline": int(time.time()) + SOON_S + int(given["deadline"]) % HORIZON_S,
        }
        if Address(given["receiver"]) in forbidden:
            intent["receiver"] = swapper.address
        if given.get("partner_fee_bps"):
            intent["partner_fee_bps"] = given["partner_fee_bps"] % (deployment.max_partner_fee_bps + 1)
            intent["partner"] = self.solver.address
        if "valid_from" in given:
            intent["valid_from"] = min(given["valid_from"], intent["deadline"] - 1)
        earliest = intent.get("valid_from", 0)
        intent["open_after"] = earliest + int(given["open_after"]) % (intent["deadline"] - earliest + 1)
        return intent

    def signed_cancel(self, intent_hash: str, body: Body) -> Body:
        """The body of POST /intents/{hash}/cancel; of an intent that nobody knows it stays as it is."""
        swapper = self._swapper_of.get(Hash32(intent_hash))
        if swapper is None:
            return body
        digest = cancel_digest(Hash32(intent_hash), self.world.deployment.domain)
        return {**body, "signature": str(swapper.sign(digest))}

    def signed_bid(self, body: Body) -> Body:
        """The body of POST /bids, for the auction that opened last."""
        auction = self.world.auctions[-1]
        given, data = body["bid"], HexBytes(body.get("data", "0x"))
        bid = {
            **given,
            "legs": ({"intent_hash": auction.intent_hash, "amount_out": given["legs"][0]["amount_out"], "fee": FEE},),
            "auction_id": auction.id,
            "solver": self.solver.address,
            "valid_until": auction.closes_at // 1000 + 5,
            "call_data_hash": Hash32(keccak(data)),
        }
        if "penalty" in given:
            bid["penalty"] = 0
        if Address(given["executor"]) == ZERO_ADDRESS:
            bid["executor"] = self.solver.address
        signed = Bid.model_validate(bid)
        signature = self.solver.sign(signed.hash(self.world.deployment.domain))
        return {**body, "bid": _plain(signed), "signature": str(signature)}

    def quotable(self, body: Body) -> Body:
        """The body of POST /quotes."""
        tokens = [str(token.address) for token in self.world.deployment.tokens]
        amount = 10**16 + int(body["amount_in"]) % 10**18
        swapper = str(self.swappers[0].address)
        told = {**body, "swapper": swapper, "token_in": tokens[0], "token_out": tokens[1], "amount_in": str(amount)}
        return told | ({"receiver": str(self.solver.address)} if body.get("receiver") else {})

    def opens(self, intent_hash: str, auction_id: str) -> None:
        """An accepted intent's first auction opens, for an hour: there is one on its roster who does not answer."""
        rows = Rows(self.world.database_url)
        auction = Hash32(auction_id)
        rows.open_auction(
            Hash32(intent_hash), [self.solver, self.swappers[0]], fee=FEE, window_ms=3_600_000, auction_id=auction
        )
        self.world.auctions.append(
            OpenAuction(id=auction, intent_hash=Hash32(intent_hash), closes_at=rows.closes_at_ms(auction))
        )


def each(of: Callable[[Body], Body], key: str, members: list[Any]) -> list[Any]:
    """The members that have `key`, as `of` makes them; the others as they are."""
    return [of(one) if isinstance(one, dict) and isinstance(one.get(key), dict) else one for one in members]


def _plain(model: BaseModel) -> Body:
    """What was given, with nothing that was left out."""
    return model.model_dump(mode="json", exclude_unset=True)
