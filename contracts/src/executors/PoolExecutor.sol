// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC20, SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {FillLeg} from "../Types.sol";
import {Executor} from "./Executor.sol";
import {IV2Router, IV3Router} from "./IUniswapRouters.sol";

/// @title A routing solver's executor
/// @notice Swaps through Uniswap V2 and V3 as the solver's data says, abi.encode(Swap[]): one swap, several side
/// by side, or one after another. What a route yields beyond what is owed stays here for the owner.
contract PoolExecutor is Executor {
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
    IV3Router public immutable V3_ROUTER;

    error InvalidPath(uint256 swap, uint256 tokens, uint256 fees);

    constructor(
        address settlement,
        address registry,
        address solver,
        address owner_,
        address v2Router,
        address v3Router
    ) Executor(settlement, registry, solver, owner_) {
        V2_ROUTER = IV2Router(v2Router);
        V3_ROUTER = IV3Router(v3Router);
    }

    function _obtain(FillLeg[] calldata, bytes calldata data) internal override {
        Swap[] memory swaps = abi.decode(data, (Swap[]));
        uint256 output;
        for (uint256 i; i < swaps.length; ++i) {
            Swap memory swap = swaps[i];
            bool isV3 = swap.venue == Venue.V3;
            uint256 fees = swap.fees.length;
            // V3 has a fee between each token and the next, V2 none.
            bool valid = swap.tokens.length > 1 && (isV3 ? fees == swap.tokens.length - 1 : fees == 0);
            if (!valid) revert InvalidPath(i, swap.tokens.length, fees);
            uint256 amountIn = swap.amountIn == PREVIOUS_OUTPUT ? output : swap.amountIn;
            output = isV3 ? _swapV3(swap, amountIn) : _swapV2(swap, amountIn);
        }
    }

    function _swapV2(Swap memory swap, uint256 amountIn) private returns (uint256) {
        IERC20(swap.tokens[0]).forceApprove(address(V2_ROUTER), amountIn);
        uint256[] memory amounts = V2_ROUTER.swapExactTokensForTokens(
            amountIn, swap.minAmountOut, swap.tokens, address(this), block.timestamp
        );
        return amounts[amounts.length - 1];
    }

    function _swapV3(Swap memory swap, uint256 amountIn) private returns (uint256) {
        IERC20(swap.tokens[0]).forceApprove(address(V3_ROUTER), amountIn);
        bytes memory path = abi.encodePacked(swap.tokens[0]);
        for (uint256 i; i < swap.fees.length; ++i) {
            path = abi.encodePacked(path, swap.fees[i], swap.tokens[i + 1]);
        }
        return V3_ROUTER.exactInput(
            IV3Router.ExactInputParams({
                path: path,
                recipient: address(this),
                deadline: block.timestamp,
                amountIn: amountIn,
                amountOutMinimum: swap.minAmountOut
            })
        );
    }
}
