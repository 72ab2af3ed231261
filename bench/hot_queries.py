"""All that the venue asks of PostgreSQL while intents come and go, each with the plan that it is run by.

`make queries` writes docs/queries.md; tests/integration/db/test_plans.py holds the document to the plans.
"""

from __future__ import annotations

import re
import sys
import textwrap
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Final

from intendly_sdk.primitives import Address, Hash32

from bench.ground import DEPLOYMENT, Ground
from bench.plans import Plan, plans_of
from bench.stored import fill
from bench.walk import SETTINGS, Walk, walk
from cli.processes import ROOT
from intendly.adapters.db.asks import AskStore
from intendly.adapters.db.cancels import CancelStore
from intendly.adapters.db.events import EventStore
from intendly.adapters.db.intent_views import IntentViews
from intendly.adapters.observability.logging import configure_logging
from intendly.domain.events import Interest
from intendly.domain.opening import FIRST_VERSION, auction_id_of
from intendly.services.ports import NoBid
from intendly.settings import Settings

DOCUMENT: Final = ROOT / "docs" / "queries.md"
STORED: Final = 1_000_000
INTENTS: Final = 20
"""That go through each step together."""
_HEAD: Final = f"""# The hot queries

Everything that the venue asks of PostgreSQL while an intent comes and goes, and how it is run where {STORED:,} intents
are stored with all that became of them (`bench/stored.py`): the plans that the server made at the moment when the
venue's own code ran the statement, {INTENTS} intents at a time. Written by `make queries`; a test holds the indexes to
it, and that no table or index of more than 10,000 rows is read from end to end. Under each statement's name are the
indexes by which it reads such tables.
"""


def hot_queries(settings: Settings) -> Mapping[str, Sequence[Plan]]:
    """The plans by what they are for, on a site that `bench.stored` has filled."""
    with walk(settings) as one, plans_of(one.venue.database) as plans:
        venue, work = one.venue, plans.work
        signed = one.intents(INTENTS)
        with work("POST /intents, POST /intents/batch"):
            hashes, swapper = one.accept(signed), signed[0].intent.swapper
        with work("POST /intents of what was accepted before"):
            IntentViews(venue.database, DEPLOYMENT).accepted(hashes[0])
        with work("GET /intents/{intent_hash}"):
            venue.read_intents.find(hashes[0])
        with work("GET /intents/{intent_hash}/status"):
            venue.read_intents.status(hashes[0])
        with work("GET /intents"):
            venue.read_intents.page(swapper, 20, None)
            venue.read_intents.page(swapper, 20, f"{int(time.time() * 1_000_000)}-{hashes[0].hex()}")
        with work("auctions.open"):
            one.open(hashes)
        with work("bids.collect"):
            AskStore(venue.database, DEPLOYMENT).claim(500)
        with work("POST /bids"):
            one.bid(hashes)
        with work("a solver on the stream that declines"):
            venue.place_bids.record_no_bids(
                [NoBid(auction_id_of(one, FIRST_VERSION), swapper, "declined") for one in hashes]
            )
        with work("auctions.close"):
            one.close(hashes)
        with work("GET /auctions/{auction_id}"):
            venue.read_auctions.find(auction_id_of(hashes[0], FIRST_VERSION))
        with work("settlements.submit"):
            one.send(hashes)
        with work("settlements.track"):
            venue.settlement_store.claim_due(100, lease_s=10)
            venue.settlement_store.look_again(range(1, 101))
        with work("chain.index"):
            one.index(hashes)
        with work("intents.expire"):
            venue.expire_intents.run()
        with work("POST /intents/{intent_hash}/cancel"):
            CancelStore(venue.database).cancel(one.accept(one.intents(1))[0])
        with work("events.publish"):
            venue.publish_events.run()
        with work("the stream"):
            _resume(venue.event_store, hashes[0], swapper)
        with work("a solver on the stream"):
            venue.event_store.heard_by(Interest(solver=str(swapper)), 0, 500, 500)
        hashes = _failed(one)
        with work("chain.index of bundles that failed"):
            one.index(hashes)
        one.venue.made_up.fork()
        with work("chain.index of a block that was taken back"):
            venue.index_chain.run()
    return plans.of


def _failed(one: Walk) -> list[Hash32]:
    """As many more, whose bundles are in a block and filled nothing."""
    hashes = one.accept(one.intents(INTENTS))
    one.open(hashes)
    one.bid(hashes)
    one.close(hashes)
    one.send(hashes, fills=False)
    return hashes


def _resume(events: EventStore, intent_hash: Hash32, swapper: Address) -> None:
    """What clients are told who come back, and who just came."""
    last = events.head().last
    events.since(last - 100, 500)
    events.open_auctions(last, 100)
    of_one = Interest(intents=frozenset([str(intent_hash)]), swappers=frozenset([str(swapper)]))
    events.heard_by(of_one, last - 1_000, last, 500)


def document(plans: Mapping[str, Sequence[Plan]]) -> str:
    """docs/queries.md, without what reads nothing that grows."""
    parts = [_HEAD]
    for work, of_work in plans.items():
        if told := [plan for plan in of_work if plan.reads]:
            parts += [f"## {work}\n", *map(_told, told)]
    return "\n".join(parts)


def indexes_in(text: str) -> dict[tuple[str, str], tuple[str, ...]]:
    """By work and statement, the indexes that the document names."""
    works = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    found = {}
    for work in works:
        for name, reads in re.findall(r"^### `(.+)`\n\n(.+)\n", work, re.MULTILINE):
            found[work.partition("\n")[0], name] = tuple(re.findall(r"`([^`]+)`", reads))
    return found


def _told(plan: Plan) -> str:
    reads = ", ".join(f"`{one}`" for one in plan.reads)
    return f"### `{plan.name}`\n\n{reads}\n\n{textwrap.indent(plan.explained, '    ')}\n"


def main() -> None:
    """Write the document."""
    configure_logging("bench", "ERROR", "console")
    with closing(Ground(durable=False)) as ground:
        settings = ground.site(**SETTINGS)
        fill(settings, STORED, logged=False)
        DOCUMENT.write_text(document(hot_queries(settings)))
    sys.stdout.write(f"wrote {DOCUMENT.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
