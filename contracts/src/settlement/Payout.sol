// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Fault, FillLeg, Intent, Step} from "../Types.sol";
import {Calls} from "../lib/Calls.sol";
import {Reason} from "../lib/Reason.sol";
import {Administration} from "./Administration.sol";
import {Input} from "./Input.sol";

/// @notice From the executor's hands to receiver, partner and house.
abstract contract Payout is Input, Administration {
    /// @dev Pulls what a leg owes from the executor, and tells of the fill.
    function _pay(Intent calldata intent, FillLeg memory leg, bytes32 bid, address solver, address executor)
        internal
    {
        uint256 amountOut = _payReceiver(leg.tokenOut, executor, intent.receiver, leg.amountOut);
        uint256 fee = leg.fee == 0 ? 0 : _payFees(intent, leg, executor);
        emit Fill(
            leg.intentHash,
            bid,
            intent.swapper,
            solver,
            leg.tokenIn,
            leg.amountIn,
            leg.tokenOut,
            amountOut,
            fee
        );
    }

    /// @notice Answers by reverting whether the executor could pay us. Only the contract itself calls it.
    function probe(address token, address executor, uint256 amount) external {
        if (msg.sender != address(this)) revert OnlySelf(msg.sender);
        (bool ok,) = Calls.transferFrom(token, executor, address(this), amount, PAYOUT_GAS);
        revert Probed(ok);
    }

    /// @return arrived What the receiver's balance rose by around this one transfer
    function _payReceiver(address token, address executor, address receiver, uint256 amount)
        private
        returns (uint256 arrived)
    {
        uint256 before = _balance(token, receiver, Step.Payout);
        (bool ok, bytes32 answer) = Calls.transferFrom(token, executor, receiver, amount, PAYOUT_GAS);
        if (!ok) {
            Fault fault = _canPay(token, executor, amount) ? Fault.Receiver : Fault.Solver;
            revert FillFailed(fault, Step.Payout, answer);
        }
        uint256 after_ = _balance(token, receiver, Step.Payout);
        if (after_ < before || after_ - before < amount) {
            revert FillFailed(Fault.Token, Step.Payout, Reason.ARRIVED_SHORT);
        }
        return after_ - before;
    }

    /// @dev The partner first, then the house. A recipient that can't be paid is skipped once the executor is
    /// shown to be able to pay all that is owed from there on, so one probe does for both.
    function _payFees(Intent calldata intent, FillLeg memory leg, address executor)
        private
        returns (uint256 paid)
    {
        uint256 partnerFee = _partnerFee(intent);
        uint256 houseFee = leg.fee - partnerFee;
        bool probed;
        if (partnerFee > 0) {
            probed = _payFee(leg, executor, intent.partner, partnerFee, leg.fee);
            if (!probed) paid = partnerFee;
        }
        if (houseFee > 0 && !_payFee(leg, executor, feeRecipient, houseFee, probed ? 0 : houseFee)) {
            paid += houseFee;
        }
    }

    /// @param owed What the executor must be able to pay if this transfer fails; 0 if that was shown
    /// @return skipped Whether the recipient could not be paid
    function _payFee(FillLeg memory leg, address executor, address recipient, uint256 amount, uint256 owed)
        private
        returns (bool skipped)
    {
        (bool ok, bytes32 answer) = Calls.transferFrom(leg.tokenOut, executor, recipient, amount, FEE_GAS);
        if (ok) return false;
        if (owed > 0 && !_canPay(leg.tokenOut, executor, owed)) {
            revert FillFailed(Fault.Solver, Step.Fee, answer);
        }
        emit FeeSkipped(leg.intentHash, recipient, amount);
        return true;
    }

    /// @dev A token with hooks, or one that burns gas, can fool any probe.
    function _canPay(address token, address executor, uint256 amount) private returns (bool) {
        (bool ok, bytes32 selector, uint256 size) =
            Calls.capped(address(this), PROBE_GAS, abi.encodeCall(this.probe, (token, executor, amount)));
        // forge-lint: disable-next-line(unsafe-typecast) a selector is the first four bytes
        if (ok || size != 36 || bytes4(selector) != Probed.selector) return false;
        uint256 answer;
        assembly ("memory-safe") {
            returndatacopy(0x00, 0x04, 0x20)
            answer := mload(0x00)
        }
        return answer == 1;
    }
}
