// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

import {Bundle, Fault, FillLeg, Step} from "../../src/Types.sol";
import {Executor} from "../../src/executors/Executor.sol";
import {InventoryExecutor} from "../../src/executors/InventoryExecutor.sol";
import {Venue} from "../support/Venue.sol";

contract InventoryExecutorTest is Venue {
    InventoryExecutor internal maker;
    address internal desk = makeAddr("desk");

    function setUp() public override {
        super.setUp();
        maker = InventoryExecutor(
            deployCode(
                "out/InventoryExecutor.sol/InventoryExecutor.json",
                abi.encode(settlement, registry, solver, desk)
            )
        );
    }

    function testFuzz_PaysFromItsInventory(uint256 held) public {
        held = bound(held, 0, 200e6);
        tokenOut.mint(address(maker), held);
        Bundle memory bundle = aBundle();
        bundle.bid.executor = address(maker);
        settle(award(bundle));
        bool paid = held >= 96e6;
        assertEq(tokenOut.balanceOf(receiver), paid ? 95e6 : 0);
        assertEq(tokenOut.balanceOf(address(maker)), paid ? held - 96e6 : held);
        assertEq(tokenIn.balanceOf(address(maker)), paid ? 100e18 : 0);
        assertEq(tokenOut.allowance(address(maker), address(settlement)), 0);
    }

    /// @dev A stranger who registers as a solver can't make it pay, by Settlement's care or by its own.
    function test_NotForAStranger() public {
        tokenOut.mint(address(maker), 1e12);
        vm.prank(address(settlement));
        vm.expectRevert(abi.encodeWithSelector(Executor.NotOurSolver.selector, address(this)));
        maker.onFill(0, address(this), new FillLeg[](0), "");
        vm.expectRevert(abi.encodeWithSelector(Executor.NotSettlement.selector, address(this)));
        maker.onFill(0, solver, new FillLeg[](0), "");
    }

    function test_TheInventoryIsTheOwners() public {
        tokenOut.mint(address(maker), 10);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, address(this)));
        maker.withdraw(tokenOut, desk, 10);
        vm.prank(desk);
        maker.withdraw(tokenOut, desk, 10);
        assertEq(tokenOut.balanceOf(desk), 10);
    }
}
