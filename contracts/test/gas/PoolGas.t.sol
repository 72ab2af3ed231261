// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Bundle, SignedIntent} from "../../src/Types.sol";
import {PoolExecutor} from "../../src/executors/PoolExecutor.sol";
import {Uniswap} from "../support/Uniswap.sol";

/// @notice What whole transactions cost in which each bundle swaps on a real V3 pool that was traded before.
/// snapshots/fills.json has the figures; one that moved fails.
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
        settle(bundles(1));
    }

    /// forge-config: default.isolate = true
    function test_OneBundle() public {
        settleAndNote("one bundle with a V3 swap, whole transaction", 1);
    }

    /// forge-config: default.isolate = true
    function test_TenBundles() public {
        settleAndNote("ten bundles with a V3 swap each, whole transaction", 10);
    }

    function settleAndNote(string memory what, uint256 count) private {
        uint256 held = tokenOut.balanceOf(receiver);
        settle(bundles(count));
        vm.snapshotGasLastCall("fills", what);
        assertEq(tokenOut.balanceOf(receiver), held + 95e6 * count);
    }

    function bundles(uint256 count) private returns (Bundle[] memory list) {
        list = new Bundle[](count);
        for (uint256 i; i < count; ++i) {
            SignedIntent memory signed = anIntent();
            signed.nonce <<= 8; // in a word of its own
            list[i] = aBundle(sign(signed), 95e6, 0);
            list[i].data = aSwap();
            list[i] = fillIn(list[i]);
            list[i].bid.executor = address(pools);
            list[i] = award(list[i]);
        }
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
