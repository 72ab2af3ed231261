// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Test} from "./Test.sol";

import {Settlement} from "../../src/Settlement.sol";
import {SolverRegistry} from "../../src/SolverRegistry.sol";
import {Award, Bid, Bundle, Fault, Intent, Leg, SignedIntent, Step} from "../../src/Types.sol";
import {ISettlement} from "../../src/interfaces/ISettlement.sol";
import {TestToken} from "../../src/local/TestToken.sol";
import {RealPermit2} from "./RealPermit2.sol";
import {ScriptedExecutor} from "./ScriptedExecutor.sol";

/// @notice A venue with the real Permit2, one solver with an executor that does as told, and the signing that
/// each party does off chain.
abstract contract Venue is Test, RealPermit2 {
    uint256 internal constant CALLBACK_GAS = 300_000;

    Settlement internal settlement;
    SolverRegistry internal registry;
    ScriptedExecutor internal executor;
    TestToken internal tokenIn;
    TestToken internal tokenOut;

    address internal owner = makeAddr("owner");
    address internal submitter = makeAddr("submitter");
    address internal pauser = makeAddr("pauser");
    address internal feeRecipient = makeAddr("feeRecipient");
    address internal receiver = makeAddr("receiver");
    address internal partner = makeAddr("partner");
    address internal solver = makeAddr("solver");
    Account internal auctioneer;
    Account internal solverKey;
    Account internal swapper;
    uint256 private _nonce;

    function setUp() public virtual {
        vm.warp(1_750_000_000);
        auctioneer = makeAccount("auctioneer");
        solverKey = makeAccount("solverKey");
        swapper = makeAccount("swapper");
        deployPermit2();
        registry = SolverRegistry(deployCode("out/SolverRegistry.sol/SolverRegistry.json"));
        settlement = deploySettlement();
        tokenIn = deployToken("IN", 18);
        tokenOut = deployToken("OUT", 6);
        executor = new ScriptedExecutor(address(settlement), address(registry));
        executor.setConsent(solver, true);
        vm.prank(solver);
        registry.register(solverKey.addr, "https://solver.example");
        tokenIn.mint(swapper.addr, 1e30);
        tokenOut.mint(address(executor), 1e30);
        vm.prank(swapper.addr);
        tokenIn.approve(PERMIT2, type(uint256).max);
    }

    /// @dev As production deploys it: tests themselves are compiled with other, faster settings.
    function deploySettlement() internal returns (Settlement) {
        bytes memory arguments = abi.encode(
            PERMIT2,
            registry,
            owner,
            feeRecipient,
            1 days,
            _one(submitter),
            _one(auctioneer.addr),
            _one(pauser)
        );
        return Settlement(deployCode("out/Settlement.sol/Settlement.json", arguments));
    }

    function deployToken(string memory symbol, uint8 decimals) internal returns (TestToken) {
        return TestToken(deployCode("out/TestToken.sol/TestToken.json", abi.encode(symbol, symbol, decimals)));
    }

    function settle(Bundle memory bundle) internal {
        settle(_one(bundle));
    }

    function settle(Bundle[] memory bundles) internal {
        vm.prank(submitter);
        settlement.settle(bundles);
    }

    function settle(Bundle[] memory bundles, uint256 gasLimit) internal {
        vm.prank(submitter);
        settlement.settle{gas: gasLimit}(bundles);
    }

    function expectFailure(Bundle memory bundle, Fault fault, Step step, bytes32 reason) internal {
        vm.expectEmit(address(settlement));
        emit ISettlement.BundleFailed(bundle.award.bidHash, bundle.bid.solver, fault, step, reason);
    }

    function settleFails(Bundle memory bundle, Fault fault, Step step, bytes32 reason) internal {
        expectFailure(bundle, fault, step, reason);
        settle(bundle);
    }

    /// @notice 100 of tokenIn for at least 90 of tokenOut, unsigned.
    function anIntent() internal returns (SignedIntent memory signed) {
        signed.token = address(tokenIn);
        signed.amountIn = 100e18;
        signed.nonce = _nonce++;
        signed.deadline = block.timestamp + 1 hours;
        signed.intent.swapper = swapper.addr;
        signed.intent.tokenOut = address(tokenOut);
        signed.intent.minAmountOut = 90e6;
        signed.intent.receiver = receiver;
        signed.intent.openAfter = signed.deadline;
    }

    function sign(SignedIntent memory signed) internal view returns (SignedIntent memory) {
        signed.signature = signBy(swapper, settlement.intentHash(signed));
        return signed;
    }

    function aLeg(SignedIntent memory signed, uint256 amountOut, uint256 fee)
        internal
        view
        returns (Leg memory)
    {
        return Leg(settlement.intentHash(signed), amountOut, fee);
    }

    /// @notice The common case: one signed intent, bid at 95 with a fee of 1, awarded.
    function aBundle() internal returns (Bundle memory) {
        return aBundle(sign(anIntent()), 95e6, 1e6);
    }

    function aBundle(SignedIntent memory signed, uint256 amountOut, uint256 fee)
        internal
        view
        returns (Bundle memory bundle)
    {
        bundle.intents = new SignedIntent[](1);
        bundle.intents[0] = signed;
        bundle.bid.legs = new Leg[](1);
        bundle.bid.legs[0] = aLeg(signed, amountOut, fee);
        return award(fillIn(bundle));
    }

    /// @notice What an honest solver puts beside the legs.
    function fillIn(Bundle memory bundle) internal view returns (Bundle memory) {
        bundle.bid.auctionId = keccak256("auction");
        bundle.bid.solver = solver;
        bundle.bid.executor = address(executor);
        bundle.bid.validUntil = block.timestamp + 10;
        bundle.bid.callDataHash = keccak256(bundle.data);
        bundle.bid.gasLimit = CALLBACK_GAS;
        return bundle;
    }

    /// @notice Signs the bid as it stands, and awards it.
    function award(Bundle memory bundle) internal view returns (Bundle memory) {
        bytes32 hash = settlement.bidHash(bundle.bid);
        bundle.bidSignature = signBy(solverKey, hash);
        bundle.award = Award(hash, keccak256("transcript"), block.timestamp + 8);
        bundle.awardSignature = signBy(auctioneer, settlement.awardHash(bundle.award));
        return bundle;
    }

    function signBy(Account memory account, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(account.key, digest);
        return abi.encodePacked(r, s, v);
    }

    function _one(address account) internal pure returns (address[] memory list) {
        list = new address[](1);
        list[0] = account;
    }

    function _one(Bundle memory bundle) internal pure returns (Bundle[] memory list) {
        list = new Bundle[](1);
        list[0] = bundle;
    }

    function _two(Bundle memory first, Bundle memory second) internal pure returns (Bundle[] memory list) {
        list = new Bundle[](2);
        list[0] = first;
        list[1] = second;
    }
}
