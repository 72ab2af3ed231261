// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {FillLeg} from "../../src/Types.sol";
import {IExecutor} from "../../src/interfaces/IExecutor.sol";
import {ISolverRegistry} from "../../src/interfaces/ISolverRegistry.sol";

/// @notice The least that an executor can do, as UniswapX's mock filler: holds the output, approves in the
/// callback.
contract PayingExecutor is IExecutor {
    address private immutable SETTLEMENT;

    constructor(address settlement, address registry, address solver) {
        SETTLEMENT = settlement;
        ISolverRegistry(registry).setConsent(solver, true);
    }

    function onFill(bytes32, address, FillLeg[] calldata legs, bytes calldata) external {
        for (uint256 i; i < legs.length; ++i) {
            IERC20(legs[i].tokenOut).approve(SETTLEMENT, legs[i].amountOut + legs[i].fee);
        }
    }
}
