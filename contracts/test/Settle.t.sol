// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Bundle, FillLeg, Leg, SignedIntent} from "../src/Types.sol";
import {ISettlement} from "../src/interfaces/ISettlement.sol";
import {Venue} from "./support/Venue.sol";

/// @notice Awarded fills that go through.
contract SettleTest is Venue {
    function test_OneIntent() public {
        Bundle memory bundle = aBundle();
        expectFill(bundle, 0, 95e6, 1e6);
        settle(bundle);
        assertEq(tokenOut.balanceOf(receiver), 95e6);
        assertEq(tokenOut.balanceOf(feeRecipient), 1e6);
        assertEq(tokenIn.balanceOf(address(executor)), 100e18);
        assertEq(tokenIn.balanceOf(swapper.addr), 1e30 - 100e18);
        assertNothingHeld();
    }

    function test_TheExecutorSeesWhatItGotAndOwes() public {
        Bundle memory bundle = aBundle(sign(anIntent()), 95e6, 1e6);
        bundle.data = "route";
        bundle = award(fillIn(bundle));
        settle(bundle);
        FillLeg[] memory legs = new FillLeg[](1);
        legs[0] =
            FillLeg(bundle.bid.legs[0].intentHash, address(tokenIn), 100e18, address(tokenOut), 95e6, 1e6);
        assertEq(executor.seen(), keccak256(abi.encode(bundle.award.bidHash, solver, legs, bytes("route"))));
    }

    function test_TheCallbackGetsItsGasToTheUnit() public {
        settle(aBundle());
        // What the prologue of onFill takes before it looks.
        assertApproxEqAbs(executor.callbackGas(), CALLBACK_GAS, 1000);
    }

    function test_PartnerAndHouseShareTheFee() public {
        SignedIntent memory signed = anIntent();
        (signed.intent.partner, signed.intent.partnerFeeBps) = (partner, 30);
        settle(aBundle(sign(signed), 95e6, 1e6));
        assertEq(tokenOut.balanceOf(partner), 270_000); // of the signed 90e6, whatever the bid gives
        assertEq(tokenOut.balanceOf(feeRecipient), 730_000);
    }

    function test_BpsWithoutAPartnerAreTheHouses() public {
        SignedIntent memory signed = anIntent();
        signed.intent.partnerFeeBps = 30;
        settle(aBundle(sign(signed), 95e6, 1e6));
        assertEq(tokenOut.balanceOf(feeRecipient), 1e6);
    }

    function test_SeveralLegsAreFilledTogether() public {
        Bundle memory bundle = aBundleOf(3);
        for (uint256 i; i < 3; ++i) {
            expectFill(bundle, i, 95e6 + i, 1e6);
        }
        settle(bundle);
        assertEq(tokenOut.balanceOf(receiver), 3 * 95e6 + 3);
        assertEq(executor.calls(), 1);
        assertNothingHeld();
    }

    function test_ASignatureOf64Bytes() public {
        SignedIntent memory signed = anIntent();
        bytes32 hash = settlement.intentHash(signed);
        (bytes32 r, bytes32 vs) = vm.signCompact(swapper.key, hash);
        signed.signature = abi.encodePacked(r, vs);
        Bundle memory bundle = aBundle(signed, 95e6, 1e6);
        (r, vs) = vm.signCompact(solverKey.key, bundle.award.bidHash);
        bundle.bidSignature = abi.encodePacked(r, vs);
        (r, vs) = vm.signCompact(auctioneer.key, settlement.awardHash(bundle.award));
        bundle.awardSignature = abi.encodePacked(r, vs);
        settle(bundle);
        assertEq(tokenOut.balanceOf(receiver), 95e6);
    }

    function test_AFilledBundleCanNotBeFilledAgain() public {
        Bundle memory bundle = aBundle();
        settle(bundle);
        settle(bundle);
        assertEq(tokenOut.balanceOf(receiver), 95e6);
        assertEq(executor.calls(), 1);
    }

    /// @dev A chain that splits keeps the contracts and gets another id; Permit2 says what is signed there.
    function test_FillsOnAChainThatSplitOff() public {
        vm.chainId(block.chainid + 1);
        settle(aBundle());
        assertEq(tokenOut.balanceOf(receiver), 95e6);
    }

    function test_NoBundlesAreNoWork() public {
        settle(new Bundle[](0));
    }

    function testFuzz_OneIntent(uint256 amountIn, uint256 amountOut, uint256 fee, uint256 bps, uint256 min)
        public
    {
        amountIn = bound(amountIn, 0, 1e30);
        amountOut = bound(amountOut, 0, 9e29);
        fee = bound(fee, 0, amountOut / 10);
        SignedIntent memory signed = anIntent();
        signed.amountIn = amountIn;
        signed.intent.minAmountOut = bound(min, 0, amountOut);
        signed.intent.partner = partner;
        signed.intent.partnerFeeBps = bound(bps, 0, 300);
        uint256 partnerFee = signed.intent.minAmountOut * signed.intent.partnerFeeBps / 10_000;
        if (fee < partnerFee) fee = partnerFee;
        settle(aBundle(sign(signed), amountOut, fee));
        assertEq(tokenIn.balanceOf(address(executor)), amountIn);
        assertEq(tokenOut.balanceOf(receiver), amountOut);
        assertEq(tokenOut.balanceOf(partner), partnerFee);
        assertEq(tokenOut.balanceOf(feeRecipient), fee - partnerFee);
        assertNothingHeld();
    }

    function testFuzz_AnyNumberOfBundlesAndLegs(uint256 bundleCount, uint256 legCount) public {
        bundleCount = bound(bundleCount, 1, 6);
        legCount = bound(legCount, 1, 8);
        Bundle[] memory bundles = new Bundle[](bundleCount);
        for (uint256 i; i < bundleCount; ++i) {
            bundles[i] = aBundleOf(legCount);
        }
        settle(bundles);
        uint256 each = legCount * 95e6 + legCount * (legCount - 1) / 2;
        assertEq(tokenOut.balanceOf(receiver), bundleCount * each);
        assertEq(tokenOut.balanceOf(feeRecipient), bundleCount * legCount * 1e6);
        assertEq(executor.calls(), bundleCount);
        assertNothingHeld();
    }

    function aBundleOf(uint256 legs) private returns (Bundle memory bundle) {
        bundle.intents = new SignedIntent[](legs);
        bundle.bid.legs = new Leg[](legs);
        for (uint256 i; i < legs; ++i) {
            bundle.intents[i] = sign(anIntent());
            bundle.bid.legs[i] = aLeg(bundle.intents[i], 95e6 + i, 1e6);
        }
        return award(fillIn(bundle));
    }

    function expectFill(Bundle memory bundle, uint256 leg, uint256 amountOut, uint256 fee) private {
        vm.expectEmit(address(settlement));
        emit ISettlement.Fill(
            bundle.bid.legs[leg].intentHash,
            bundle.award.bidHash,
            swapper.addr,
            solver,
            address(tokenIn),
            100e18,
            address(tokenOut),
            amountOut,
            fee
        );
    }

    function assertNothingHeld() private view {
        assertEq(tokenIn.balanceOf(address(settlement)), 0);
        assertEq(tokenOut.balanceOf(address(settlement)), 0);
        assertEq(tokenOut.allowance(address(executor), address(settlement)), 0);
    }
}
