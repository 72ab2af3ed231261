"""A solver whose answer the test decides."""

from __future__ import annotations

from intendly_sdk.messages import AuctionOpened
from intendly_sdk.solver import Offer, Solver

from tests.unit.sdk import samples


class FixedSolver(Solver):
    """Offers the same for every auction, declines every one, or fails."""

    def __init__(self, offer: Offer | Exception | None, stream_url: str = "ws://127.0.0.1:9") -> None:
        super().__init__(samples.SOLVER, samples.config(stream_url))
        self._offer = offer

    def price(self, auction: AuctionOpened) -> Offer | None:
        if isinstance(self._offer, Exception):
            raise self._offer
        return self._offer


def offer(*amounts_out: int, valid_for_s: int | None = None) -> Offer:
    """An offer with one byte of calldata."""
    return Offer(
        amounts_out=amounts_out or (3_000 * 10**6,),
        executor=samples.EXECUTOR,
        data=b"\x01",
        gas_limit=100_000,
        valid_for_s=valid_for_s,
    )
