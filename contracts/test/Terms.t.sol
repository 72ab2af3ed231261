// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Bundle, Fault, Leg, Role, SignedIntent, Step} from "../src/Types.sol";
import {IAdministration} from "../src/interfaces/IAdministration.sol";
import {ISettlement} from "../src/interfaces/ISettlement.sol";
import {Reason} from "../src/lib/Reason.sol";
import {OddToken} from "./support/OddToken.sol";
import {ScriptedWallet} from "./support/ScriptedWallet.sol";
import {Venue} from "./support/Venue.sol";

/// @notice What award, bid and intent say is held to, and who it is on when it isn't.
contract TermsTest is Venue {
    function test_OnlySubmitters() public {
        Bundle[] memory bundles = _one(aBundle());
        vm.expectRevert(
            abi.encodeWithSelector(IAdministration.MissingRole.selector, Role.Submitter, address(this))
        );
        settlement.settle(bundles);
    }

    function test_NotWhilePaused() public {
        Bundle memory bundle = aBundle();
        vm.prank(pauser);
        settlement.pause();
        vm.expectRevert(IAdministration.IsPaused.selector);
        settle(bundle);
    }

    function test_AnAwardByAnother() public {
        Bundle memory bundle = aBundle();
        bundle.awardSignature = signBy(solverKey, settlement.awardHash(bundle.award));
        settleFails(bundle, Fault.Submitter, Step.Award, Reason.NOT_AUCTIONEER);
        bundle.awardSignature = "";
        settleFails(bundle, Fault.Submitter, Step.Award, Reason.NOT_AUCTIONEER);
    }

    function test_AnAwardOfARevokedAuctioneer() public {
        Bundle memory bundle = aBundle();
        vm.prank(owner);
        settlement.revokeRole(Role.Auctioneer, auctioneer.addr);
        settleFails(bundle, Fault.Submitter, Step.Award, Reason.NOT_AUCTIONEER);
    }

    function test_AnAwardOfAnotherBid() public {
        Bundle memory bundle = aBundle();
        bundle.bid.legs[0].amountOut -= 1;
        settleFails(bundle, Fault.Submitter, Step.Award, Reason.AWARD_OF_ANOTHER_BID);
    }

    function testFuzz_AwardAndBidEndOnTime(uint256 later) public {
        later = bound(later, 0, 30);
        Bundle memory bundle = aBundle();
        (bundle.bid.validUntil, bundle.award.exclusiveUntil) = (block.timestamp + 10, block.timestamp + 20);
        bundle.award.bidHash = settlement.bidHash(bundle.bid);
        bundle.bidSignature = signBy(solverKey, bundle.award.bidHash);
        bundle.awardSignature = signBy(auctioneer, settlement.awardHash(bundle.award));
        skip(later);
        if (later >= 20) {
            expectFailure(bundle, Fault.Submitter, Step.Award, Reason.AWARD_EXPIRED);
        } else if (later > 10) {
            expectFailure(bundle, Fault.Submitter, Step.Bid, Reason.BID_EXPIRED);
        }
        settle(bundle);
        assertEq(tokenOut.balanceOf(receiver), later > 10 ? 0 : 95e6);
    }

    function testFuzz_ABidHoldsForTenSecondsAtMost(uint256 length) public {
        length = bound(length, 0, 100);
        Bundle memory bundle = aBundle();
        bundle.bid.validUntil = block.timestamp + length;
        bundle = award(bundle);
        if (length > 15) expectFailure(bundle, Fault.Submitter, Step.Bid, Reason.BID_TOO_LONG);
        settle(bundle);
        assertEq(tokenOut.balanceOf(receiver), length > 15 ? 0 : 95e6);
    }

    /// @dev A bid that the solver never signed can't be held against it.
    function test_ABidByAnotherKeyIsNotTheSolvers() public {
        Bundle memory bundle = aBundle();
        bundle.bidSignature = signBy(swapper, bundle.award.bidHash);
        settleFails(bundle, Fault.Submitter, Step.Bid, Reason.NOT_SOLVERS_KEY);
        bundle.bidSignature = "";
        settleFails(bundle, Fault.Submitter, Step.Bid, Reason.NOT_SOLVERS_KEY);
    }

    /// @dev Neither a new key nor leaving takes back a live bid; past every bid's life the key is dead.
    function test_ARetiredKeyStaysLiable() public {
        Bundle memory bundle = aBundle();
        vm.prank(solver);
        registry.setKey(makeAddr("new key"));
        settle(bundle);
        assertEq(tokenOut.balanceOf(receiver), 95e6);

        vm.prank(solver);
        registry.deregister();
        skip(registry.KEY_LIABILITY());
        settle(aBundle());
        assertEq(tokenOut.balanceOf(receiver), 190e6);
        skip(1);
        settleFails(aBundle(), Fault.Solver, Step.Bid, Reason.KEY_RETIRED);
    }

    function test_OtherData() public {
        Bundle memory bundle = aBundle();
        bundle.data = "another route";
        settleFails(bundle, Fault.Submitter, Step.Bid, Reason.WRONG_DATA);
    }

    function test_NoPenaltyYet() public {
        Bundle memory bundle = aBundle();
        bundle.bid.penalty = 1;
        settleFails(award(bundle), Fault.Submitter, Step.Bid, Reason.PENALTY);
    }

    function test_LegsAndIntentsPairUp() public {
        Bundle memory bundle = aBundle();
        SignedIntent memory other = sign(anIntent());
        SignedIntent memory first = bundle.intents[0];
        bundle.intents[0] = other;
        settleFails(bundle, Fault.Submitter, Step.Intent, Reason.WRONG_INTENT);
        bundle.intents = new SignedIntent[](2);
        (bundle.intents[0], bundle.intents[1]) = (first, other);
        settleFails(bundle, Fault.Submitter, Step.Bid, Reason.LEG_COUNT);
    }

    function test_Caps() public {
        Bundle memory bundle = aBundle();
        bundle.bid.gasLimit = settlement.MAX_CALLBACK_GAS() + 1;
        settleFails(award(bundle), Fault.Submitter, Step.Bid, Reason.OVER_CAPS);

        bundle = aBundle();
        bundle.data = new bytes(settlement.MAX_DATA_BYTES() + 1);
        settleFails(award(fillIn(bundle)), Fault.Submitter, Step.Bid, Reason.OVER_CAPS);

        bundle = aBundle();
        bundle.intents[0].signature = new bytes(settlement.MAX_SIGNATURE_BYTES() + 1);
        settleFails(bundle, Fault.Submitter, Step.Bid, Reason.OVER_CAPS);

        bundle = aBundle();
        bundle.intents = new SignedIntent[](settlement.MAX_LEGS() + 1);
        settleFails(bundle, Fault.Submitter, Step.Bid, Reason.OVER_CAPS);

        bundle.intents = new SignedIntent[](0);
        settleFails(bundle, Fault.Submitter, Step.Bid, Reason.OVER_CAPS);
    }

    function test_TheLargestBundleFits() public {
        Bundle memory bundle = aBundle();
        bundle.data = new bytes(settlement.MAX_DATA_BYTES());
        bundle.bid.gasLimit = settlement.MAX_CALLBACK_GAS();
        bundle.bid.callDataHash = keccak256(bundle.data);
        bundle = award(bundle);
        uint256 needed = settlement.requiredGas(_one(bundle));
        settle(_one(bundle), needed);
        assertEq(tokenOut.balanceOf(receiver), 95e6);
        assertLt(settlement.frameGas(settlement.MAX_LEGS(), settlement.MAX_CALLBACK_GAS()), 2 ** 24);
    }

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
        settleFails(aBundle(signed, 100e6, 3e6 - 1), Fault.Submitter, Step.Intent, Reason.FEE_UNDER_PARTNERS);
        settle(aBundle(signed, 100e6, 3e6));
        assertEq(tokenOut.balanceOf(partner), 3e6);

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

    function test_BundlesThatAreNotLaidOutInOrder() public {
        bytes memory call = abi.encodeCall(settlement.settle, (_two(aBundle(), aBundle())));
        // The two offsets, after selector, offset and length, swapped.
        for (uint256 i; i < 32; ++i) {
            (call[68 + i], call[100 + i]) = (call[100 + i], call[68 + i]);
        }
        vm.prank(submitter);
        vm.expectRevert(abi.encodeWithSelector(ISettlement.MalformedBundles.selector, 0));
        (bool ok,) = address(settlement).call(call);
        ok;
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
