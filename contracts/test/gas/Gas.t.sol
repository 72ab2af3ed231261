// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Bundle} from "../../src/Types.sol";
import {PayingExecutor} from "../support/PayingExecutor.sol";
import {Venue} from "../support/Venue.sol";

/// @notice What a fill costs, without fees: the inner call with warm tokens (as UniswapX measures), and whole
/// transactions with everything cold. snapshots/fills.json has the figures; one that moved fails.
contract GasTest is Venue {
    PayingExecutor internal paying;

    function setUp() public override {
        super.setUp();
        paying = new PayingExecutor(address(settlement), address(registry), solver);
        tokenOut.mint(address(paying), 1e30);
        tokenOut.mint(receiver, 1);
        tokenIn.mint(address(paying), 1);
    }

    function test_OneBundleInnerCallWarmTokens() public {
        settleAndNote("one bundle, inner call, warm tokens", bundles(1), true);
    }

    function test_TwoBundlesInnerCallWarmTokens() public {
        settleAndNote("two bundles, inner call, warm tokens", bundles(2), true);
    }

    /// forge-config: default.isolate = true
    function test_OneBundleWholeTransaction() public {
        settleAndNote("one bundle, whole transaction", bundles(1), false);
    }

    /// forge-config: default.isolate = true
    function test_TwoBundlesWholeTransaction() public {
        settleAndNote("two bundles, whole transaction", bundles(2), false);
    }

    function settleAndNote(string memory what, Bundle[] memory bundles_, bool warm) private {
        if (warm) {
            tokenIn.balanceOf(address(paying));
            tokenOut.balanceOf(address(paying));
            tokenOut.balanceOf(receiver);
            tokenIn.allowance(swapper.addr, PERMIT2);
        }
        settle(bundles_);
        vm.snapshotGasLastCall("fills", what);
        assertEq(tokenOut.balanceOf(receiver), 1 + 95e6 * bundles_.length);
    }

    function bundles(uint256 count) private returns (Bundle[] memory list) {
        list = new Bundle[](count);
        for (uint256 i; i < count; ++i) {
            list[i] = aBundle(sign(anIntent()), 95e6, 0);
            list[i].bid.executor = address(paying);
            list[i] = award(list[i]);
        }
    }
}
