"""What runs when, pure data. A tick asks the database what is due; without nudges the venue runs by these alone.

A tick that waited for its whole period is dropped (`expires` = the period), so that ticks never pile up behind a slow
one. The clocks of the machines that run beat and workers must agree to within the shortest period (NTP).
"""

from __future__ import annotations

from typing import Final

EVERY_S: Final[dict[str, float]] = {
    "auctions.open": 0.25,
    "auctions.close": 0.25,
    "events.publish": 0.25,
    "bids.collect": 0.25,
    "settlements.submit": 0.25,
    "settlements.track": 0.5,
    "chain.index": 0.5,
    "intents.expire": 1.0,
    "tokens.price": 30.0,
}
"""Seconds between two ticks of each task."""
