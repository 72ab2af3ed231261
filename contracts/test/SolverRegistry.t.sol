// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {SolverRegistry} from "../src/SolverRegistry.sol";
import {ISolverRegistry} from "../src/interfaces/ISolverRegistry.sol";
import {Test} from "./support/Test.sol";

contract SolverRegistryTest is Test {
    SolverRegistry internal registry = new SolverRegistry();
    address internal solver = makeAddr("solver");
    address internal key = makeAddr("key");
    address internal nextKey = makeAddr("nextKey");

    function setUp() public {
        vm.warp(1_750_000_000);
    }

    function testFuzz_AnyoneRegisters(address anyone, address anyKey, string calldata endpoint) public {
        vm.assume(anyKey != address(0) && bytes(endpoint).length <= 512);
        vm.expectEmit(address(registry));
        emit ISolverRegistry.SolverRegistered(anyone, anyKey, endpoint);
        vm.prank(anyone);
        registry.register(anyKey, endpoint);
        ISolverRegistry.SolverInfo memory info = registry.solverInfo(anyone);
        assertEq(info.signingKey, anyKey);
        assertEq(info.endpoint, endpoint);
        assertEq(info.registeredAt, block.timestamp);
        assertTrue(registry.isRegistered(anyone));
        assertEq(registry.keyValidUntil(anyone, anyKey), type(uint64).max);
    }

    function test_OnlyOnce() public {
        vm.startPrank(solver);
        registry.register(key, "");
        vm.expectRevert(abi.encodeWithSelector(ISolverRegistry.AlreadyRegistered.selector, solver));
        registry.register(nextKey, "");
    }

    function test_NeedsAKey() public {
        vm.expectRevert(abi.encodeWithSelector(ISolverRegistry.InvalidSigningKey.selector, address(0)));
        registry.register(address(0), "");
    }

    function test_ALongEndpoint() public {
        vm.expectRevert(abi.encodeWithSelector(ISolverRegistry.EndpointTooLong.selector, 513, 512));
        registry.register(key, string(new bytes(513)));
    }

    function testFuzz_ARetiredKeyStaysGoodForAWhile(uint256 later) public {
        vm.startPrank(solver);
        registry.register(key, "");
        uint256 until = block.timestamp + 5 minutes;
        vm.expectEmit(address(registry));
        emit ISolverRegistry.SolverKeyChanged(solver, nextKey, key, until);
        registry.setKey(nextKey);
        skip(bound(later, 0, 1 days));
        assertEq(registry.keyValidUntil(solver, key), until);
        assertEq(registry.keyValidUntil(solver, nextKey), type(uint64).max);
        assertEq(registry.solverInfo(solver).signingKey, nextKey);
    }

    function test_AKeyComesBack() public {
        vm.startPrank(solver);
        registry.register(key, "");
        registry.setKey(nextKey);
        registry.setKey(key);
        assertEq(registry.keyValidUntil(solver, key), type(uint64).max);
        assertEq(registry.keyValidUntil(solver, nextKey), block.timestamp + 5 minutes);
        vm.expectRevert(abi.encodeWithSelector(ISolverRegistry.InvalidSigningKey.selector, key));
        registry.setKey(key);
    }

    function test_LeavingAndComingBack() public {
        vm.startPrank(solver);
        registry.register(key, "https://here");
        vm.expectEmit(address(registry));
        emit ISolverRegistry.SolverDeregistered(solver, key, block.timestamp + 5 minutes);
        registry.deregister();
        assertFalse(registry.isRegistered(solver));
        assertEq(registry.solverInfo(solver).endpoint, "");
        assertEq(registry.keyValidUntil(solver, key), block.timestamp + 5 minutes);
        registry.register(key, "");
        assertEq(registry.keyValidUntil(solver, key), type(uint64).max);
    }

    function test_AnEndpoint() public {
        vm.startPrank(solver);
        registry.register(key, "https://here");
        vm.expectEmit(address(registry));
        emit ISolverRegistry.SolverEndpointChanged(solver, "https://there");
        registry.setEndpoint("https://there");
        assertEq(registry.solverInfo(solver).endpoint, "https://there");
    }

    function test_OnlyForTheRegistered() public {
        bytes memory refusal = abi.encodeWithSelector(ISolverRegistry.NotRegistered.selector, solver);
        vm.startPrank(solver);
        vm.expectRevert(refusal);
        registry.setKey(key);
        vm.expectRevert(refusal);
        registry.setEndpoint("");
        vm.expectRevert(refusal);
        registry.deregister();
    }

    /// @dev A key is a solver's own: naming it does not make it sign for another.
    function testFuzz_KeysAreApart(address other) public {
        vm.assume(other != solver);
        vm.prank(solver);
        registry.register(key, "");
        assertEq(registry.keyValidUntil(other, key), 0);
    }

    function testFuzz_ConsentIsTheExecutorsOwn(address executor, address other) public {
        vm.assume(other != executor);
        vm.expectEmit(address(registry));
        emit ISolverRegistry.ConsentChanged(executor, solver, true);
        vm.prank(executor);
        registry.setConsent(solver, true);
        assertTrue(registry.isConsented(executor, solver));
        assertFalse(registry.isConsented(other, solver));
        (uint64 until, bool consented) = registry.standing(solver, key, executor);
        assertEq(until, 0);
        assertTrue(consented);
        vm.prank(executor);
        registry.setConsent(solver, false);
        assertFalse(registry.isConsented(executor, solver));
    }
}
