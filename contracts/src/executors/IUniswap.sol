// SPDX-License-Identifier: MIT
pragma solidity ^0.8.33;

/// @notice What is used of Uniswap's V2 Router02.
interface IV2Router {
    function swapExactTokensForTokens(
        uint256 amountIn,
        uint256 amountOutMin,
        address[] calldata path,
        address to,
        uint256 deadline
    ) external returns (uint256[] memory amounts);
}

/// @notice What is used of Uniswap's V3 SwapRouter.
interface IV3Router {
    function factory() external view returns (address);
}

/// @notice What is used of a Uniswap V3 pool.
interface IV3Pool {
    /// @param amountSpecified What goes in, if positive
    /// @return amount0 What the pool got of token0; negative: what it gave
    /// @return amount1 The same of token1
    function swap(
        address recipient,
        bool zeroForOne,
        int256 amountSpecified,
        uint160 sqrtPriceLimitX96,
        bytes calldata data
    ) external returns (int256 amount0, int256 amount1);
}

/// @notice Whom a Uniswap V3 pool asks for what goes in.
interface IV3SwapCallback {
    function uniswapV3SwapCallback(int256 amount0Delta, int256 amount1Delta, bytes calldata data) external;
}
