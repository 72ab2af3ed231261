// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {FillLeg} from "../Types.sol";
import {Executor} from "./Executor.sol";

/// @title A market maker's executor
/// @notice Keeps what comes in and pays from what it holds; the owner funds it by plain transfers.
contract InventoryExecutor is Executor {
    constructor(address settlement, address registry, address solver, address owner_)
        Executor(settlement, registry, solver, owner_)
    {}

    /// @dev Nothing to obtain: it is held already, or Settlement can't collect and the fill fails.
    function _obtain(FillLeg[] calldata, bytes calldata) internal override {}
}
