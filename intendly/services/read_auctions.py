"""What anyone may read of an auction."""

from __future__ import annotations

from intendly_sdk.messages import AuctionView
from intendly_sdk.primitives import Hash32

from intendly.domain.errors import NotFound
from intendly.services.ports import AuctionReader


class ReadAuctions:
    """Auctions by id: sealed until the close, in the open after it."""

    def __init__(self, auctions: AuctionReader) -> None:
        self._auctions = auctions

    def find(self, auction_id: Hash32) -> AuctionView:
        """The auction. Raises `NotFound`."""
        view = self._auctions.find(auction_id)
        if view is None:
            raise NotFound(f"there is no auction {auction_id}", field="auction_id")
        return view
