"""What opens and closes auctions."""

from __future__ import annotations

from functools import cached_property

from intendly.adapters.chain.keys import load_key
from intendly.adapters.db.awards import AwardStore
from intendly.adapters.db.closings import ClosingStore
from intendly.adapters.db.openings import OpeningStore
from intendly.adapters.signing import KeyAuctioneer
from intendly.bootstrap.chain import ChainVenue
from intendly.domain.opening import FeeRules
from intendly.services.close_auctions import CloseAuctions
from intendly.services.open_auctions import OpenAuctions


class AuctionsVenue(ChainVenue):
    """The tasks of the queue `auctions`."""

    @cached_property
    def open_auctions(self) -> OpenAuctions:
        rules = FeeRules(self.settings.house_fee_bps, self.deployment.max_fee_bps)
        store = OpeningStore(self.database, self.deployment)
        return OpenAuctions(rules, store, self.nudges, self.pause, window_ms=self.settings.auction_window_ms)

    @cached_property
    def close_auctions(self) -> CloseAuctions:
        return CloseAuctions(
            ClosingStore(self.database, self.deployment),
            AwardStore(self.database),
            self.chain,
            KeyAuctioneer(load_key(self.settings.auctioneer_key_path), self.deployment.domain),
            self.nudges,
            award_validity_s=self.settings.award_validity_s,
        )
