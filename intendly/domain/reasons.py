"""Why an intent is where it is: a stable code in the row, and the words that the swapper reads."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Codes of intents.reason. Their words take the facts stored beside them (intents.reason_facts)."""

    ACCEPTED = "accepted"
    NOT_YET_VALID = "not_yet_valid"
    IN_AUCTION = "in_auction"
    NO_SOLVER = "no_solver"
    NO_BID = "no_bid"
    BELOW_MINIMUM = "below_minimum"
    BIDS_INELIGIBLE = "bids_ineligible"
    ALLOWANCE_MISSING = "allowance_missing"
    BALANCE_MISSING = "balance_missing"
    NONCE_SPENT = "nonce_spent"
    SIGNATURE_REFUSED = "signature_refused"
    NONCE_IN_USE = "nonce_in_use"
    BALANCE_IN_USE = "balance_in_use"
    AWARDED = "awarded"
    SUBMITTED = "submitted"
    AWARD_LAPSED = "award_lapsed"
    SOLVER_FAILED = "solver_failed"
    SWAPPER_FAILED = "swapper_failed"
    TOKEN_FAILED = "token_failed"  # noqa: S105
    RECEIVER_FAILED = "receiver_failed"
    SETTLEMENT_FAILED = "settlement_failed"
    REORGED = "reorged"
    SETTLED = "settled"
    FINAL = "final"
    DEADLINE_PASSED = "deadline_passed"
    CANCELLED = "cancelled"


WORDS: dict[Reason, str] = {
    Reason.ACCEPTED: "The intent is accepted; its auction opens in a moment.",
    Reason.NOT_YET_VALID: "The intent is not valid yet; its first auction opens at validFrom.",
    Reason.IN_AUCTION: "Solvers are bidding.",
    Reason.NO_SOLVER: "No solver is left that may bid for this intent.",
    Reason.NO_BID: "No solver bid for this intent.",
    Reason.BELOW_MINIMUM: "The best bid was {best_amount_out}, below the signed minimum of {min_amount_out}.",
    Reason.BIDS_INELIGIBLE: "No bid was eligible: {why}.",
    Reason.ALLOWANCE_MISSING: "Permit2 may not move the token: the swapper must approve Permit2 for {token_in}.",
    Reason.BALANCE_MISSING: "The swapper holds {balance} of the {amount_in} that the intent sells.",
    Reason.NONCE_SPENT: "The Permit2 nonce was used elsewhere, so this intent cannot be filled.",
    Reason.SIGNATURE_REFUSED: "Permit2 would not take the swapper's signature: {why}.",
    Reason.NONCE_IN_USE: "Another intent of the swapper with the same nonce is being filled.",
    Reason.BALANCE_IN_USE: (
        "Of the {available} that Permit2 may take of the swapper, fills under way take {taken}; this intent sells "
        "{amount_in}."
    ),
    Reason.AWARDED: "The best bid won; its transaction is being built.",
    Reason.SUBMITTED: "The winning fill is sent; the chain has not mined it yet.",
    Reason.AWARD_LAPSED: "The winning fill was not mined in time; a new auction follows.",
    Reason.SOLVER_FAILED: "The winner failed to fill ({step}); it is left out of the next auction.",
    Reason.SWAPPER_FAILED: "The fill could not take the swapper's tokens ({step}).",
    Reason.TOKEN_FAILED: "The fill failed by the token's own behaviour ({step}).",
    Reason.RECEIVER_FAILED: "The receiver could not be paid ({step}).",
    Reason.SETTLEMENT_FAILED: "The settlement did not go through ({step}); a new auction follows.",
    Reason.REORGED: "The chain took the fill back; a new auction follows.",
    Reason.SETTLED: "Filled.",
    Reason.FINAL: "Filled, and final on chain.",
    Reason.DEADLINE_PASSED: "The deadline passed without a fill.",
    Reason.CANCELLED: "The swapper cancelled it.",
}


def words(reason: Reason, facts: dict[str, str]) -> str:
    """The sentence for `reason`; a fact that is missing shows as “?”."""
    return WORDS[reason].format_map(_Facts(facts))


class _Facts(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "?"
