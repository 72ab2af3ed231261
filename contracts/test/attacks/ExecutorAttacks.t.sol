// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Bundle, Fault, Role, SignedIntent, Step} from "../../src/Types.sol";
import {IAdministration} from "../../src/interfaces/IAdministration.sol";
import {ISettlement} from "../../src/interfaces/ISettlement.sol";
import {Reason} from "../../src/lib/Reason.sol";
import {ScriptedExecutor} from "../support/ScriptedExecutor.sol";
import {Venue} from "../support/Venue.sol";

/// @notice What a solver may try by its choice of executor, and what the executor may try when called.
contract ExecutorAttacksTest is Venue {
    /// @dev Settlement is the spender that swappers sign for: a call of the solver's choice into Permit2 could
    /// spend another swapper's permit. Consent alone is made to pass here.
    function test_ExecutorIsPermit2() public {
        assertForbidden(PERMIT2);
    }

    function test_ExecutorIsSettlement() public {
        assertForbidden(address(settlement));
    }

    function test_ExecutorIsTheRegistry() public {
        assertForbidden(address(registry));
    }

    function test_ExecutorIsATokenOfTheLegs() public {
        assertForbidden(address(tokenIn));
        assertForbidden(address(tokenOut));
    }

    function test_ExecutorIsAnAccountWithoutCode() public {
        address account = makeAddr("account");
        vm.prank(account);
        registry.setConsent(solver, true);
        settleFails(aBundleWith(account), Fault.Solver, Step.Executor, Reason.NO_CODE);
    }

    /// @dev A market maker's executor that trusts its caller would pay for a stranger's junk.
    function test_AStrangersExecutor() public {
        ScriptedExecutor makers = new ScriptedExecutor(address(settlement), address(registry));
        makers.setConsent(makeAddr("maker"), true);
        tokenOut.mint(address(makers), 1e12);
        settleFails(aBundleWith(address(makers)), Fault.Solver, Step.Executor, Reason.NO_CONSENT);
        assertEq(tokenOut.balanceOf(address(makers)), 1e12);
        assertEq(makers.calls(), 0);
    }

    function test_ConsentTakenBack() public {
        Bundle memory bundle = aBundle();
        executor.setConsent(solver, false);
        settleFails(bundle, Fault.Solver, Step.Executor, Reason.NO_CONSENT);
    }

    /// @dev One payment must not count for two orders, so nothing is entered while a fill runs.
    function test_NestedOpenFill() public {
        SignedIntent memory open = anIntent();
        open.intent.openAfter = block.timestamp - 1;
        open = sign(open);
        ScriptedExecutor accomplice = new ScriptedExecutor(address(settlement), address(registry));
        tokenOut.mint(address(accomplice), 1e12);
        assertNestedRefused(address(accomplice), abi.encodeCall(accomplice.fillOpen, (open, 95e6, "")));
        assertEq(tokenOut.balanceOf(receiver), 0);
    }

    function test_NestedSettle() public {
        vm.prank(owner);
        settlement.grantRole(Role.Submitter, address(executor));
        skip(1 days);
        Bundle[] memory bundles = _one(aBundle());
        assertNestedRefused(address(settlement), abi.encodeCall(settlement.settle, (bundles)));
        assertEq(tokenOut.balanceOf(receiver), 0);
    }

    function test_NestedAdministration() public {
        vm.prank(owner);
        settlement.transferOwnership(address(executor));
        vm.prank(address(executor));
        settlement.acceptOwnership();
        bytes[7] memory calls = [
            abi.encodeCall(settlement.grantRole, (Role.Submitter, address(this))),
            abi.encodeCall(settlement.revokeRole, (Role.Submitter, submitter)),
            abi.encodeCall(settlement.pause, ()),
            abi.encodeCall(settlement.unpause, ()),
            abi.encodeCall(settlement.setFeeRecipient, (address(this))),
            abi.encodeCall(settlement.transferOwnership, (address(this))),
            abi.encodeCall(settlement.acceptOwnership, ())
        ];
        for (uint256 i; i < calls.length; ++i) {
            assertNestedRefused(address(settlement), calls[i]);
        }
    }

    function test_FramesAndProbesAreOurOwn() public {
        bytes memory refusal = abi.encodeWithSelector(ISettlement.OnlySelf.selector, address(this));
        Bundle memory bundle = aBundle();
        vm.expectRevert(refusal);
        settlement.frame(bundle);
        vm.expectRevert(refusal);
        settlement.probe(address(tokenOut), address(executor), 1);
    }

    /// @dev What an executor reverts with is shown, cut to 32 bytes, and decides nothing.
    function test_SpoofedFaultData() public {
        bytes memory spoof = abi.encodeWithSelector(
            ISettlement.FillFailed.selector, Fault.Swapper, Step.Pull, bytes32("mine")
        );
        executor.script(ScriptedExecutor.Act.Revert, address(0), spoof);
        settleFails(aBundle(), Fault.Solver, Step.Callback, bytes32(spoof));
    }

    function testFuzz_WhateverTheExecutorRevertsWithIsTheSolvers(bytes memory data) public {
        executor.script(ScriptedExecutor.Act.Revert, address(0), data);
        settleFails(aBundle(), Fault.Solver, Step.Callback, bytes32(data));
    }

    function test_AMegabyteOfRevertData() public {
        executor.script(ScriptedExecutor.Act.RevertAtLength, address(0), "");
        Bundle memory bundle = aBundle();
        bundle.bid.gasLimit = 2_300_000; // it takes 2.2 million to revert with it
        settleFails(award(bundle), Fault.Solver, Step.Callback, 0);
    }

    function assertForbidden(address executor_) private {
        vm.prank(executor_);
        registry.setConsent(solver, true);
        settleFails(aBundleWith(executor_), Fault.Solver, Step.Executor, Reason.FORBIDDEN_EXECUTOR);
    }

    function assertNestedRefused(address target, bytes memory call) private {
        executor.script(ScriptedExecutor.Act.Call, target, call);
        bytes32 reason = bytes32(IAdministration.Reentered.selector);
        Bundle memory bundle = aBundle();
        bundle.bid.gasLimit = 1_000_000;
        settleFails(award(bundle), Fault.Solver, Step.Callback, reason);
    }

    function aBundleWith(address executor_) private returns (Bundle memory bundle) {
        bundle = aBundle();
        bundle.bid.executor = executor_;
        return award(bundle);
    }
}
