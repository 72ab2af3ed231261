// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Bundle, Fault, Leg, SignedIntent, Step} from "../src/Types.sol";
import {IAdministration} from "../src/interfaces/IAdministration.sol";
import {Reason} from "../src/lib/Reason.sol";
import {OddToken} from "./support/OddToken.sol";
import {ScriptedWallet} from "./support/ScriptedWallet.sol";
import {Venue} from "./support/Venue.sol";

/// @notice What a fill is held to by what the swapper signed, and by the swapper's wallet and token.
contract IntentTermsTest is Venue {
    function testFuzz_TheMinimum(uint256 amountOut) public {
        amountOut = bound(amountOut, 0, 1e29);
        Bundle memory bundle = aBundle(sign(anIntent()), amountOut, 0);
        bool below = amountOut < 90e6;
        if (below) expectFailure(bundle, Fault.Submitter, Step.Intent, Reason.BELOW_MINIMUM);
        settle(bundle);
        assertEq(tokenOut.balanceOf(receiver), below ? 0 : amountOut);
    }

    function testFuzz_TheFeeIsCapped(uint256 amountOut, uint256 fee) public {
        amountOut = bound(amountOut, 90e6, type(uint256).max);
        fee = bound(fee, amountOut / 10 + 1, type(uint256).max);
        settleFails(
            aBundle(sign(anIntent()), amountOut, fee), Fault.Submitter, Step.Intent, Reason.FEE_OVER_CAP
        );
    }

    function test_TheFeeMayBeTheCap() public {
        settle(aBundle(sign(anIntent()), 95e6, 9.5e6));
        assertEq(tokenOut.balanceOf(feeRecipient), 9.5e6);
    }

    function test_ThePartnersFee() public {
        SignedIntent memory signed = anIntent();
        (signed.intent.partner, signed.intent.partnerFeeBps) = (partner, 300);
        signed = sign(signed);
        settleFails(
            aBundle(signed, 100e6, 2.7e6 - 1), Fault.Submitter, Step.Intent, Reason.FEE_UNDER_PARTNERS
        );
        settle(aBundle(signed, 100e6, 2.7e6));
        assertEq(tokenOut.balanceOf(partner), 2.7e6);

        signed = anIntent();
        signed.intent.partnerFeeBps = 301;
        settleFails(
            aBundle(sign(signed), 100e6, 4e6), Fault.Swapper, Step.Intent, Reason.PARTNER_FEE_OVER_CAP
        );
    }

    function testFuzz_TheIntentsTimes(uint256 validFrom, uint256 deadline, uint256 now_) public {
        SignedIntent memory signed = anIntent();
        now_ = bound(now_, 1_750_000_000, 1_750_000_100);
        signed.intent.validFrom = bound(validFrom, 1_750_000_000, 1_750_000_100);
        signed.deadline = bound(deadline, 1_750_000_000, 1_750_000_100);
        vm.warp(now_);
        Bundle memory bundle = aBundle(sign(signed), 95e6, 0);
        bool early = now_ < signed.intent.validFrom;
        bool late = now_ > signed.deadline;
        if (early) expectFailure(bundle, Fault.Submitter, Step.Intent, Reason.TOO_EARLY);
        else if (late) expectFailure(bundle, Fault.Submitter, Step.Intent, Reason.TOO_LATE);
        settle(bundle);
        assertEq(tokenOut.balanceOf(receiver), early || late ? 0 : 95e6);
    }

    function test_ASignatureOfAnotherSwapper() public {
        SignedIntent memory signed = anIntent();
        signed.signature = signBy(solverKey, settlement.intentHash(signed));
        settleFails(
            aBundle(signed, 95e6, 0),
            Fault.Swapper,
            Step.Pull,
            bytes32(abi.encodeWithSignature("InvalidSigner()"))
        );
    }

    /// @dev The digest alone leaves out whose tokens: the swapper is Permit2's owner.
    function test_TheSwapperIsTheOwner() public {
        SignedIntent memory signed = anIntent();
        signed.intent.swapper = makeAddr("victim");
        settleFails(
            aBundle(sign(signed), 95e6, 0),
            Fault.Swapper,
            Step.Pull,
            bytes32(abi.encodeWithSignature("InvalidSigner()"))
        );
    }

    function test_ACancelledNonce() public {
        Bundle memory bundle = aBundle();
        vm.prank(swapper.addr);
        (bool ok,) = PERMIT2.call(abi.encodeWithSignature("invalidateUnorderedNonces(uint256,uint256)", 0, 1));
        assertTrue(ok);
        settleFails(bundle, Fault.Swapper, Step.Pull, bytes32(abi.encodeWithSignature("InvalidNonce()")));
    }

    function test_AContractWallet() public {
        ScriptedWallet wallet = new ScriptedWallet();
        wallet.approve(address(tokenIn), PERMIT2);
        tokenIn.mint(address(wallet), 100e18);
        SignedIntent memory signed = anIntent();
        (signed.intent.swapper, signed.signature) = (address(wallet), new bytes(500));
        Bundle memory bundle = aBundle(signed, 95e6, 0);
        wallet.script(ScriptedWallet.Act.Refuse, address(0), "");
        settleFails(
            bundle, Fault.Swapper, Step.Pull, bytes32(abi.encodeWithSignature("InvalidContractSignature()"))
        );
        wallet.script(ScriptedWallet.Act.Accept, address(0), "");
        settle(bundle);
        assertEq(tokenOut.balanceOf(receiver), 95e6);
    }

    /// @dev A wallet that enters again while its signature is checked.
    function test_AWalletThatEntersAgain() public {
        ScriptedWallet wallet = new ScriptedWallet();
        SignedIntent memory signed = anIntent();
        signed.intent.swapper = address(wallet);
        wallet.script(
            ScriptedWallet.Act.Call,
            address(settlement),
            abi.encodeCall(settlement.fillOpen, (signed, 95e6, ""))
        );
        settleFails(
            aBundle(signed, 95e6, 0), Fault.Swapper, Step.Pull, bytes32(IAdministration.Reentered.selector)
        );
    }

    function test_InputThatArrivesShortIsTheTokens() public {
        (OddToken odd, Bundle memory bundle) = withOddInput();
        odd.setOddity(OddToken.Oddity.TakesAFee, "");
        settleFails(bundle, Fault.Token, Step.Pull, Reason.ARRIVED_SHORT);
    }

    function test_InputWithoutABalanceIsTheTokens() public {
        (OddToken odd, Bundle memory bundle) = withOddInput();
        odd.setBalanceUnreadable(true);
        settleFails(bundle, Fault.Token, Step.Pull, Reason.NO_BALANCE);
    }

    /// @dev One leg fails, and nothing of the others is left behind.
    function test_AnAddressWithoutCodeHasNoBalance() public {
        SignedIntent memory signed = anIntent();
        signed.token = makeAddr("no token");
        settleFails(aBundle(sign(signed), 95e6, 0), Fault.Token, Step.Pull, Reason.NO_BALANCE);
    }

    function test_ABundleIsFilledTogetherOrNotAtAll() public {
        Bundle memory bundle;
        bundle.intents = new SignedIntent[](2);
        bundle.bid.legs = new Leg[](2);
        for (uint256 i; i < 2; ++i) {
            bundle.intents[i] = anIntent();
            if (i == 1) bundle.intents[i].intent.swapper = makeAddr("another");
            bundle.intents[i] = sign(bundle.intents[i]);
            bundle.bid.legs[i] = aLeg(bundle.intents[i], 95e6, 0);
        }
        settleFails(
            award(fillIn(bundle)),
            Fault.Swapper,
            Step.Pull,
            bytes32(abi.encodeWithSignature("InvalidSigner()"))
        );
        assertEq(tokenIn.balanceOf(swapper.addr), 1e30);
        assertEq(tokenOut.balanceOf(receiver), 0);
    }

    function test_AnAmountThatOverflowsIsTheSolvers() public {
        settleFails(
            aBundle(sign(anIntent()), type(uint256).max, 1e6),
            Fault.Solver,
            Step.Callback,
            bytes32(abi.encodeWithSignature("Panic(uint256)", 0x11))
        );
    }

    function withOddInput() private returns (OddToken odd, Bundle memory bundle) {
        odd = new OddToken();
        odd.mint(swapper.addr, 100e18);
        vm.prank(swapper.addr);
        odd.approve(PERMIT2, type(uint256).max);
        SignedIntent memory signed = anIntent();
        signed.token = address(odd);
        bundle = aBundle(sign(signed), 95e6, 0);
    }
}
