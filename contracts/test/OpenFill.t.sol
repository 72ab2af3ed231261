// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Fault, FillLeg, SignedIntent, Step} from "../src/Types.sol";
import {IAdministration} from "../src/interfaces/IAdministration.sol";
import {ISettlement} from "../src/interfaces/ISettlement.sol";
import {Reason} from "../src/lib/Reason.sol";
import {ScriptedExecutor} from "./support/ScriptedExecutor.sol";
import {Venue} from "./support/Venue.sol";

/// @notice After openAfter anyone may fill, as its own executor.
contract OpenFillTest is Venue {
    ScriptedExecutor internal stranger;

    function setUp() public override {
        super.setUp();
        stranger = new ScriptedExecutor(address(settlement), address(registry));
        tokenOut.mint(address(stranger), 1e30);
    }

    function test_AnyoneFills() public {
        SignedIntent memory signed = anOpenIntent();
        bytes32 hash = settlement.intentHash(signed);
        vm.expectEmit(address(settlement));
        emit ISettlement.Fill(
            hash, 0, swapper.addr, address(stranger), address(tokenIn), 100e18, address(tokenOut), 90e6, 0
        );
        stranger.fillOpen(signed, 90e6, "data");
        assertEq(tokenOut.balanceOf(receiver), 90e6);
        assertEq(tokenIn.balanceOf(address(stranger)), 100e18);
        FillLeg[] memory legs = new FillLeg[](1);
        legs[0] = FillLeg(hash, address(tokenIn), 100e18, address(tokenOut), 90e6, 0);
        assertEq(stranger.seen(), keccak256(abi.encode(bytes32(0), address(stranger), legs, bytes("data"))));
    }

    function test_ThePartnerIsPaidOnTop() public {
        SignedIntent memory signed = anOpenIntent();
        (signed.intent.partner, signed.intent.partnerFeeBps) = (partner, 100);
        stranger.fillOpen(sign(signed), 95e6, "");
        assertEq(tokenOut.balanceOf(receiver), 95e6);
        assertEq(tokenOut.balanceOf(partner), 900_000);
        assertEq(tokenOut.balanceOf(feeRecipient), 0);
    }

    function test_StrictlyAfterOpenAfter() public {
        SignedIntent memory signed = anIntent();
        signed.intent.openAfter = block.timestamp;
        signed = sign(signed);
        expectRefusal(Fault.Submitter, Reason.NOT_OPEN);
        stranger.fillOpen(signed, 90e6, "");
        skip(1);
        stranger.fillOpen(signed, 90e6, "");
    }

    function testFuzz_TheDeadlineMeansNever(uint256 time) public {
        SignedIntent memory signed = sign(anIntent());
        time = bound(time, block.timestamp, signed.deadline + 1 days);
        vm.warp(time);
        expectRefusal(Fault.Submitter, time > signed.deadline ? Reason.TOO_LATE : Reason.NOT_OPEN);
        stranger.fillOpen(signed, 90e6, "");
    }

    function test_NotAfterTheDeadline() public {
        SignedIntent memory signed = anOpenIntent();
        vm.warp(signed.deadline);
        stranger.fillOpen(signed, 90e6, "");
        signed = anOpenIntent();
        vm.warp(signed.deadline + 1);
        expectRefusal(Fault.Submitter, Reason.TOO_LATE);
        stranger.fillOpen(signed, 90e6, "");
    }

    function test_NotBeforeValidFrom() public {
        SignedIntent memory signed = anOpenIntent();
        signed.intent.validFrom = block.timestamp + 1;
        signed = sign(signed);
        expectRefusal(Fault.Submitter, Reason.TOO_EARLY);
        stranger.fillOpen(signed, 90e6, "");
        skip(1);
        stranger.fillOpen(signed, 90e6, "");
    }

    function testFuzz_NotBelowTheMinimum(uint256 amountOut) public {
        amountOut = bound(amountOut, 0, 1e29);
        SignedIntent memory signed = anOpenIntent();
        if (amountOut < 90e6) expectRefusal(Fault.Submitter, Reason.BELOW_MINIMUM);
        stranger.fillOpen(signed, amountOut, "");
        assertEq(tokenOut.balanceOf(receiver), amountOut < 90e6 ? 0 : amountOut);
    }

    function test_AnAccountWithoutCodeIsNoExecutor() public {
        SignedIntent memory signed = anOpenIntent();
        tokenOut.mint(address(this), 1e12);
        address account = makeAddr("account");
        vm.expectRevert(
            abi.encodeWithSelector(
                ISettlement.FillFailed.selector, Fault.Solver, Step.Executor, Reason.NO_CODE
            )
        );
        vm.prank(account);
        settlement.fillOpen(signed, 90e6, "");
    }

    function test_TheCallerPays() public {
        SignedIntent memory signed = anOpenIntent();
        stranger.script(ScriptedExecutor.Act.PayNothing, address(0), "");
        vm.expectPartialRevert(ISettlement.FillFailed.selector);
        stranger.fillOpen(signed, 90e6, "");
        assertEq(tokenIn.balanceOf(address(stranger)), 0);
    }

    function test_AForgedSignature() public {
        SignedIntent memory signed = anOpenIntent();
        signed.amountIn += 1;
        vm.expectPartialRevert(ISettlement.FillFailed.selector);
        stranger.fillOpen(signed, 90e6, "");
    }

    function test_OnlyOnce() public {
        SignedIntent memory signed = anOpenIntent();
        stranger.fillOpen(signed, 90e6, "");
        vm.expectPartialRevert(ISettlement.FillFailed.selector);
        stranger.fillOpen(signed, 90e6, "");
    }

    function test_NotWhilePaused() public {
        SignedIntent memory signed = anOpenIntent();
        vm.prank(pauser);
        settlement.pause();
        vm.expectRevert(IAdministration.IsPaused.selector);
        stranger.fillOpen(signed, 90e6, "");
    }

    function anOpenIntent() private returns (SignedIntent memory signed) {
        signed = anIntent();
        signed.intent.openAfter = block.timestamp - 1;
        return sign(signed);
    }

    function expectRefusal(Fault fault, bytes32 reason) private {
        vm.expectRevert(abi.encodeWithSelector(ISettlement.FillFailed.selector, fault, Step.Intent, reason));
    }
}
