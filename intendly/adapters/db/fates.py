"""The fate of a bid as SQL, for `bids` as `b` and `auctions` as `a`.

A close writes only fates that a bid has of its own. Of a closed auction, a bid that is `live` has won if the auction
names it, else it has lost, for what `auctions.lost_detail` says.
"""

from __future__ import annotations

from typing import Final

FATE: Final = """
    CASE WHEN b.fate <> 'live' OR a.state <> 'closed' THEN b.fate WHEN b.hash = a.winner THEN 'won' ELSE 'lost' END
"""
FATE_DETAIL: Final = """
    CASE WHEN b.fate <> 'live' OR a.state <> 'closed' OR b.hash = a.winner THEN b.fate_detail ELSE a.lost_detail END
"""
