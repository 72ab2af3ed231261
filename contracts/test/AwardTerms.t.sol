// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Bundle, Fault, Role, SignedIntent, Step} from "../src/Types.sol";
import {IAdministration} from "../src/interfaces/IAdministration.sol";
import {ISettlement} from "../src/interfaces/ISettlement.sol";
import {Reason} from "../src/lib/Reason.sol";
import {Venue} from "./support/Venue.sol";

/// @notice What award and bid are held to, and who it is on when they fall short.
contract AwardTermsTest is Venue {
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
}
