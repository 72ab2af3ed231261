// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Bundle} from "../../src/Types.sol";
import {PayingExecutor} from "../support/PayingExecutor.sol";
import {Venue} from "../support/Venue.sol";

/// @notice What a fill costs, without fees: the inner call with warm tokens (as UniswapX measures), and whole
/// transactions with everything cold. A figure may fall, but must not rise unnoticed.
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
        assertCosts("one bundle, inner call, warm tokens", bundles(1), 132_000, true);
    }

    function test_TwoBundlesInnerCallWarmTokens() public {
        assertCosts("two bundles, inner call, warm tokens", bundles(2), 203_000, true);
    }

    /// forge-config: default.isolate = true
    function test_OneBundleWholeTransaction() public {
        assertCosts("one bundle, whole transaction", bundles(1), 159_000, false);
    }

    /// forge-config: default.isolate = true
    function test_TwoBundlesWholeTransaction() public {
        assertCosts("two bundles, whole transaction", bundles(2), 222_000, false);
    }

    function assertCosts(string memory what, Bundle[] memory bundles_, uint256 most, bool warm) private {
        if (warm) {
            tokenIn.balanceOf(address(paying));
            tokenOut.balanceOf(address(paying));
            tokenOut.balanceOf(receiver);
            tokenIn.allowance(swapper.addr, PERMIT2);
        }
        settle(bundles_);
        uint256 used = vm.lastCallGas().gasTotalUsed;
        emit log_named_uint(what, used);
        assertEq(tokenOut.balanceOf(receiver), 1 + 95e6 * bundles_.length);
        assertLe(used, most);
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
