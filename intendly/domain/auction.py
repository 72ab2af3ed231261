"""Who wins a sealed auction: a pure function of the bids and of what is known at the close (design: The auction).

The score is amount_out. Ties go to the lowest keccak256(bidHash ‖ seed) with seed = keccak256(secret ‖ all bid hashes
in order, lowest first), so that nobody, the venue included, could choose a bid that wins them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from intendly_sdk.keccak import keccak
from intendly_sdk.messages import Award, BidFate, IntentState
from intendly_sdk.primitives import Address, Hash32

from intendly.domain.closing import ClosingAuction, Fate, Outcome, SealedBid, Unfilled
from intendly.domain.reasons import Reason, words
from intendly.domain.settlement import IntentFacts

MINE_MARGIN_S: Final = 2
"""An award or a deadline that ends within this of the indexed block is taken to come too soon to be mined."""
FIRST_WAIT_S: Final = 2
LONGEST_WAIT_S: Final = 30
PROMISE_MAX_S: Final = 15
"""How far past the block of its fill a bid may hold: MAX_VALIDITY + CLOCK_LAG of contracts/src/settlement."""


def decide(auction: ClosingAuction, facts: IntentFacts | None, *, block_time: int, award_validity_s: int) -> Outcome:
    """Decide an auction; the order of its bids makes no difference.

    `facts` are the chain's on its intent, needed while that is open. `block_time` is the newest block's that is known,
    and not before that of the facts' block where they say that the nonce is spent.
    """
    if auction.state is not IntentState.OPEN:
        return Outcome(auction, "the intent was cancelled, filled or expired meanwhile")
    hindrance = _hindrance(auction, facts, block_time)
    eligible, own = _judged(auction, block_time, award_validity_s)
    if hindrance is None and eligible:
        return _awarded(auction, own, _best_of(eligible, auction), award_validity_s)
    reason, told = hindrance or _why_no_winner(auction, own)
    return Outcome(auction, words(reason, told), own, unfilled=Unfilled(reason, told, _wait(reason, auction)))


def _best_of(bids: Sequence[SealedBid], auction: ClosingAuction) -> SealedBid:
    """The highest amount_out; among equals the lowest keccak256(bidHash ‖ seed)."""
    most = max(bid.amount_out for bid in bids)
    best = [bid for bid in bids if bid.amount_out == most]
    if len(best) == 1:
        return best[0]
    seed = seed_of(auction)
    return min(best, key=lambda bid: keccak(bid.hash + seed))


def seed_of(auction: ClosingAuction) -> bytes:
    """keccak256(secret ‖ all bid hashes, lowest first), whether the bids are eligible or not."""
    return keccak(b"".join((auction.secret, *sorted(bid.hash for bid in auction.bids))))


def transcript_root(auction: ClosingAuction) -> Hash32:
    """What an award commits to of its auction: keccak256(auction id ‖ all bid hashes, lowest first)."""
    return Hash32(keccak(b"".join((auction.id, *sorted(bid.hash for bid in auction.bids)))))


def wait_after(auctions_held: int) -> int:
    """Seconds until the next auction after one without a winner: 2, doubled by each held before, at most 30."""
    return min(LONGEST_WAIT_S, FIRST_WAIT_S << min(auctions_held, 10))


def can_all_be_filled(outcomes: Sequence[Outcome], facts: Mapping[Hash32, IntentFacts]) -> list[Outcome]:
    """Of outcomes that award intents with one Permit2 nonce, or out of one balance, those stand that come first."""
    nonces: set[tuple[Address, int]] = set()
    taken: dict[tuple[Address, Address], int] = defaultdict(int)
    kept = []
    for outcome in outcomes:
        auction, intent = outcome.auction, outcome.auction.intent
        if outcome.award is None:
            kept.append(outcome)
            continue
        nonce, purse = (intent.swapper, intent.nonce), (intent.swapper, intent.token_in)
        short = _in_use(auction, facts[auction.intent_hash], auction.taken + taken[purse])
        if nonce in nonces:
            kept.append(_withdrawn(outcome, Reason.NONCE_IN_USE, {}))
        elif short is not None:
            kept.append(_withdrawn(outcome, *short))
        else:
            nonces.add(nonce)
            taken[purse] += intent.amount_in
            kept.append(outcome)
    return kept


def _hindrance(
    auction: ClosingAuction, facts: IntentFacts | None, block_time: int
) -> tuple[Reason, dict[str, str]] | None:
    """What keeps the intent from being filled, whoever bids."""
    intent = auction.intent
    if intent.deadline <= block_time + MINE_MARGIN_S:
        return Reason.DEADLINE_PASSED, {}
    if auction.nonce_taken:
        return Reason.NONCE_IN_USE, {}
    if facts is None:
        return None
    if facts.nonce_spent:
        # Perhaps by our own fill, in a block that is not indexed yet. It is cancelled once that block is.
        return Reason.NONCE_SPENT, {"seen_block_time": str(block_time)}
    if facts.signature_refusal is not None:
        return Reason.SIGNATURE_REFUSED, {"why": facts.signature_refusal}
    if (facts.allowance or 0) < intent.amount_in:
        return Reason.ALLOWANCE_MISSING, {"token_in": str(intent.token_in), "allowance": str(facts.allowance or 0)}
    if (facts.balance or 0) < intent.amount_in:
        return Reason.BALANCE_MISSING, {"balance": str(facts.balance or 0), "amount_in": str(intent.amount_in)}
    return _in_use(auction, facts, auction.taken)


def _in_use(auction: ClosingAuction, facts: IntentFacts, taken: int) -> tuple[Reason, dict[str, str]] | None:
    """What the swapper's fills under way take of the token is not there for this one, nor is Permit2's leave for it."""
    amount_in = auction.intent.amount_in
    available = min(facts.balance or 0, facts.allowance or 0)
    if available >= amount_in + taken:
        return None
    return Reason.BALANCE_IN_USE, {"available": str(available), "taken": str(taken), "amount_in": str(amount_in)}


def _judged(
    auction: ClosingAuction, block_time: int, award_validity_s: int
) -> tuple[list[SealedBid], tuple[Fate, ...]]:
    """The bids that may win, and the fates of the others."""
    eligible, own = [], []
    for bid in auction.bids:
        fate = _fate_of(bid, auction, block_time, award_validity_s)
        if fate is None:
            eligible.append(bid)
        else:
            own.append(fate)
    return eligible, tuple(own)


def _fate_of(bid: SealedBid, auction: ClosingAuction, block_time: int, award_validity_s: int) -> Fate | None:
    """None for a bid that may win."""
    if bid.fee != auction.fee:
        return Fate(bid, BidFate.INELIGIBLE, f"its fee is {bid.fee}, the auction's {auction.fee}")
    if not bid.active:
        return Fate(bid, BidFate.INELIGIBLE, "its solver is not registered any more")
    if bid.executor_refusal is not None:
        return Fate(bid, BidFate.INELIGIBLE, bid.executor_refusal)
    ends = _exclusive_until(bid, auction, award_validity_s)
    if ends <= block_time + MINE_MARGIN_S:
        return Fate(bid, BidFate.INELIGIBLE, f"it would hold until {ends}, too soon to be mined")
    if bid.valid_until > block_time + PROMISE_MAX_S:
        why = f"it holds until {bid.valid_until}, over {PROMISE_MAX_S} s after the newest block, of {block_time}"
        return Fate(bid, BidFate.INELIGIBLE, why)
    if bid.amount_out < auction.intent.min_amount_out:
        return Fate(bid, BidFate.BELOW_MINIMUM, f"below the signed minimum of {auction.intent.min_amount_out}")
    return None


def _awarded(auction: ClosingAuction, own: tuple[Fate, ...], winner: SealedBid, award_validity_s: int) -> Outcome:
    award = Award(
        bid_hash=winner.hash,
        transcript_root=transcript_root(auction),
        exclusive_until=_exclusive_until(winner, auction, award_validity_s),
    )
    return Outcome(auction, f"the best bid was {winner.amount_out}", own, winner, award)


def _exclusive_until(bid: SealedBid, auction: ClosingAuction, award_validity_s: int) -> int:
    return min(bid.valid_until, auction.closes_at // 1000 + award_validity_s)


def _why_no_winner(auction: ClosingAuction, own: Sequence[Fate]) -> tuple[Reason, dict[str, str]]:
    below = [one.bid.amount_out for one in own if one.fate is BidFate.BELOW_MINIMUM]
    if below:
        told = {"best_amount_out": str(max(below)), "min_amount_out": str(auction.intent.min_amount_out)}
        return Reason.BELOW_MINIMUM, told
    if own:
        return Reason.BIDS_INELIGIBLE, {"why": "; ".join(sorted({one.detail for one in own}))[:500]}
    return (Reason.NO_BID if auction.roster_size else Reason.NO_SOLVER), {}


def _wait(reason: Reason, auction: ClosingAuction) -> int:
    """Seconds until the next auction; a second where only the end of a fill under way is waited for."""
    return 1 if reason in (Reason.NONCE_SPENT, Reason.BALANCE_IN_USE) else wait_after(auction.auctions_held)


def _withdrawn(outcome: Outcome, reason: Reason, facts: dict[str, str]) -> Outcome:
    """The intent stays open: its winner has lost for that reason, the others by price as before."""
    own, unfilled = outcome.own, Unfilled(reason, facts, _wait(reason, outcome.auction))
    if outcome.winner is not None:
        own += (Fate(outcome.winner, BidFate.LOST, words(reason, facts)),)
    return Outcome(outcome.auction, outcome.lost, own, unfilled=unfilled)
