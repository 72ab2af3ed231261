// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Bundle, Fault, SignedIntent, Step} from "../../src/Types.sol";
import {IAdministration} from "../../src/interfaces/IAdministration.sol";
import {ISettlement} from "../../src/interfaces/ISettlement.sol";
import {Reason} from "../../src/lib/Reason.sol";
import {OddToken} from "../support/OddToken.sol";
import {ScriptedExecutor} from "../support/ScriptedExecutor.sol";
import {ScriptedWallet} from "../support/ScriptedWallet.sol";
import {Venue} from "../support/Venue.sol";

/// @notice Who is to blame when a payment fails, and that neither side can put it on the other.
contract PaymentAttacksTest is Venue {
    OddToken internal odd;
    ScriptedWallet internal wallet;

    function setUp() public override {
        super.setUp();
        odd = new OddToken();
        odd.mint(address(executor), 1e30);
        wallet = new ScriptedWallet();
    }

    function test_HostileReceiverReverts() public {
        assertReceiverBlamed(ScriptedWallet.Act.Revert, bytes32(abi.encodeWithSignature("Error(string)", 32)));
    }

    function test_HostileReceiverBurnsAllGas() public {
        assertReceiverBlamed(ScriptedWallet.Act.Burn, 0);
    }

    function test_HostileReceiverEntersAgain() public {
        Bundle[] memory bundles = _one(aBundle());
        wallet.script(
            ScriptedWallet.Act.Call, address(settlement), abi.encodeCall(settlement.settle, (bundles))
        );
        assertReceiverBlamed(ScriptedWallet.Act.Call, bytes32(IAdministration.Reentered.selector));
    }

    function test_ReceiverBlockedByTheToken() public {
        odd.setBlocked(receiver, true);
        settleFails(
            aBundleFor(receiver, 0),
            Fault.Receiver,
            Step.Payout,
            bytes32(abi.encodeWithSignature("Error(string)", 32))
        );
    }

    function test_ReceiversThatCouldFakeAPayment() public {
        address[6] memory forbidden = [
            address(0), address(executor), address(settlement), PERMIT2, address(tokenIn), address(tokenOut)
        ];
        for (uint256 i; i < forbidden.length; ++i) {
            SignedIntent memory signed = anIntent();
            signed.intent.receiver = forbidden[i];
            settleFails(
                aBundle(sign(signed), 95e6, 1e6), Fault.Swapper, Step.Intent, Reason.FORBIDDEN_RECEIVER
            );
        }
    }

    function test_AnExecutorThatDoesNotPayCanNotBlameTheReceiver() public {
        bytes32 panic = bytes32(abi.encodeWithSignature("Panic(uint256)", 0x11));
        executor.script(ScriptedExecutor.Act.PayNothing, address(0), "");
        settleFails(aBundleFor(receiver, 0), Fault.Solver, Step.Payout, panic);
        executor.script(ScriptedExecutor.Act.PayShort, address(0), "");
        settleFails(aBundleFor(receiver, 0), Fault.Solver, Step.Payout, panic);
        // Nor by paying nobody, when the receiver could not be paid anyway.
        odd.setBlocked(receiver, true);
        settleFails(
            aBundleFor(receiver, 0),
            Fault.Solver,
            Step.Payout,
            bytes32(abi.encodeWithSignature("Error(string)", 32))
        );
    }

    /// @dev A token that answers the transfer with what a probe answers changes nothing.
    function test_SpoofedProbe() public {
        bytes memory spoof = abi.encodeWithSelector(ISettlement.Probed.selector, true);
        odd.setOddity(OddToken.Oddity.RevertsWith, spoof);
        settleFails(aBundleFor(receiver, 0), Fault.Solver, Step.Payout, bytes32(spoof));
    }

    function test_AFeeRecipientThatFailsIsSkipped() public {
        odd.setBlocked(feeRecipient, true);
        Bundle memory bundle = aBundleFor(receiver, 1e6);
        vm.expectEmit(address(settlement));
        emit ISettlement.FeeSkipped(bundle.bid.legs[0].intentHash, feeRecipient, 1e6);
        settle(bundle);
        assertEq(odd.balanceOf(receiver), 95e6);
    }

    function test_APartnerThatFailsIsSkippedAndTheHousePaid() public {
        odd.setBlocked(partner, true);
        settle(aBundleWithPartner());
        assertEq(odd.balanceOf(receiver), 95e6);
        assertEq(odd.balanceOf(feeRecipient), 730_000);
    }

    function test_BothFeeRecipientsFail() public {
        odd.setBlocked(partner, true);
        odd.setBlocked(feeRecipient, true);
        settle(aBundleWithPartner());
        assertEq(odd.balanceOf(receiver), 95e6);
    }

    function test_AnExecutorCanNotDodgeTheFee() public {
        executor.script(ScriptedExecutor.Act.PayNoFee, address(0), "");
        bytes32 panic = bytes32(abi.encodeWithSignature("Panic(uint256)", 0x11));
        settleFails(aBundleFor(receiver, 1e6), Fault.Solver, Step.Fee, panic);
        settleFails(aBundleWithPartner(), Fault.Solver, Step.Fee, panic);
        // Nor by allowing too little for a recipient that could not be paid anyway.
        odd.setBlocked(feeRecipient, true);
        settleFails(
            aBundleFor(receiver, 1e6),
            Fault.Solver,
            Step.Fee,
            bytes32(abi.encodeWithSignature("Error(string)", 32))
        );
    }

    function test_OutputThatArrivesShortIsTheTokens() public {
        odd.setOddity(OddToken.Oddity.TakesAFee, "");
        settleFails(aBundleFor(receiver, 0), Fault.Token, Step.Payout, Reason.ARRIVED_SHORT);
    }

    function test_OutputWithoutABalanceIsTheTokens() public {
        odd.setBalanceUnreadable(true);
        settleFails(aBundleFor(receiver, 0), Fault.Token, Step.Payout, Reason.NO_BALANCE);
    }

    function test_ATokenWithoutCode() public {
        SignedIntent memory signed = anIntent();
        signed.intent.tokenOut = makeAddr("no token");
        Bundle memory bundle = aBundle(sign(signed), 95e6, 0);
        settleFails(bundle, Fault.Solver, Step.Callback, 0); // the executor can't approve it
    }

    function test_ATokenThatReturnsNothingIsFine() public {
        odd.setOddity(OddToken.Oddity.ReturnsNothing, "");
        settle(aBundleFor(receiver, 1e6));
        assertEq(odd.balanceOf(receiver), 95e6);
        assertEq(odd.balanceOf(feeRecipient), 1e6);
    }

    function test_ATokenThatReturnsFalse() public {
        odd.setOddity(OddToken.Oddity.ReturnsFalse, "");
        settleFails(aBundleFor(receiver, 0), Fault.Solver, Step.Payout, 0);
    }

    function assertReceiverBlamed(ScriptedWallet.Act act, bytes32 reason) private {
        odd.setHooked(address(wallet));
        wallet.script(act, wallet.target(), wallet.payload());
        Bundle memory good = aBundleFor(receiver, 0);
        Bundle memory bad = aBundleFor(address(wallet), 0);
        expectFailure(bad, Fault.Receiver, Step.Payout, reason);
        settle(_two(bad, good));
        assertEq(odd.balanceOf(receiver), 95e6);
    }

    function aBundleFor(address to, uint256 fee) private returns (Bundle memory) {
        SignedIntent memory signed = anIntent();
        (signed.intent.tokenOut, signed.intent.receiver) = (address(odd), to);
        return aBundle(sign(signed), 95e6, fee);
    }

    function aBundleWithPartner() private returns (Bundle memory) {
        SignedIntent memory signed = anIntent();
        signed.intent.tokenOut = address(odd);
        (signed.intent.partner, signed.intent.partnerFeeBps) = (partner, 30);
        return aBundle(sign(signed), 95e6, 1e6);
    }
}
