// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Bundle, SignedIntent} from "../Types.sol";

/// @notice What each step may burn, and from that what a frame is given. A CALL silently hands on less than
/// asked when the gas is short, so there is a check before each frame and one before its callback; that no
/// capped call inside a frame is ever cut short follows from the sums here.
abstract contract GasBudget {
    /// @notice Of Permit2's permitWitnessTransferFrom, a contract wallet's isValidSignature within.
    uint256 public constant PULL_GAS = 200_000;
    /// @notice Of the transfer to the receiver.
    uint256 public constant PAYOUT_GAS = 100_000;
    /// @notice Of each transfer of a fee: one to the partner, one to the house.
    uint256 public constant FEE_GAS = 60_000;
    /// @notice Of the one probe that a leg may need: a transfer like a payout, in a frame of its own.
    uint256 public constant PROBE_GAS = 110_000;
    /// @notice Of one balanceOf; a leg takes four.
    uint256 public constant BALANCE_GAS = 25_000;
    /// @notice Our own work for a leg, before and after the callback together.
    uint256 public constant LEG_OVERHEAD = 50_000;
    /// @notice Our own work for a frame.
    uint256 public constant FRAME_OVERHEAD = 80_000;
    /// @notice Kept for each bundle from this one on, to tell of it in an event.
    uint256 public constant TAIL_GAS = 8_000;

    /// @notice What settle itself takes before its first bundle.
    uint256 public constant ENTRY_OVERHEAD = 20_000;

    uint256 public constant MAX_LEGS = 8;
    uint256 public constant MAX_CALLBACK_GAS = 5_000_000;
    uint256 public constant MAX_DATA_BYTES = 16_384;
    uint256 public constant MAX_SIGNATURE_BYTES = 8_192;

    uint256 private constant PAYOUT_LEG_GAS =
        PAYOUT_GAS + 2 * FEE_GAS + PROBE_GAS + 2 * BALANCE_GAS + LEG_OVERHEAD / 2;
    uint256 private constant PULL_LEG_GAS = PULL_GAS + 2 * BALANCE_GAS + LEG_OVERHEAD / 2;

    /// @notice The gas that a frame is given, to the unit.
    function frameGas(uint256 legs, uint256 callbackGas) public pure returns (uint256) {
        return FRAME_OVERHEAD + legs * (PULL_LEG_GAS + PAYOUT_LEG_GAS) + callbackGas;
    }

    /// @dev What must be left before the callback, for it and all that comes after it.
    function _callbackAndAfter(uint256 legs, uint256 callbackGas) internal pure returns (uint256) {
        return legs * PAYOUT_LEG_GAS + callbackGas;
    }

    /// @dev Whether a bundle keeps to the caps that the sums here rest on.
    function _withinCaps(Bundle calldata bundle) internal pure returns (bool) {
        SignedIntent[] calldata intents = bundle.intents;
        uint256 legs = intents.length;
        if (legs == 0 || legs > MAX_LEGS || bundle.bid.gasLimit > MAX_CALLBACK_GAS) return false;
        if (bundle.data.length > MAX_DATA_BYTES) return false;
        for (uint256 i; i < legs; ++i) {
            if (intents[i].signature.length > MAX_SIGNATURE_BYTES) return false;
        }
        return true;
    }

    /// @dev What must be left to copy a bundle of this size, give it its frame, and tell of it and the rest.
    function _needed(uint256 budget, uint256 size, uint256 bundlesLeft) internal pure returns (uint256) {
        unchecked {
            // Within the caps nothing here comes near an overflow.
            uint256 words = size / 32 + 3;
            uint256 copying = 6 * words + words * words / 512;
            return budget + budget / 63 + 1 + copying + TAIL_GAS * bundlesLeft;
        }
    }

    /// @param bundle The one at this index
    /// @dev The length of a bundle's encoding: up to the next one's, or to the end of the calldata.
    function _size(Bundle[] calldata bundles, Bundle calldata bundle, uint256 index)
        internal
        pure
        returns (bool ok, uint256 size)
    {
        assembly ("memory-safe") {
            let end := calldatasize()
            let next := add(index, 1)
            if lt(next, bundles.length) {
                end := add(bundles.offset, calldataload(add(bundles.offset, mul(next, 0x20))))
            }
            ok := and(lt(bundle, end), iszero(gt(end, calldatasize())))
            size := sub(end, bundle)
        }
    }
}
