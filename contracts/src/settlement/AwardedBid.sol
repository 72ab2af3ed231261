// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {Award, Bid, Bundle, Fault, Role, Step} from "../Types.sol";
import {ISettlement} from "../interfaces/ISettlement.sol";
import {ISolverRegistry} from "../interfaces/ISolverRegistry.sol";
import {Reason} from "../lib/Reason.sol";
import {Signature} from "../lib/Signature.sol";
import {TypedData} from "../lib/TypedData.sol";
import {Payout} from "./Payout.sol";

/// @notice Who won, who promised, and who may be charged for it. The award comes first: what is wrong before
/// it is shown to be ours can't be held against a solver.
abstract contract AwardedBid is Payout, EIP712 {
    using Signature for bytes;

    /// @notice How long a bid may hold beyond the auction's close, which comes before any fill.
    uint256 public constant MAX_VALIDITY = 10 seconds;
    /// @notice How far the block's clock may lag behind the auction's.
    uint256 public constant CLOCK_LAG = 5 seconds;

    /// @notice Who solvers are, and which executors work for them.
    ISolverRegistry public immutable REGISTRY;

    constructor(address registry) EIP712("Intendly", "1") {
        REGISTRY = ISolverRegistry(registry);
    }

    /// @inheritdoc ISettlement
    function bidHash(Bid calldata bid) external view returns (bytes32) {
        return _hashTypedDataV4(TypedData.hash(bid));
    }

    /// @inheritdoc ISettlement
    function awardHash(Award calldata award) external view returns (bytes32) {
        return _hashTypedDataV4(TypedData.hash(award));
    }

    /// @inheritdoc ISettlement
    function domainSeparator() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    /// @param bid The bundle's, which it takes gas to find
    /// @return hash The bid's digest
    function _checkAwardedBid(Bundle calldata bundle, Bid calldata bid) internal view returns (bytes32 hash) {
        hash = _checkAward(bundle, bid);
        _checkTerms(bundle, bid);
        _checkExecutor(bid.executor);

        address signer = bundle.bidSignature.recover(hash);
        (uint64 keyValidUntil, bool consented) = REGISTRY.standing(bid.solver, signer, bid.executor);
        // Not signed by a key that ever was the solver's: not the solver's bid, so not the solver's fault.
        if (keyValidUntil == 0) revert FillFailed(Fault.Submitter, Step.Bid, Reason.NOT_SOLVERS_KEY);
        if (keyValidUntil < block.timestamp) revert FillFailed(Fault.Solver, Step.Bid, Reason.KEY_RETIRED);
        if (!consented) revert FillFailed(Fault.Solver, Step.Executor, Reason.NO_CONSENT);
    }

    /// @dev A fixed call into one of these could be made to mean something else.
    function _checkExecutor(address executor) internal view {
        if (executor == PERMIT2 || executor == address(this) || executor == address(REGISTRY)) {
            revert FillFailed(Fault.Solver, Step.Executor, Reason.FORBIDDEN_EXECUTOR);
        }
        if (executor.code.length == 0) revert FillFailed(Fault.Solver, Step.Executor, Reason.NO_CODE);
    }

    function _checkAward(Bundle calldata bundle, Bid calldata bid) private view returns (bytes32 hash) {
        Award calldata award = bundle.award;
        hash = _hashTypedDataV4(TypedData.hash(bid));
        if (award.bidHash != hash) _refuse(Step.Award, Reason.AWARD_OF_ANOTHER_BID);
        address signer = bundle.awardSignature.recover(_hashTypedDataV4(TypedData.hash(award)));
        if (!hasRole(Role.Auctioneer, signer)) _refuse(Step.Award, Reason.NOT_AUCTIONEER);
        if (block.timestamp >= award.exclusiveUntil) _refuse(Step.Award, Reason.AWARD_EXPIRED);
    }

    function _checkTerms(Bundle calldata bundle, Bid calldata bid) private view {
        if (bid.legs.length != bundle.intents.length) _refuse(Step.Bid, Reason.LEG_COUNT);
        if (keccak256(bundle.data) != bid.callDataHash) _refuse(Step.Bid, Reason.WRONG_DATA);
        if (bid.penalty != 0) _refuse(Step.Bid, Reason.PENALTY);
        if (block.timestamp > bid.validUntil) _refuse(Step.Bid, Reason.BID_EXPIRED);
        if (bid.validUntil > block.timestamp + MAX_VALIDITY + CLOCK_LAG) {
            _refuse(Step.Bid, Reason.BID_TOO_LONG);
        }
    }

    function _refuse(Step step, bytes32 reason) private pure {
        revert FillFailed(Fault.Submitter, step, reason);
    }
}
