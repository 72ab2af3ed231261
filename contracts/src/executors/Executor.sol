// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IERC20, SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {FillLeg, SignedIntent} from "../Types.sol";
import {IExecutor} from "../interfaces/IExecutor.sol";
import {ISettlement} from "../interfaces/ISettlement.sol";
import {ISolverRegistry} from "../interfaces/ISolverRegistry.sol";

/// @notice What every executor must do: consent to its own solver and no other, answer Settlement alone, and
/// approve exactly what is owed, inside the callback. What is left over is the owner's.
abstract contract Executor is IExecutor, Ownable {
    using SafeERC20 for IERC20;

    ISettlement public immutable SETTLEMENT;
    ISolverRegistry public immutable REGISTRY;
    address public immutable SOLVER;

    error NotSettlement(address caller);
    error NotOurSolver(address solver);

    constructor(address settlement, address registry, address solver, address owner_) Ownable(owner_) {
        SETTLEMENT = ISettlement(settlement);
        REGISTRY = ISolverRegistry(registry);
        SOLVER = solver;
        REGISTRY.setConsent(solver, true);
    }

    /// @inheritdoc IExecutor
    function onFill(bytes32, address solver, FillLeg[] calldata legs, bytes calldata data) external {
        if (msg.sender != address(SETTLEMENT)) revert NotSettlement(msg.sender);
        // Settlement names ourselves only in an open fill that we began.
        if (solver != SOLVER && solver != address(this)) revert NotOurSolver(solver);
        _obtain(legs, data);
        _approve(legs);
    }

    /// @notice For the owner: fills an intent that is open to anyone.
    function fillOpen(SignedIntent calldata signedIntent, uint256 amountOut, bytes calldata data)
        external
        onlyOwner
    {
        SETTLEMENT.fillOpen(signedIntent, amountOut, data);
    }

    /// @notice For the owner: takes back the consent to the solver, or gives it again.
    function setConsent(bool consented) external onlyOwner {
        REGISTRY.setConsent(SOLVER, consented);
    }

    /// @notice For the owner: takes out tokens.
    function withdraw(IERC20 token, address to, uint256 amount) external onlyOwner {
        token.safeTransfer(to, amount);
    }

    /// @dev Turns the legs' inputs into at least what they owe.
    function _obtain(FillLeg[] calldata legs, bytes calldata data) internal virtual;

    /// @dev One approval a token, of the sum of what its legs owe.
    function _approve(FillLeg[] calldata legs) private {
        for (uint256 i; i < legs.length; ++i) {
            address token = legs[i].tokenOut;
            if (_seenBefore(legs, i)) continue;
            uint256 owed;
            for (uint256 j = i; j < legs.length; ++j) {
                if (legs[j].tokenOut == token) owed += legs[j].amountOut + legs[j].fee;
            }
            IERC20(token).forceApprove(address(SETTLEMENT), owed);
        }
    }

    function _seenBefore(FillLeg[] calldata legs, uint256 index) private pure returns (bool) {
        for (uint256 j; j < index; ++j) {
            if (legs[j].tokenOut == legs[index].tokenOut) return true;
        }
        return false;
    }
}
