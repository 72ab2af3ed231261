// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Bundle} from "../../src/Types.sol";
import {PoolExecutor} from "../../src/executors/PoolExecutor.sol";
import {Uniswap} from "../support/Uniswap.sol";

/// @notice What whole transactions cost in which each bundle swaps on a real V3 pool.
contract PoolGasTest is Uniswap {
    PoolExecutor internal pools;

    function setUp() public override {
        super.setUp();
        bytes memory arguments = abi.encode(settlement, registry, solver, owner, v2Router, v3Router);
        pools = PoolExecutor(deployCode("out/PoolExecutor.sol/PoolExecutor.json", arguments));
        addV3Liquidity(address(tokenIn), address(tokenOut), 1e24, 1e12);
        tokenIn.mint(address(pools), 1);
        tokenOut.mint(address(pools), 1);
        tokenOut.mint(receiver, 1);
    }

    /// forge-config: default.isolate = true
    function test_OneBundle() public {
        assertCosts("one bundle with a V3 swap, whole transaction", 1, 251_000);
    }

    /// forge-config: default.isolate = true
    function test_TenBundles() public {
        assertCosts("ten bundles with a V3 swap each, whole transaction", 10, 1_335_000);
    }

    function assertCosts(string memory what, uint256 count, uint256 most) private {
        Bundle[] memory bundles = new Bundle[](count);
        for (uint256 i; i < count; ++i) {
            bundles[i] = aBundle(sign(anIntent()), 95e6, 0);
            bundles[i].data = aSwap();
            bundles[i] = fillIn(bundles[i]);
            bundles[i].bid.executor = address(pools);
            bundles[i] = award(bundles[i]);
        }
        settle(bundles);
        uint256 used = vm.lastCallGas().gasTotalUsed;
        emit log_named_uint(what, used);
        assertEq(tokenOut.balanceOf(receiver), 1 + 95e6 * count);
        assertLe(used, most);
    }

    function aSwap() private view returns (bytes memory) {
        PoolExecutor.Swap[] memory swaps = new PoolExecutor.Swap[](1);
        (swaps[0].venue, swaps[0].amountIn) = (PoolExecutor.Venue.V3, 100e18);
        (swaps[0].tokens, swaps[0].fees) = (new address[](2), new uint24[](1));
        (swaps[0].tokens[0], swaps[0].tokens[1]) = (address(tokenIn), address(tokenOut));
        swaps[0].fees[0] = 3000;
        return abi.encode(swaps);
    }
}
