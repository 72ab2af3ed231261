// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {Bundle, Fault, FillLeg, Leg, SignedIntent, Step} from "../../src/Types.sol";
import {Executor} from "../../src/executors/Executor.sol";
import {IV3SwapCallback} from "../../src/executors/IUniswap.sol";
import {PoolExecutor} from "../../src/executors/PoolExecutor.sol";
import {V3Pools} from "../../src/executors/V3Pools.sol";
import {TestToken} from "../../src/local/TestToken.sol";
import {Uniswap} from "../support/Uniswap.sol";

/// @notice Stands where a pool of Uniswap's would, and wants to be paid twice.
contract GreedyPool {
    function swap(address, bool zeroForOne, int256 amount, uint160, bytes calldata)
        external
        returns (int256, int256)
    {
        (int256 amount0, int256 amount1) = zeroForOne ? (amount, int256(0)) : (int256(0), amount);
        IV3SwapCallback(msg.sender).uniswapV3SwapCallback(amount0, amount1, "");
        IV3SwapCallback(msg.sender).uniswapV3SwapCallback(amount0, amount1, "");
        return (amount0, amount1);
    }
}

/// @notice The routing solver's executor on the real Uniswap V2 and V3.
contract PoolExecutorTest is Uniswap {
    PoolExecutor internal pools;
    TestToken internal middle;
    address internal desk = makeAddr("desk");

    function setUp() public override {
        super.setUp();
        middle = deployToken("MID", 18);
        pools = PoolExecutor(
            deployCode(
                "out/PoolExecutor.sol/PoolExecutor.json",
                abi.encode(settlement, registry, solver, desk, v2Router, v3Router)
            )
        );
        addV2Liquidity(address(tokenIn), address(tokenOut), 1e24, 1e12);
        addV3Liquidity(address(tokenIn), address(tokenOut), 1e24, 1e12);
        addV2Liquidity(address(tokenIn), address(middle), 1e24, 1e24);
        addV3Liquidity(address(middle), address(tokenOut), 1e24, 1e12);
    }

    function test_V2() public {
        address[] memory path = _path(address(tokenIn), address(tokenOut));
        assertFills(_list(swap(PoolExecutor.Venue.V2, 100e18, path)), quoteV2(100e18, path));
    }

    function test_V3() public {
        address[] memory path = _path(address(tokenIn), address(tokenOut));
        uint256 quote = quoteV3(100e18, abi.encodePacked(path[0], uint24(3000), path[1]));
        assertFills(_list(swap(PoolExecutor.Venue.V3, 100e18, path)), quote);
    }

    function testFuzz_Split(uint256 part) public {
        part = bound(part, 1e18, 99e18);
        address[] memory path = _path(address(tokenIn), address(tokenOut));
        PoolExecutor.Swap[] memory swaps = new PoolExecutor.Swap[](2);
        swaps[0] = swap(PoolExecutor.Venue.V2, part, path);
        swaps[1] = swap(PoolExecutor.Venue.V3, 100e18 - part, path);
        uint256 quote =
            quoteV2(part, path) + quoteV3(100e18 - part, abi.encodePacked(path[0], uint24(3000), path[1]));
        assertFills(swaps, quote);
    }

    function test_TwoHopsInOneVenue() public {
        addV2Liquidity(address(middle), address(tokenOut), 1e24, 1e12);
        address[] memory path = new address[](3);
        (path[0], path[1], path[2]) = (address(tokenIn), address(middle), address(tokenOut));
        assertFills(_list(swap(PoolExecutor.Venue.V2, 100e18, path)), quoteV2(100e18, path));

        addV3Liquidity(address(tokenIn), address(middle), 1e24, 1e24);
        bytes memory packed = abi.encodePacked(path[0], uint24(3000), path[1], uint24(3000), path[2]);
        uint256 quote = quoteV3(100e18, packed);
        assertFills(_list(swap(PoolExecutor.Venue.V3, 100e18, path)), quote);
    }

    function test_TwoHopsAcrossVenues() public {
        PoolExecutor.Swap[] memory swaps = new PoolExecutor.Swap[](2);
        address[] memory first = _path(address(tokenIn), address(middle));
        address[] memory second = _path(address(middle), address(tokenOut));
        swaps[0] = swap(PoolExecutor.Venue.V2, 100e18, first);
        swaps[1] = swap(PoolExecutor.Venue.V3, pools.PREVIOUS_OUTPUT(), second);
        middle.mint(address(pools), 5); // what the desk left there stays
        uint256 quote = quoteV3(quoteV2(100e18, first), abi.encodePacked(second[0], uint24(3000), second[1]));
        assertFills(swaps, quote);
        assertEq(middle.balanceOf(address(pools)), 5);
    }

    function test_SeveralLegsInOneCallback() public {
        Bundle memory bundle;
        bundle.intents = new SignedIntent[](2);
        bundle.bid.legs = new Leg[](2);
        for (uint256 i; i < 2; ++i) {
            bundle.intents[i] = sign(anIntent());
            bundle.bid.legs[i] = aLeg(bundle.intents[i], 95e6, 1e6);
        }
        address[] memory path = _path(address(tokenIn), address(tokenOut));
        bundle.data = abi.encode(_list(swap(PoolExecutor.Venue.V3, 200e18, path)));
        bundle = fillIn(bundle);
        bundle.bid.executor = address(pools);
        settle(award(bundle));
        assertEq(tokenOut.balanceOf(receiver), 190e6);
        assertEq(tokenOut.allowance(address(pools), address(settlement)), 0);
    }

    function test_APoolThatYieldsTooLittle() public {
        address[] memory path = _path(address(tokenIn), address(tokenOut));
        PoolExecutor.Swap[] memory swaps = _list(swap(PoolExecutor.Venue.V2, 100e18, path));
        swaps[0].minAmountOut = quoteV2(100e18, path) + 1;
        settleFails(
            bundleOver(swaps, 95e6, 0),
            Fault.Solver,
            Step.Callback,
            bytes32(abi.encodeWithSignature("Error(string)", 32))
        );
        swaps[0].minAmountOut = 0;
        settleFails(
            bundleOver(swaps, quoteV2(100e18, path) + 1, 0),
            Fault.Solver,
            Step.Payout,
            // ERC20InsufficientBalance(executor, …)
            bytes32(bytes.concat(bytes4(0xe450d38c), bytes12(0), bytes16(bytes20(address(pools)))))
        );
    }

    function test_AV3PoolThatYieldsTooLittle() public {
        address[] memory path = _path(address(tokenIn), address(tokenOut));
        PoolExecutor.Swap[] memory swaps = _list(swap(PoolExecutor.Venue.V3, 100e18, path));
        uint256 quote = quoteV3(100e18, abi.encodePacked(path[0], uint24(3000), path[1]));
        tokenOut.mint(address(pools), 1e12); // what the desk left there makes up for nothing
        swaps[0].minAmountOut = quote + 1;
        bytes32 reason = bytes32(PoolExecutor.TooLittle.selector);
        settleFails(bundleOver(swaps, 95e6, 0), Fault.Solver, Step.Callback, reason);
        swaps[0].minAmountOut = quote;
        settle(bundleOver(swaps, 95e6, 0));
        assertEq(tokenOut.balanceOf(receiver), 95e6);
    }

    /// @dev Nobody but the pool that it swaps on gets anything by asking, the real pools included.
    function test_PaysNoPoolThatItDoesNotSwapOn() public {
        tokenIn.mint(address(pools), 1e18);
        address pool = v3Pool(address(tokenIn), address(tokenOut));
        address[2] memory askers = [address(this), pool];
        for (uint256 i; i < 2; ++i) {
            vm.prank(askers[i]);
            vm.expectRevert(abi.encodeWithSelector(V3Pools.NotThePool.selector, askers[i]));
            pools.uniswapV3SwapCallback(1e18, 1e18, "");
        }
    }

    function test_PaysAPoolOnce() public {
        tokenIn.mint(address(pools), 1e24);
        address pool = v3Pool(address(tokenIn), address(tokenOut));
        vm.etch(pool, address(new GreedyPool()).code);
        PoolExecutor.Swap[] memory swaps =
            _list(swap(PoolExecutor.Venue.V3, 100e18, _path(address(tokenIn), address(tokenOut))));
        bytes32 reason =
            bytes32(bytes.concat(V3Pools.NotThePool.selector, bytes12(0), bytes16(bytes20(pool))));
        settleFails(bundleOver(swaps, 95e6, 0), Fault.Solver, Step.Callback, reason);
    }

    /// @dev An amount that a pool would read as negative, and so as what is to come out.
    function test_AnAmountThatNoPoolTakes() public {
        PoolExecutor.Swap[] memory swaps =
            _list(swap(PoolExecutor.Venue.V3, 1 << 255, _path(address(tokenIn), address(tokenOut))));
        bytes32 reason = bytes32(bytes.concat(SafeCast.SafeCastOverflowedUintToInt.selector, hex"80"));
        settleFails(bundleOver(swaps, 95e6, 0), Fault.Solver, Step.Callback, reason);
    }

    function test_InvalidPaths() public {
        address[] memory path = _path(address(tokenIn), address(tokenOut));
        PoolExecutor.Swap[] memory swaps = _list(swap(PoolExecutor.Venue.V3, 100e18, path));
        swaps[0].fees = new uint24[](2);
        bytes32 reason = bytes32(PoolExecutor.InvalidPath.selector);
        settleFails(bundleOver(swaps, 95e6, 0), Fault.Solver, Step.Callback, reason);
        swaps[0].tokens = new address[](0);
        settleFails(bundleOver(swaps, 95e6, 0), Fault.Solver, Step.Callback, reason);
    }

    function test_OnlySettlementCalls() public {
        vm.expectRevert(abi.encodeWithSelector(Executor.NotSettlement.selector, address(this)));
        pools.onFill(0, solver, new FillLeg[](0), "");
    }

    function test_OnlyForItsOwnSolver() public {
        vm.prank(address(settlement));
        vm.expectRevert(abi.encodeWithSelector(Executor.NotOurSolver.selector, address(this)));
        pools.onFill(0, address(this), new FillLeg[](0), "");
    }

    function test_OpenFillsForTheOwner() public {
        SignedIntent memory signed = anIntent();
        signed.intent.openAfter = block.timestamp - 1;
        signed = sign(signed);
        address[] memory path = _path(address(tokenIn), address(tokenOut));
        bytes memory data = abi.encode(_list(swap(PoolExecutor.Venue.V2, 100e18, path)));
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, address(this)));
        pools.fillOpen(signed, 90e6, data);
        vm.prank(desk);
        pools.fillOpen(signed, 90e6, data);
        assertEq(tokenOut.balanceOf(receiver), 90e6);
    }

    function test_TheSurplusIsTheOwners() public {
        test_V2();
        uint256 surplus = tokenOut.balanceOf(address(pools));
        assertGt(surplus, 0);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, address(this)));
        pools.withdraw(tokenOut, desk, surplus);
        vm.prank(desk);
        pools.withdraw(tokenOut, desk, surplus);
        assertEq(tokenOut.balanceOf(desk), surplus);
    }

    function test_ConsentIsTheOwnersToTakeBack() public {
        assertTrue(registry.isConsented(address(pools), solver));
        vm.prank(desk);
        pools.setConsent(false);
        assertFalse(registry.isConsented(address(pools), solver));
    }

    /// @dev All that the route is quoted at but 100 wei goes to the receiver; the rest stays.
    function assertFills(PoolExecutor.Swap[] memory swaps, uint256 quote) private {
        uint256 received = tokenOut.balanceOf(receiver);
        uint256 kept = tokenOut.balanceOf(address(pools));
        settle(bundleOver(swaps, quote - 100, 0));
        assertEq(tokenOut.balanceOf(receiver) - received, quote - 100);
        assertEq(tokenOut.balanceOf(address(pools)) - kept, 100);
        assertEq(tokenIn.balanceOf(address(pools)), 0);
        for (uint256 i; i < 2; ++i) {
            address router = i == 0 ? v2Router : v3Router;
            assertEq(tokenIn.allowance(address(pools), router), 0);
            assertEq(middle.allowance(address(pools), router), 0);
        }
    }

    function bundleOver(PoolExecutor.Swap[] memory swaps, uint256 amountOut, uint256 fee)
        private
        returns (Bundle memory bundle)
    {
        bundle = aBundle(sign(anIntent()), amountOut, fee);
        bundle.data = abi.encode(swaps);
        bundle = fillIn(bundle);
        bundle.bid.executor = address(pools);
        bundle.bid.gasLimit = 500_000;
        return award(bundle);
    }

    function swap(PoolExecutor.Venue venue, uint256 amountIn, address[] memory tokens)
        private
        pure
        returns (PoolExecutor.Swap memory)
    {
        uint24[] memory fees = new uint24[](venue == PoolExecutor.Venue.V3 ? tokens.length - 1 : 0);
        for (uint256 i; i < fees.length; ++i) {
            fees[i] = 3000;
        }
        return PoolExecutor.Swap(venue, amountIn, 0, tokens, fees);
    }

    function _list(PoolExecutor.Swap memory only) private pure returns (PoolExecutor.Swap[] memory swaps) {
        swaps = new PoolExecutor.Swap[](1);
        swaps[0] = only;
    }

    function _path(address from, address to) private pure returns (address[] memory path) {
        path = new address[](2);
        (path[0], path[1]) = (from, to);
    }
}
