"""auctions.close on a real database; the chain's facts come through a fake of its port."""

from __future__ import annotations

import os
import threading
from dataclasses import replace

import pytest
from intendly_sdk.messages import Award, Event, SignedIntent
from intendly_sdk.primitives import Hash32
from intendly_sdk.signatures import Signer, recover
from intendly_sdk.typed_data import award_digest

from intendly.adapters.db import migrate
from intendly.adapters.db.closings import ClosingStore
from intendly.adapters.db.events import EventStore
from intendly.domain.auction import decide
from intendly.domain.errors import AuctionClosed
from intendly.domain.reasons import Reason, words
from intendly.services import close_auctions
from intendly.services.auction_ports import ClosingClaim
from tests.integration.auction.desk import AMPLE, AUCTIONEER, Desk
from tests.integration.statements import statements
from tests.integration.web.world import DEPLOYMENT

pytestmark = pytest.mark.integration
BEST, WORSE = 3_020 * 10**6, 3_010 * 10**6


def in_auction(desk: Desk, count: int = 1) -> list[Hash32]:
    hashes = desk.accept(count)
    assert desk.opener().run() == count
    return hashes


def test_the_best_bid_wins_and_its_award_is_signed(desk: Desk, solver: Signer, rival: Signer) -> None:
    (intent_hash,) = in_auction(desk)
    lost, won = desk.bid(intent_hash, solver, WORSE), desk.bid(intent_hash, rival, BEST)
    desk.end_window()
    assert desk.closer().run() == 1

    row = desk.rows.run("SELECT bid_hash, transcript_root, exclusive_until, signature, state FROM awards")
    ((bid_hash, root, until, signature, state),) = row
    award = Award(bid_hash=bytes(bid_hash), transcript_root=bytes(root), exclusive_until=until)
    assert award.bid_hash == won.bid.hash(DEPLOYMENT.domain)
    assert state == "due"
    assert recover(award_digest(award, DEPLOYMENT.domain), bytes(signature)) == AUCTIONEER.address

    intent = desk.intent(intent_hash)
    assert (intent["state"], intent["reason"], intent["auctions_held"]) == ("awarded", "awarded", 1)
    assert intent["version"] == 3
    assert intent["next_due_at"] is None
    ((state, winner, reason, token),) = desk.rows.run("SELECT state, winner, reason, lease_token FROM auctions")
    assert (state, bytes(winner), reason, token) == ("closed", bytes(award.bid_hash), "awarded", None)
    assert desk.fates(intent_hash) == {
        won.bid.solver: ("won", ""),
        lost.bid.solver: ("lost", f"the best bid was {BEST}"),
    }
    assert desk.nudged.tasks == ["settlements.submit"]


def test_each_solver_is_told_of_its_own_bid_alone(desk: Desk, solver: Signer, rival: Signer) -> None:
    (intent_hash,) = in_auction(desk)
    lost, won = desk.bid(intent_hash, solver, WORSE), desk.bid(intent_hash, rival, BEST)
    assert "bid.decided" not in {event.kind for event in desk.published()}
    desk.end_window()
    desk.closer().run()
    (closed,) = desk.events("auction.closed")
    (awarded,) = desk.events("intent.awarded")
    events = desk.published()
    assert [event.kind for event in events] == ["auction.closed", "bid.decided", "bid.decided", "intent.awarded"]
    decided = [Event.model_validate_json(event.frame) for event in events if event.kind == "bid.decided"]
    assert {event.solver: event.data for event in decided} == {
        one.bid.solver: {
            "bid_hash": str(one.bid.hash(DEPLOYMENT.domain)),
            "fate": fate,
            "detail": detail,
            "amount_out": str(one.bid.legs[0].amount_out),
        }
        for one, fate, detail in ((lost, "lost", f"the best bid was {BEST}"), (won, "won", ""))
    }
    assert {(event.intent_hash, event.auction_id, event.swapper) for event in decided} == {
        (intent_hash, desk.auction_of(intent_hash), None)
    }
    assert [event.solver for event in events] == [None, *sorted(str(one.solver) for one in decided), None]
    assert closed["solver"] is None
    assert closed["data"]["bids"] == 2
    assert closed["data"]["secret"] == "0x" + desk.rows.one("SELECT secret FROM auctions").hex()
    assert awarded["data"]["amount_out"] == str(BEST)
    assert desk.published() == []


def test_an_auction_before_its_close_is_left_alone(desk: Desk, solver: Signer) -> None:
    (intent_hash,) = in_auction(desk)
    desk.bid(intent_hash, solver)
    desk.rows.run("UPDATE auctions SET closes_at = statement_timestamp() + interval '1 minute'")
    assert desk.closer().run() == 0


def test_without_a_bid_the_intent_waits_longer_each_time(desk: Desk) -> None:
    (intent_hash,) = in_auction(desk)
    for waited in (2, 4):
        desk.end_window()
        assert desk.closer().run() == 1
        intent = desk.intent(intent_hash)
        assert (intent["state"], intent["reason"]) == ("open", "no_bid")
        seconds = desk.rows.one(
            "SELECT extract(epoch FROM next_due_at - updated_at)::int FROM intents WHERE hash = %s", bytes(intent_hash)
        )
        assert seconds == waited
        desk.rows.run("UPDATE intents SET next_due_at = statement_timestamp()")
        assert desk.opener().run() == 1
    assert [event["data"]["next_auction_in_s"] for event in desk.events("intent.unfilled")] == [2, 4]


def test_a_bid_below_the_minimum_is_kept_for_the_status(desk: Desk, solver: Signer) -> None:
    (intent_hash,) = in_auction(desk)
    desk.bid(intent_hash, solver, 2_999 * 10**6)
    desk.end_window()
    desk.closer().run()
    intent = desk.intent(intent_hash)
    assert intent["reason"] == "below_minimum"
    assert intent["reason_facts"] == {"best_amount_out": "2999000000", "min_amount_out": "3000000000"}
    assert desk.fates(intent_hash)[solver.address] == ("below_minimum", f"below the signed minimum of {3_000 * 10**6}")
    assert desk.rows.count("awards") == 0


def test_what_the_chain_says_is_the_reason(desk: Desk, solver: Signer) -> None:
    (intent_hash,) = in_auction(desk)
    desk.bid(intent_hash, solver)
    desk.chain.named[intent_hash] = replace(AMPLE, allowance=1)
    desk.end_window()
    desk.closer().run()
    assert desk.intent(intent_hash)["reason"] == "allowance_missing"
    assert desk.rows.count("awards") == 0


def test_the_chain_is_asked_about_the_signature_that_was_accepted(desk: Desk) -> None:
    (intent_hash,) = in_auction(desk)
    desk.end_window()
    asked: list[SignedIntent] = []

    class Noting(type(desk.chain)):  # type: ignore[misc]
        def facts(self, intents):  # type: ignore[no-untyped-def]
            asked.extend(intents)
            return {intent_hash: replace(AMPLE, signature_refusal="its wallet says no")}

    assert desk.closer(chain=Noting()).run() == 1
    (signed,) = asked
    assert signed.intent.hash == intent_hash
    assert recover(intent_hash, signed.signature) == signed.intent.swapper
    intent = desk.intent(intent_hash)
    assert (intent["state"], intent["reason"]) == ("open", "signature_refused")
    assert intent["reason_facts"] == {"why": "its wallet says no"}


def test_a_spent_nonce_cancels_once_its_block_is_indexed(desk: Desk, solver: Signer) -> None:
    (intent_hash,) = in_auction(desk)
    desk.bid(intent_hash, solver)
    desk.chain.named[intent_hash] = replace(AMPLE, nonce_spent=True)
    desk.set_block_time(-5)
    desk.end_window()
    desk.closer().run()
    assert (desk.intent(intent_hash)["state"], desk.intent(intent_hash)["reason"]) == ("open", "nonce_spent")
    desk.rows.run("UPDATE intents SET next_due_at = statement_timestamp()")
    assert desk.opener().run() == 0
    assert desk.intent(intent_hash)["state"] == "open"  # our own fill may be in the block that is not indexed
    desk.set_block_time(+5)
    assert desk.opener().run() == 1  # which is cancelled
    assert desk.intent(intent_hash)["state"] == "cancelled"
    assert desk.rows.count("spent_nonces") == 1


def test_without_the_chain_the_auctions_wait_and_are_not_held_against_themselves(desk: Desk, solver: Signer) -> None:
    (intent_hash,) = in_auction(desk)
    desk.bid(intent_hash, solver)
    desk.end_window()
    desk.chain.away = True
    for _ in range(8):
        assert desk.closer().run() == 0
        assert desk.rows.run("SELECT state, attempts FROM auctions") == [("closing", 0)]
        desk.rows.run("UPDATE auctions SET leased_until = statement_timestamp()")
    desk.chain.away = False
    assert desk.closer().run() == 1
    assert desk.intent(intent_hash)["state"] == "awarded"


def test_closers_at_once_close_each_auction_once(desk: Desk, solver: Signer) -> None:
    for intent_hash in in_auction(desk, 40):
        desk.bid(intent_hash, solver)
    desk.end_window()
    threads = [threading.Thread(target=desk.closer().run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert desk.rows.one("SELECT count(*) FROM auctions WHERE state = 'closed'") == 40
    assert desk.rows.one("SELECT count(*) FROM awards WHERE signature IS NOT NULL") == 40
    assert len(desk.events("auction.closed")) == 40


def test_a_closer_that_lost_its_lease_records_nothing(desk: Desk, solver: Signer) -> None:
    (intent_hash,) = in_auction(desk)
    desk.bid(intent_hash, solver)
    desk.end_window()
    slow = desk.closings.claim_due(10)
    batch = desk.closings.read(slow)
    (auction,) = batch.auctions
    outcome = decide(auction, AMPLE, block_time=batch.block_time, award_validity_s=10)
    assert desk.closer().run() == 0  # the lease still holds
    desk.rows.run("UPDATE auctions SET leased_until = statement_timestamp()")
    fast = desk.closings.claim_again(5)
    assert desk.closings.record(slow, [outcome]) == frozenset()
    assert desk.closings.read(slow).auctions == ()
    assert desk.closings.record(fast, [outcome]) == {auction.id}
    assert desk.rows.count("awards") == 1


def test_an_award_left_unsigned_by_a_crash_is_signed_by_the_next_tick(desk: Desk, solver: Signer) -> None:
    class Crash(BaseException):
        pass

    class Crashing:
        def sign(self, award: Award) -> None:
            raise Crash

    (intent_hash,) = in_auction(desk)
    desk.bid(intent_hash, solver)
    desk.end_window()
    with pytest.raises(Crash):
        desk.closer(auctioneer=Crashing()).run()
    assert desk.rows.run("SELECT state, signature FROM awards") == [("due", None)]
    assert desk.intent(intent_hash)["state"] == "awarded"
    assert desk.closer().run() == 0
    assert desk.rows.one("SELECT count(*) FROM awards WHERE signature IS NOT NULL") == 1


def test_an_intent_that_changed_while_it_was_decided_is_decided_again(desk: Desk, solver: Signer) -> None:
    """As a cancel does: it and the award compare-and-set the same version, so one of them comes first."""
    (intent_hash,) = in_auction(desk)
    desk.bid(intent_hash, solver)
    desk.end_window()

    class CancelledMeanwhile(type(desk.chain)):  # type: ignore[misc]
        def facts(self, intents):  # type: ignore[no-untyped-def]
            desk.rows.run("UPDATE intents SET state = 'cancelled', reason = 'cancelled', version = version + 1")
            return super().facts(intents)

    assert desk.closer(chain=CancelledMeanwhile()).run() == 0
    assert desk.rows.count("awards") == 0
    assert desk.closer().run() == 1
    assert desk.intent(intent_hash)["state"] == "cancelled"
    assert desk.rows.one("SELECT reason FROM auctions") == "intent_moved_on"
    assert desk.fates(intent_hash) == {
        solver.address: ("lost", "the intent was cancelled, filled or expired meanwhile")
    }


def test_of_two_intents_with_one_nonce_one_is_awarded(desk: Desk, solver: Signer) -> None:
    swapper = Signer(os.urandom(32))
    hashes = [*desk.accept(swapper=swapper, nonce=7), *desk.accept(swapper=swapper, nonce=7, amount_in=5)]
    desk.opener().run()
    for intent_hash in hashes:
        desk.bid(intent_hash, solver)
    desk.end_window()
    assert desk.closer().run() == 2
    assert sorted(desk.intent(one)["state"] for one in hashes) == ["awarded", "open"]
    assert desk.rows.one("SELECT count(*) FROM intents WHERE reason = 'nonce_in_use'") == 1


def test_one_balance_wins_one_auction_at_a_time(desk: Desk, solver: Signer) -> None:
    swapper = Signer(os.urandom(32))
    first, second = desk.accept(swapper=swapper, nonce=7), desk.accept(swapper=swapper, nonce=8)
    other_token = desk.accept(swapper=swapper, nonce=9, token_in="0x" + "77" * 20)
    (amount_in,) = {int(one) for (one,) in desk.rows.run("SELECT amount_in FROM intents")}
    hashes = [*first, *second, *other_token]
    desk.chain.named |= {one: replace(AMPLE, balance=2 * amount_in - 1) for one in hashes}
    desk.opener().run()
    for intent_hash in hashes:
        desk.bid(intent_hash, solver)
    desk.end_window()
    assert desk.closer().run() == 3
    assert desk.intent(*other_token)["state"] == "awarded"
    (waiting,) = (one for one in [*first, *second] if desk.intent(one)["state"] == "open")
    for _ in range(2):  # the one that was decided with it, then the one that is under way
        assert desk.intent(waiting)["reason"] == "balance_in_use"
        assert desk.intent(waiting)["reason_facts"]["taken"] == str(amount_in)
        desk.rows.run("UPDATE intents SET next_due_at = statement_timestamp() WHERE state = 'open'")
        desk.opener().run()
        desk.bid(waiting, solver)
        desk.end_window()
        desk.closer().run()
    desk.rows.run("UPDATE intents SET state = 'settled' WHERE state = 'awarded'")
    desk.rows.run("UPDATE intents SET next_due_at = statement_timestamp() WHERE state = 'open'")
    desk.opener().run()
    desk.bid(waiting, solver)
    desk.end_window()
    desk.closer().run()
    assert desk.intent(waiting)["state"] == "awarded"


@pytest.mark.parametrize(("behind_s", "reason"), [(0, "awarded"), (30, "bids_ineligible")])
def test_a_bid_is_held_against_the_chain_s_clock_where_the_index_is_behind(
    desk: Desk, solver: Signer, behind_s: int, reason: str
) -> None:
    (intent_hash,) = in_auction(desk)
    desk.bid(intent_hash, solver)
    desk.end_window()
    desk.set_block_time(-30)
    desk.chain.behind_s = behind_s
    desk.closer().run()
    assert desk.intent(intent_hash)["reason"] == reason


def poison(desk: Desk, auction_id: Hash32) -> None:
    desk.rows.run(
        "CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'poisoned'; END $$;"
        " CREATE TRIGGER poison BEFORE INSERT ON awards FOR EACH ROW"
        f" WHEN (NEW.auction_id = '\\x{auction_id.hex()}') EXECUTE FUNCTION poison()"
    )


def test_a_poisoned_auction_stops_nobody_and_ends_in_quarantine(desk: Desk, solver: Signer) -> None:
    hashes = in_auction(desk, 9)
    for intent_hash in hashes:
        desk.bid(intent_hash, solver)
    poisoned = desk.auction_of(hashes[4])
    poison(desk, poisoned)
    desk.end_window()
    assert desk.closer().run() == 8
    for _ in range(10):
        desk.rows.run("UPDATE auctions SET leased_until = statement_timestamp() WHERE state = 'closing'")
        assert desk.closer().run() == 0
    left = desk.rows.run("SELECT id, attempts FROM auctions WHERE state = 'closing'")
    assert [(bytes(one), attempts) for one, attempts in left] == [(bytes(poisoned), close_auctions.ATTEMPTS_MAX)]
    assert desk.intent(hashes[4])["state"] == "open"


def test_a_late_bid_is_told_so(desk: Desk, solver: Signer) -> None:
    (intent_hash,) = in_auction(desk)
    desk.end_window()
    desk.closer().run()
    with pytest.raises(AuctionClosed):
        desk.bid(intent_hash, solver)
    assert desk.rows.count("bids") == 0


def test_what_was_won_is_signed_before_anything_that_may_wait(desk: Desk, solver: Signer) -> None:
    (intent_hash,) = in_auction(desk)
    desk.bid(intent_hash, solver)
    desk.end_window()

    class Dying(ClosingStore):
        def claim_again(self, attempts_max: int) -> ClosingClaim:
            raise SystemExit

    with pytest.raises(SystemExit):
        desk.closer(store=Dying(desk.database, DEPLOYMENT)).run()
    assert desk.rows.one("SELECT count(*) FROM awards WHERE signature IS NOT NULL") == 1
    assert "settlements.submit" in desk.nudged.tasks


def test_a_bid_that_lost_by_price_is_not_written_again(desk: Desk, solver: Signer, rival: Signer) -> None:
    (intent_hash,) = in_auction(desk)
    desk.bid(intent_hash, solver, WORSE)
    desk.bid(intent_hash, rival, BEST)
    desk.end_window()
    before = desk.rows.run("SELECT hash, ctid::text FROM bids ORDER BY hash")
    desk.closer().run()
    assert desk.rows.run("SELECT hash, ctid::text FROM bids ORDER BY hash") == before


def test_a_fate_that_is_written_stands(desk: Desk, solver: Signer) -> None:
    """As closes before this one wrote all of them."""
    (intent_hash,) = in_auction(desk)
    desk.bid(intent_hash, solver)
    desk.end_window()
    desk.closer().run()
    desk.rows.run("UPDATE bids SET fate = 'lost', fate_detail = 'long ago'")
    assert desk.fates(intent_hash) == {solver.address: ("lost", "long ago")}


def test_fates_outlive_a_migration_down_and_up(desk: Desk, solver: Signer, rival: Signer) -> None:
    """Down they are written into the bids; up again those stand."""
    (intent_hash,) = in_auction(desk)
    desk.bid(intent_hash, solver, WORSE)
    desk.bid(intent_hash, rival, BEST)
    desk.end_window()
    desk.closer().run()
    before, url = desk.fates(intent_hash), desk.rows.url.replace("://", "+psycopg2://", 1)
    migrate.downgrade(url, "0003")
    written = desk.rows.run("SELECT solver, fate, fate_detail FROM bids")
    migrate.upgrade(url)
    assert {bytes(who): (fate, detail) for who, fate, detail in written} == {
        bytes(who): told for who, told in before.items()
    }
    assert {told[0] for told in before.values()} == {"won", "lost"}
    desk.database.dispose()
    assert desk.fates(intent_hash) == before


def test_the_best_bid_for_a_nonce_that_is_taken_lost_for_that_and_the_others_by_price(
    desk: Desk, solver: Signer, rival: Signer
) -> None:
    swapper = Signer(os.urandom(32))
    hashes = [*desk.accept(swapper=swapper, nonce=7), *desk.accept(swapper=swapper, nonce=7, amount_in=5)]
    assert desk.opener().run() == 2
    for intent_hash in hashes:
        desk.bid(intent_hash, solver, WORSE)
        desk.bid(intent_hash, rival, BEST)
    desk.end_window()
    assert desk.closer().run() == 2
    (waits,) = (one for one in hashes if desk.intent(one)["state"] == "open")
    assert desk.fates(waits) == {
        solver.address: ("lost", f"the best bid was {BEST}"),
        rival.address: ("lost", words(Reason.NONCE_IN_USE, {})),
    }


def test_a_batch_of_events_ends_with_the_bidders_of_the_auction_that_fills_it(
    desk: Desk, solver: Signer, rival: Signer
) -> None:
    for intent_hash in in_auction(desk, 3):
        desk.bid(intent_hash, solver, WORSE)
        desk.bid(intent_hash, rival, BEST)
    desk.published()
    desk.end_window()
    desk.closer().run()
    store, batches = EventStore(desk.database), []
    while batch := store.publish(5):
        batches.append([event.kind for event in batch])
    an_auction = ["auction.closed", "bid.decided", "bid.decided", "intent.awarded"]
    assert batches == [[*an_auction, *an_auction[:3]], [*an_auction[3:], *an_auction]]


def test_bids_with_a_fate_of_their_own_keep_it_beside_the_others(desk: Desk, solver: Signer, rival: Signer) -> None:
    hashes = in_auction(desk, 2)
    for intent_hash in hashes:
        desk.bid(intent_hash, solver, 2_999 * 10**6)
        desk.bid(intent_hash, rival, BEST)
    desk.end_window()
    assert desk.closer().run() == 2
    for intent_hash in hashes:
        fates = {who: fate for who, (fate, _) in desk.fates(intent_hash).items()}
        assert fates == {solver.address: "below_minimum", rival.address: "won"}
    assert [event.kind for event in desk.published()].count("bid.decided") == 4


@pytest.mark.parametrize("count", [1, 50])
def test_the_statements_do_not_grow_with_the_auctions(desk: Desk, solver: Signer, rival: Signer, count: int) -> None:
    for intent_hash in in_auction(desk, count):
        desk.bid(intent_hash, solver, WORSE)
        desk.bid(intent_hash, rival, BEST)
    desk.end_window()
    with statements(desk.database) as seen:
        assert desk.closer().run() == count
    assert len(seen) == 6
    assert desk.chain.asked == 1


def test_a_bid_with_an_executor_that_the_chain_would_not_call_loses_to_a_worse_one(
    desk: Desk, solver: Signer, rival: Signer
) -> None:
    (intent_hash,) = in_auction(desk)
    best = desk.bid(intent_hash, solver, BEST).bid
    desk.bid(intent_hash, rival, WORSE)
    desk.chain.refused[best.executor, best.solver] = "its executor has not consented to its solver"
    desk.end_window()
    assert desk.closer().run() == 1
    assert desk.intent(intent_hash)["state"] == "awarded"
    assert desk.fates(intent_hash) == {
        solver.address: ("ineligible", "its executor has not consented to its solver"),
        rival.address: ("won", ""),
    }
