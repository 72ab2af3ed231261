// SPDX-License-Identifier: MIT
pragma solidity ^0.8.33;

/// @notice The words of ours that BundleFailed and FillFailed carry.
library Reason {
    // Step.Award, the submitter's
    bytes32 internal constant AWARD_OF_ANOTHER_BID = "AwardOfAnotherBid";
    bytes32 internal constant NOT_AUCTIONEER = "NotAuctioneer";
    bytes32 internal constant AWARD_EXPIRED = "AwardExpired";
    // Step.Bid
    bytes32 internal constant OVER_CAPS = "OverCaps"; // submitter
    bytes32 internal constant LEG_COUNT = "LegCount"; // submitter
    bytes32 internal constant WRONG_DATA = "WrongData"; // submitter
    bytes32 internal constant PENALTY = "Penalty"; // submitter
    bytes32 internal constant BID_EXPIRED = "BidExpired"; // submitter
    bytes32 internal constant BID_TOO_LONG = "BidTooLong"; // submitter
    bytes32 internal constant NOT_SOLVERS_KEY = "NotSolversKey"; // submitter: it isn't the solver's bid
    bytes32 internal constant KEY_RETIRED = "KeyRetired"; // solver
    // Step.Executor, the solver's
    bytes32 internal constant FORBIDDEN_EXECUTOR = "ForbiddenExecutor";
    bytes32 internal constant NO_CODE = "NoCode";
    bytes32 internal constant NO_CONSENT = "NoConsent";
    // Step.Intent
    bytes32 internal constant WRONG_INTENT = "WrongIntent"; // submitter
    bytes32 internal constant TOO_EARLY = "TooEarly"; // submitter
    bytes32 internal constant TOO_LATE = "TooLate"; // submitter
    bytes32 internal constant NOT_OPEN = "NotOpen"; // submitter
    bytes32 internal constant BELOW_MINIMUM = "BelowMinimum"; // submitter
    bytes32 internal constant FEE_OVER_CAP = "FeeOverCap"; // submitter
    bytes32 internal constant FEE_UNDER_PARTNERS = "FeeUnderPartners"; // submitter
    bytes32 internal constant PARTNER_FEE_OVER_CAP = "PartnerFeeOverCap"; // swapper
    bytes32 internal constant FORBIDDEN_RECEIVER = "ForbiddenReceiver"; // swapper
    // Step.Pull and Step.Payout
    bytes32 internal constant NO_BALANCE = "NoBalance"; // token: balanceOf does not answer
    bytes32 internal constant ARRIVED_SHORT = "ArrivedShort"; // token
    // Step.Callback
    bytes32 internal constant GAS_ACCOUNTING = "GasAccounting"; // nobody's
}
