// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC20, SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Create2} from "@openzeppelin/contracts/utils/Create2.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IV3Pool, IV3SwapCallback} from "./IUniswap.sol";

/// @notice Swaps on Uniswap V3's pools themselves, without their router: no allowance, one transfer less.
abstract contract V3Pools is IV3SwapCallback {
    using SafeERC20 for IERC20;
    using SafeCast for uint256;

    /// @dev Of every pool that Uniswap's factory makes; the router and the quoter rest on it too.
    bytes32 private constant POOL_INIT_CODE_HASH =
        0xe34f199b19b2b4f47f68442619d555527d244f78a3297ea89325f843f87b8b54;
    uint160 private constant LOWEST_PRICE = 4_295_128_740;
    uint160 private constant HIGHEST_PRICE =
        1_461_446_703_485_210_103_287_273_052_203_988_822_378_723_970_341;

    address public immutable V3_FACTORY;
    /// @dev The pool that we are swapping on and have not paid, and what it is owed in.
    address private transient _unpaid;
    IERC20 private transient _tokenIn;

    error NotThePool(address caller);

    constructor(address v3Factory) {
        V3_FACTORY = v3Factory;
    }

    /// @notice Pays the pool that asked, once, from inside our own swap.
    /// @dev A pool of Uniswap's asks only who called it, and for no more than was to go in.
    function uniswapV3SwapCallback(int256 amount0Delta, int256 amount1Delta, bytes calldata) external {
        if (msg.sender != _unpaid) revert NotThePool(msg.sender);
        _unpaid = address(0);
        int256 owed = amount0Delta > 0 ? amount0Delta : amount1Delta;
        // forge-lint: disable-next-line(unsafe-typecast) one of the two is positive, or the swap was of nothing
        _tokenIn.safeTransfer(msg.sender, uint256(owed));
    }

    /// @return amountOut What came of it; with too little in the pool not all of amountIn went in
    function _swapOnV3(address tokenIn, address tokenOut, uint24 fee, uint256 amountIn)
        internal
        returns (uint256 amountOut)
    {
        bool zeroForOne = tokenIn < tokenOut;
        address pool = zeroForOne ? _pool(tokenIn, tokenOut, fee) : _pool(tokenOut, tokenIn, fee);
        (_unpaid, _tokenIn) = (pool, IERC20(tokenIn));
        (int256 amount0, int256 amount1) = IV3Pool(pool)
            .swap(
                address(this), zeroForOne, amountIn.toInt256(), zeroForOne ? LOWEST_PRICE : HIGHEST_PRICE, ""
            );
        return uint256(-(zeroForOne ? amount1 : amount0));
    }

    /// @dev Where the factory puts it (CREATE2), whether it is there or not.
    function _pool(address token0, address token1, uint24 fee) private view returns (address) {
        return
            Create2.computeAddress(
                keccak256(abi.encode(token0, token1, fee)), POOL_INIT_CODE_HASH, V3_FACTORY
            );
    }
}
