"""auctions.open on a real database."""

from __future__ import annotations

import os
import threading

import pytest
from intendly_sdk.keccak import keccak
from intendly_sdk.messages import AuctionOpened
from intendly_sdk.primitives import Hash32
from intendly_sdk.signatures import Signer

from intendly.adapters.db.openings import OpeningStore
from intendly.domain.errors import Paused
from intendly.domain.opening import FeeRules, open_auction
from intendly.services import open_auctions
from tests.integration.auction.desk import Desk, addresses
from tests.integration.statements import statements
from tests.integration.web.world import DEPLOYMENT, GAS_FEE_USDC, signed_bid

pytestmark = pytest.mark.integration


def test_a_due_intent_gets_an_auction_open_to_the_active_solvers(desk: Desk, solver: Signer, rival: Signer) -> None:
    desk.rows.add_solver(Signer(b"\x53" * 32), active=False)
    (intent_hash,) = desk.accept()
    assert desk.opener().run() == 1
    intent = desk.intent(intent_hash)
    assert (intent["state"], intent["reason"], intent["version"]) == ("open", "in_auction", 2)
    assert intent["next_due_at"] is None
    (event,) = desk.events("auction.opened")
    roster = event["data"].pop("roster")
    assert roster == [str(one) for one in addresses(solver, rival)]
    told = AuctionOpened.model_validate(
        {**event["data"], "auction_id": "0x" + event["auction_id"].hex(), "server_time": 0, "ms_left": 0}
    )
    assert told.closes_at - told.opened_at == 60_000
    assert told.intents[0].intent_hash == intent_hash
    assert told.intents[0].fee == GAS_FEE_USDC + 3_000 * 10**6 * 5 // 10_000
    secret = desk.rows.one("SELECT secret FROM auctions")
    assert told.secret_hash == keccak(secret)
    assert desk.nudged.tasks == []


def test_a_second_tick_finds_nothing_due(desk: Desk) -> None:
    desk.accept(3)
    assert desk.opener().run() == 3
    assert desk.opener().run() == 0
    assert desk.rows.count("auctions") == 3


def test_openers_at_once_open_each_intent_once(desk: Desk) -> None:
    desk.accept(60)
    threads = [threading.Thread(target=desk.opener().run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while desk.opener().run():
        pass
    assert desk.rows.count("auctions") == 60
    assert desk.rows.one("SELECT count(DISTINCT intent_hash) FROM auction_intents") == 60
    assert len(desk.events("auction.opened")) == 60


def test_an_intent_that_changed_since_it_was_read_is_not_opened(desk: Desk) -> None:
    desk.accept(2)
    store = OpeningStore(desk.database, DEPLOYMENT)
    due = store.due(10, 10)
    desk.rows.run("UPDATE intents SET version = version + 1 WHERE hash = %s", bytes(due[0].hash))
    openings = [open_auction(one, FeeRules(5, 1_000), os.urandom) for one in due]
    assert store.open(openings, 2_000).auctions == 1
    assert desk.intent(due[0].hash)["reason"] == "accepted"


def test_who_failed_this_intent_is_not_on_its_roster(desk: Desk, solver: Signer, rival: Signer) -> None:
    left, other = desk.accept(2)
    desk.rows.run("INSERT INTO left_out VALUES (%s, %s, %s)", bytes(left), bytes(solver.address), bytes(32))
    desk.opener().run()
    rosters = {event["intent_hash"]: event["data"]["roster"] for event in desk.events("auction.opened")}
    assert rosters[bytes(left)] == [str(rival.address)]
    assert len(rosters[bytes(other)]) == 2


def test_an_http_solver_on_the_roster_is_nudged_for(desk: Desk, solver: Signer) -> None:
    desk.rows.run("UPDATE solvers SET endpoint = 'http://x/bids' WHERE address = %s", bytes(solver.address))
    desk.accept(3)
    desk.opener().run()
    assert (desk.nudged.tasks, desk.nudged.work) == (["bids.collect"], 3)
    assert desk.rows.one("SELECT count(*) FROM auction_solvers WHERE asked_at IS NULL") == 3


def test_one_swappers_flood_leaves_room_for_the_others(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_auctions, "LIMIT", 10)
    monkeypatch.setattr(open_auctions, "PER_SWAPPER", 4)
    desk.accept(30, swapper=Signer(os.urandom(32)))
    (other,) = desk.accept()
    assert desk.opener().run() == 5
    assert desk.intent(other)["reason"] == "in_auction"


def test_block_time_says_what_can_be_filled(desk: Desk) -> None:
    desk.accept(deadline=desk_time(desk) + 2, open_after=desk_time(desk) + 2)
    (early,) = desk.accept(valid_from=desk_time(desk) + 5)
    assert desk.opener().run() == 0
    desk.set_block_time(+10)
    assert desk.opener().run() == 1
    assert desk.intent(early)["reason"] == "in_auction"


def test_nothing_opens_before_a_block_is_indexed(desk: Desk) -> None:
    desk.accept()
    desk.rows.run("DELETE FROM chain_cursor")
    assert desk.opener().run() == 0


def test_an_intent_whose_nonce_was_spent_elsewhere_is_cancelled(desk: Desk) -> None:
    swapper = Signer(os.urandom(32))
    spent, other = desk.accept(2, swapper=swapper)
    desk.rows.run("INSERT INTO spent_nonces SELECT swapper, nonce FROM intents WHERE hash = %s", bytes(spent))
    assert desk.opener().run() == 2  # one is cancelled, the other in auction
    assert (desk.intent(spent)["state"], desk.intent(spent)["reason"]) == ("cancelled", "nonce_spent")
    assert desk.intent(other)["state"] == "open"
    (event,) = desk.events("intent.cancelled")
    assert event["intent_hash"] == bytes(spent)
    assert "nonce" in event["data"]["detail"]


def test_a_row_that_fails_alone_waits_and_stops_nobody(desk: Desk) -> None:
    first, poisoned, last = desk.accept(3)
    desk.rows.run(
        "CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'poisoned'; END $$;"
        " CREATE TRIGGER poison BEFORE INSERT ON auction_intents FOR EACH ROW"
        f" WHEN (NEW.intent_hash = '\\x{poisoned.hex()}') EXECUTE FUNCTION poison()"
    )
    assert desk.opener().run() == 2
    assert {desk.intent(one)["reason"] for one in (first, last)} == {"in_auction"}
    assert desk.intent(poisoned)["reason"] == "accepted"
    assert desk.opener().run() == 0


@pytest.mark.parametrize("count", [1, 50])
def test_the_statements_do_not_grow_with_the_intents(desk: Desk, count: int) -> None:
    desk.accept(count)
    with statements(desk.database) as seen:
        assert desk.opener().run() == count
    assert len(seen) == 6


def desk_time(desk: Desk) -> int:
    return int(desk.rows.one("SELECT block_time FROM chain_cursor"))


def test_while_the_venue_is_paused_no_auction_opens_and_live_ones_go_on(desk: Desk, solver: Signer) -> None:
    desk.accept()
    assert desk.opener().run() == 1
    desk.accept()
    desk.pause.pause("an upgrade")
    assert desk.opener().run() == 0
    assert desk.rows.count("auctions") == 1
    auction = Hash32(desk.rows.one("SELECT id FROM auctions"))
    (refused,) = desk.bids.place_many([signed_bid(solver, auction, auction, 10**12)])
    assert isinstance(refused, Paused)
    desk.rows.run("UPDATE auctions SET closes_at = clock_timestamp()")
    desk.closer().run()
    assert desk.rows.one("SELECT state FROM auctions") == "closed"
    desk.pause.resume()
    assert desk.opener().run() >= 1
