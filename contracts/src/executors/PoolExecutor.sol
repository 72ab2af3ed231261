// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC20, SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {FillLeg} from "../Types.sol";
import {Executor} from "./Executor.sol";
import {IV2Router, IV3Router} from "./IUniswap.sol";
import {V3Pools} from "./V3Pools.sol";

/// @title A routing solver's executor
/// @notice Swaps through Uniswap V2 and V3 as the solver's data says, abi.encode(Swap[]): one swap, several side
/// by side, or one after another. What a route yields beyond what is owed stays here for the owner.
contract PoolExecutor is Executor, V3Pools {
    using SafeERC20 for IERC20;

    enum Venue {
        V2,
        V3
    }

    struct Swap {
        Venue venue;
        uint256 amountIn; // PREVIOUS_OUTPUT for all that the swap before yielded
        uint256 minAmountOut;
        address[] tokens; // the path, from tokenIn to tokenOut
        uint24[] fees; // of the V3 pools between them; empty for V2
    }

    uint256 public constant PREVIOUS_OUTPUT = type(uint256).max;
    IV2Router public immutable V2_ROUTER;

    error InvalidPath(uint256 swap, uint256 tokens, uint256 fees);
    error TooLittle(uint256 amountOut, uint256 minAmountOut);

    /// @param v3Router Whose factory's pools are swapped on
    constructor(
        address settlement,
        address registry,
        address solver,
        address owner_,
        address v2Router,
        address v3Router
    ) Executor(settlement, registry, solver, owner_) V3Pools(IV3Router(v3Router).factory()) {
        V2_ROUTER = IV2Router(v2Router);
    }

    function _obtain(FillLeg[] calldata, bytes calldata data) internal override {
        Swap[] calldata swaps = _read(data);
        uint256 output;
        for (uint256 i; i < swaps.length; ++i) {
            Swap calldata swap = swaps[i];
            address[] calldata tokens = swap.tokens;
            uint24[] calldata fees = swap.fees;
            bool isV3 = swap.venue == Venue.V3;
            // V3 has a fee between each token and the next, V2 none.
            bool valid = tokens.length > 1 && (isV3 ? fees.length == tokens.length - 1 : fees.length == 0);
            if (!valid) revert InvalidPath(i, tokens.length, fees.length);
            uint256 amountIn = swap.amountIn;
            if (amountIn == PREVIOUS_OUTPUT) amountIn = output;
            output = isV3
                ? _swapV3(tokens, fees, amountIn, swap.minAmountOut)
                : _swapV2(tokens, amountIn, swap.minAmountOut);
        }
    }

    function _swapV2(address[] calldata tokens, uint256 amountIn, uint256 minAmountOut)
        private
        returns (uint256)
    {
        IERC20(tokens[0]).forceApprove(address(V2_ROUTER), amountIn);
        uint256[] memory amounts = V2_ROUTER.swapExactTokensForTokens(
            amountIn, minAmountOut, tokens, address(this), block.timestamp
        );
        return amounts[amounts.length - 1];
    }

    function _swapV3(
        address[] calldata tokens,
        uint24[] calldata fees,
        uint256 amountIn,
        uint256 minAmountOut
    ) private returns (uint256 amount) {
        amount = amountIn;
        for (uint256 i; i < fees.length; ++i) {
            amount = _swapOnV3(tokens[i], tokens[i + 1], fees[i], amount);
        }
        if (amount < minAmountOut) revert TooLittle(amount, minAmountOut);
    }

    /// @dev abi.decode(data, (Swap[])) where it lies: each access checks its own bounds.
    function _read(bytes calldata data) private pure returns (Swap[] calldata swaps) {
        assembly ("memory-safe") {
            let head := add(data.offset, calldataload(data.offset))
            swaps.offset := add(head, 0x20)
            swaps.length := calldataload(head)
        }
    }
}
