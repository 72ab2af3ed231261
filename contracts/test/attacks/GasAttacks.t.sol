// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Vm} from "forge-std/Vm.sol";

import {Bundle, Fault, SignedIntent, Step} from "../../src/Types.sol";
import {ISettlement} from "../../src/interfaces/ISettlement.sol";
import {OddToken} from "../support/OddToken.sol";
import {ScriptedExecutor} from "../support/ScriptedExecutor.sol";
import {ScriptedWallet} from "../support/ScriptedWallet.sol";
import {Venue} from "../support/Venue.sol";
import {OwnKeyDelegate} from "../support/Wallets.sol";

/// @notice Gas as a weapon: of a solver against the next bundle, and of a submitter against a solver.
contract GasAttacksTest is Venue {
    /// @dev A second executor of the same solver, which burns all that it is given.
    ScriptedExecutor internal burner;

    function setUp() public override {
        super.setUp();
        burner = new ScriptedExecutor(address(settlement), address(registry));
        burner.setConsent(solver, true);
        burner.script(ScriptedExecutor.Act.Burn, address(0), "");
    }

    /// @dev A callback that burns everything costs its own budget, not the next bundle.
    function test_StarvedBundle() public {
        Bundle memory burning = aBurningBundle(5_000_000);
        Bundle memory good = aBundle();
        Bundle[] memory bundles = _two(burning, good);
        expectFailure(burning, Fault.Solver, Step.Callback, 0);
        settle(bundles, settlement.requiredGas(bundles));
        assertEq(tokenOut.balanceOf(receiver), 95e6);
    }

    /// @dev Whatever burns in a frame, even what no cap of ours foresaw, has no more than that.
    function test_AFrameGetsItsBudgetToTheUnit() public {
        uint64 budget = uint64(settlement.frameGas(1, CALLBACK_GAS));
        Bundle memory bundle = aBundle();
        vm.expectCall(address(settlement), 0, budget, abi.encodePacked(settlement.frame.selector));
        settle(bundle);
    }

    /// @dev A CALL hands on 63/64 at most: at the least gas with which settle goes on, a frame has it all.
    function test_AFrameGetsItsBudgetAtTheLeastGas() public {
        Bundle[] memory bundles = _one(aBundle());
        (uint256 tooLittle, uint256 enough) = (0, settlement.requiredGas(bundles));
        while (enough - tooLittle > 1) {
            uint256 middle = (tooLittle + enough) / 2;
            uint256 snapshot = vm.snapshotState();
            vm.prank(submitter);
            try settlement.settle{gas: middle}(bundles) {
                enough = middle;
            } catch {
                tooLittle = middle;
            }
            vm.revertToState(snapshot);
        }
        uint64 budget = uint64(settlement.frameGas(1, CALLBACK_GAS));
        vm.expectCall(address(settlement), 0, budget, abi.encodePacked(settlement.frame.selector));
        settle(bundles, enough);
        assertEq(tokenOut.balanceOf(receiver), 95e6);
    }

    function test_GasIsKeptToTellOfTheRest() public {
        Bundle memory bundle = aBundle();
        Bundle[] memory bundles = new Bundle[](3);
        (bundles[0], bundles[1], bundles[2]) = (bundle, bundle, bundle);
        assertEq(neededFor(bundles) - neededFor(_one(bundle)), 2 * settlement.TAIL_GAS());
    }

    function test_ManyBurnersStarveNobody() public {
        Bundle[] memory bundles = new Bundle[](8);
        for (uint256 i; i < 8; ++i) {
            bundles[i] = i % 2 == 0 ? aBurningBundle(CALLBACK_GAS) : aBundle();
        }
        settle(bundles, settlement.requiredGas(bundles));
        assertEq(tokenOut.balanceOf(receiver), 4 * 95e6);
    }

    /// @dev However the submitter sets the gas, an honest solver is never made to look at fault: the call
    /// reverts, or the bundle is not tried, or it is filled.
    function testFuzz_NoGasLimitMakesAnHonestBundleFail(uint256 gasLimit, uint256 count) public {
        count = bound(count, 1, 4);
        Bundle[] memory bundles = new Bundle[](count);
        for (uint256 i; i < count; ++i) {
            bundles[i] = aBundle();
        }
        uint256 most = settlement.requiredGas(bundles);
        gasLimit = bound(gasLimit, 0, most);
        vm.recordLogs();
        vm.prank(submitter);
        (bool ok,) = address(settlement).call{gas: gasLimit}(abi.encodeCall(settlement.settle, (bundles)));
        (uint256 filled, uint256 failed, uint256 notTried) = outcomes();
        assertEq(failed, 0, "failed");
        if (ok) assertEq(filled + notTried, count, "all told of");
        else assertEq(filled + notTried, 0, "nothing done");
        if (gasLimit == most) assertEq(filled, count, "enough is enough");
    }

    /// @dev The same with a solver that uses all its gas and still pays: it always gets what it signed for.
    function testFuzz_ACallbackNeverGetsLessThanItsGas(uint256 gasLimit, uint256 callbackGas) public {
        Bundle memory bundle = aBundle();
        bundle.bid.gasLimit = bound(callbackGas, 150_000, 5_000_000);
        bundle = award(bundle);
        gasLimit = bound(gasLimit, 500_000, 7_000_000);
        vm.prank(submitter);
        try settlement.settle{gas: gasLimit}(_one(bundle)) {
            assertApproxEqAbs(executor.callbackGas(), bundle.bid.gasLimit, 1000);
        } catch (bytes memory reason) {
            assertEq(bytes4(reason), ISettlement.InsufficientGas.selector);
        }
    }

    function test_ShortAtTheFirstBundleRevertsAll() public {
        Bundle[] memory bundles = _one(aBundle());
        vm.prank(submitter);
        try settlement.settle{gas: 900_000}(bundles) {
            fail();
        } catch (bytes memory reason) {
            assertEq(bytes4(reason), ISettlement.InsufficientGas.selector);
        }
    }

    function test_ShortAtALaterBundleStopsThere() public {
        Bundle[] memory bundles = new Bundle[](3);
        for (uint256 i; i < 3; ++i) {
            bundles[i] = aBundle();
        }
        vm.recordLogs();
        settle(bundles, settlement.requiredGas(_one(bundles[0])) + 30_000);
        (uint256 filled, uint256 failed, uint256 notTried) = outcomes();
        assertEq(filled, 1);
        assertEq(failed, 0);
        assertEq(notTried, 2);
    }

    /// @dev At 50 bundles a well-behaved batch takes what it uses and one budget, not 50 budgets.
    function test_WellBehavedBundlesNeedLittleMoreThanTheyUse() public {
        Bundle[] memory bundles = new Bundle[](20);
        for (uint256 i; i < 20; ++i) {
            bundles[i] = aBundle();
        }
        settle(bundles, 4_000_000);
        assertEq(tokenOut.balanceOf(receiver), 20 * 95e6);
    }

    function test_AWalletThatBurnsAllGasIsTheSwappers() public {
        ScriptedWallet wallet = new ScriptedWallet();
        wallet.approve(address(tokenIn), PERMIT2);
        tokenIn.mint(address(wallet), 100e18);
        wallet.script(ScriptedWallet.Act.Burn, address(0), "");
        SignedIntent memory signed = anIntent();
        signed.intent.swapper = address(wallet);
        assertBlamed(aBundle(signed, 95e6, 1e6), Fault.Swapper, Step.Pull);
    }

    /// @dev WALLET_GAS of intendly/domain/signatures.py, 100,000: within PULL_GAS beside a fresh nonce word, and a
    /// token that takes 60,000 or so.
    function test_AWalletsCheckMayTakeWhatTheVenueAllowsIt() public {
        settle(aBundle(signThoroughly(95), 95e6, 1e6));
        assertEq(tokenOut.balanceOf(receiver), 95e6);
    }

    function test_AWalletsCheckThatTakesTwiceThatIsTheSwappers() public {
        assertBlamed(aBundle(signThoroughly(200), 95e6, 1e6), Fault.Swapper, Step.Pull);
    }

    function test_ATokenThatBurnsAllGasBurnsItsOwnFrame() public {
        OddToken odd = new OddToken();
        odd.mint(address(executor), 1e30);
        odd.setOddity(OddToken.Oddity.BurnsGas, "");
        SignedIntent memory signed = anIntent();
        signed.intent.tokenOut = address(odd);
        // The design's limit: such a token can fool the probe.
        assertBlamed(aBundle(sign(signed), 95e6, 1e6), Fault.Solver, Step.Payout);
    }

    function test_ATokenThatAnswersAtLength() public {
        OddToken odd = new OddToken();
        odd.mint(address(executor), 1e30);
        odd.setOddity(OddToken.Oddity.AnswersAtLength, "");
        SignedIntent memory signed = anIntent();
        signed.intent.tokenOut = address(odd);
        assertBlamed(aBundle(sign(signed), 95e6, 1e6), Fault.Solver, Step.Payout);
    }

    function neededFor(Bundle[] memory bundles) private returns (uint256 needed) {
        vm.prank(submitter);
        (bool ok, bytes memory answer) =
            address(settlement).call{gas: 500_000}(abi.encodeCall(settlement.settle, (bundles)));
        assertFalse(ok);
        assembly {
            needed := mload(add(answer, 0x44)) // InsufficientGas(available, needed)
        }
    }

    /// @return signed By the swapper, whose account takes so many thousand gas to check it
    function signThoroughly(uint256 thousands) private returns (SignedIntent memory signed) {
        vm.etch(swapper.addr, address(new OwnKeyDelegate()).code);
        signed = sign(anIntent());
        signed.signature = bytes.concat(signed.signature, new bytes(thousands));
    }

    function assertBlamed(Bundle memory bad, Fault fault, Step step) private {
        Bundle[] memory bundles = _two(bad, aBundle());
        expectFailure(bad, fault, step, 0);
        settle(bundles, settlement.requiredGas(bundles));
        assertEq(tokenOut.balanceOf(receiver), 95e6);
    }

    function aBurningBundle(uint256 gasLimit) private returns (Bundle memory bundle) {
        bundle = aBundle();
        (bundle.bid.executor, bundle.bid.gasLimit) = (address(burner), gasLimit);
        return award(bundle);
    }

    function outcomes() private returns (uint256 filled, uint256 failed, uint256 notTried) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].topics[0] == ISettlement.Fill.selector) ++filled;
            if (logs[i].topics[0] == ISettlement.BundleFailed.selector) ++failed;
            if (logs[i].topics[0] == ISettlement.NotTried.selector) ++notTried;
        }
    }
}
