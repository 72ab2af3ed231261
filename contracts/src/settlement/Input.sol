// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {Fault, FillLeg, Intent, SignedIntent, Step} from "../Types.sol";
import {IPermit2} from "../interfaces/IPermit2.sol";
import {ISettlement} from "../interfaces/ISettlement.sol";
import {Calls} from "../lib/Calls.sol";
import {Reason} from "../lib/Reason.sol";
import {TypedData} from "../lib/TypedData.sol";
import {GasBudget} from "./GasBudget.sol";

/// @notice From a signed intent to its input in the executor's hands.
abstract contract Input is ISettlement, GasBudget {
    /// @notice The most that house and partner may take together, in basis points of amountOut.
    uint256 public constant MAX_FEE_BPS = 1000;
    /// @notice The most that a partner may take, in basis points of minAmountOut.
    uint256 public constant MAX_PARTNER_FEE_BPS = 300;
    uint256 internal constant BPS = 10_000;

    /// @notice The Permit2 that swappers sign for.
    address public immutable PERMIT2;

    bytes32 private immutable PERMIT2_DOMAIN;
    uint256 private immutable DEPLOYED_ON;

    constructor(address permit2) {
        PERMIT2 = permit2;
        PERMIT2_DOMAIN = TypedData.permit2Domain(permit2);
        DEPLOYED_ON = block.chainid;
    }

    /// @dev Checks one leg against what its swapper signed, and pulls its input to the executor.
    /// @param promised The intent that the solver bid for; 0 in an open fill
    /// @param amountOut, fee What the solver bid
    function _take(
        SignedIntent calldata signed,
        bytes32 promised,
        uint256 amountOut,
        uint256 fee,
        address executor
    ) internal returns (FillLeg memory leg) {
        bytes32 witness = TypedData.hash(signed.intent);
        leg.intentHash = _intentDigest(signed, witness);
        // First, since of an intent that isn't the promised one nothing can be held against its swapper.
        if (promised != 0 && promised != leg.intentHash) _refuse(Fault.Submitter, Reason.WRONG_INTENT);
        _checkIntent(signed, amountOut, fee);
        _checkParties(signed, executor);

        leg.tokenIn = signed.token;
        leg.amountIn = signed.amountIn;
        leg.tokenOut = signed.intent.tokenOut;
        leg.amountOut = amountOut;
        leg.fee = fee;

        uint256 before = _balance(signed.token, executor, Step.Pull);
        _pull(signed, witness, executor);
        uint256 held = _balance(signed.token, executor, Step.Pull);
        if (held < before || held - before != signed.amountIn) {
            revert FillFailed(Fault.Token, Step.Pull, Reason.ARRIVED_SHORT);
        }
    }

    function _intentDigest(SignedIntent calldata signed, bytes32 witness) internal view returns (bytes32) {
        bytes32 domain = block.chainid == DEPLOYED_ON ? PERMIT2_DOMAIN : TypedData.permit2Domain(PERMIT2);
        return TypedData.intentDigest(signed, witness, address(this), domain);
    }

    /// @dev Of the signed minimum, so that the fee can be fixed before anyone has bid.
    function _partnerFee(Intent calldata intent) internal pure returns (uint256) {
        uint256 bps = intent.partnerFeeBps;
        if (bps == 0 || intent.partner == address(0)) return 0;
        return Math.mulDiv(intent.minAmountOut, bps, BPS);
    }

    function _balance(address token, address account, Step step) internal view returns (uint256) {
        (bool ok, uint256 balance) = Calls.balanceOf(token, account, BALANCE_GAS);
        if (!ok) revert FillFailed(Fault.Token, step, Reason.NO_BALANCE);
        return balance;
    }

    /// @dev Times and amounts. Permit2 checks the deadline too, but could not say that it was late.
    function _checkIntent(SignedIntent calldata signed, uint256 amountOut, uint256 fee) private view {
        Intent calldata intent = signed.intent;
        if (block.timestamp < intent.validFrom) _refuse(Fault.Submitter, Reason.TOO_EARLY);
        if (block.timestamp > signed.deadline) _refuse(Fault.Submitter, Reason.TOO_LATE);
        if (amountOut < intent.minAmountOut) _refuse(Fault.Submitter, Reason.BELOW_MINIMUM);
        if (intent.partnerFeeBps > MAX_PARTNER_FEE_BPS) _refuse(Fault.Swapper, Reason.PARTNER_FEE_OVER_CAP);
        if (fee != 0 && fee > Math.mulDiv(amountOut, MAX_FEE_BPS, BPS)) {
            _refuse(Fault.Submitter, Reason.FEE_OVER_CAP);
        }
        if (fee < _partnerFee(intent)) _refuse(Fault.Submitter, Reason.FEE_UNDER_PARTNERS);
    }

    function _checkParties(SignedIntent calldata signed, address executor) private view {
        address receiver = signed.intent.receiver;
        address tokenOut = signed.intent.tokenOut;
        if (executor == signed.token || executor == tokenOut) {
            revert FillFailed(Fault.Solver, Step.Executor, Reason.FORBIDDEN_EXECUTOR);
        }
        if (
            receiver == address(0) || receiver == executor || receiver == address(this) || receiver == PERMIT2
                || receiver == signed.token || receiver == tokenOut
        ) _refuse(Fault.Swapper, Reason.FORBIDDEN_RECEIVER);
    }

    function _pull(SignedIntent calldata signed, bytes32 witness, address executor) private {
        // As abi.encodeCall lays it out: of structs whose members are all static, the members. Without them in
        // memory first.
        bytes memory call = abi.encodeWithSelector(
            IPermit2.permitWitnessTransferFrom.selector,
            signed.token,
            signed.amountIn,
            signed.nonce,
            signed.deadline,
            executor,
            signed.amountIn,
            signed.intent.swapper,
            witness,
            TypedData.WITNESS_TYPE_STRING,
            signed.signature
        );
        (bool ok, bytes32 answer,) = Calls.capped(PERMIT2, PULL_GAS, call);
        if (!ok) revert FillFailed(Fault.Swapper, Step.Pull, answer);
    }

    function _refuse(Fault fault, bytes32 reason) private pure {
        revert FillFailed(fault, Step.Intent, reason);
    }
}
