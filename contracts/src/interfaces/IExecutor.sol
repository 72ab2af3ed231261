// SPDX-License-Identifier: MIT
pragma solidity ^0.8.33;

import {FillLeg} from "../Types.sol";

/// @title What a solver deploys to fill
/// @notice Settlement makes this one call and no other. It has sent each leg's amountIn to the executor
/// before, and pulls each leg's amountOut and fee from it after: approve exactly that, inside the callback.
interface IExecutor {
    /// @notice Turns the inputs into the outputs.
    /// @dev Check that msg.sender is Settlement and that the solver is yours: Settlement calls an executor
    /// only for a solver that the executor has consented to, or for an open fill that it began itself.
    /// What it returns is ignored; what it reverts with is shown up to 32 bytes and never interpreted.
    /// @param bidHash The bid's EIP-712 digest; 0 in an open fill
    /// @param solver Who signed the bid; the executor itself in an open fill
    /// @param legs What came in and what is owed
    /// @param data What the solver bound in the bid by its hash
    function onFill(bytes32 bidHash, address solver, FillLeg[] calldata legs, bytes calldata data) external;
}
