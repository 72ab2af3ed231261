// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Bid, Bundle, Fault, FillLeg, Leg, Role, SignedIntent, Step} from "./Types.sol";
import {IExecutor} from "./interfaces/IExecutor.sol";
import {ISettlement} from "./interfaces/ISettlement.sol";
import {Calls} from "./lib/Calls.sol";
import {Reason} from "./lib/Reason.sol";
import {TypedData} from "./lib/TypedData.sol";
import {Administration} from "./settlement/Administration.sol";
import {AwardedBid} from "./settlement/AwardedBid.sol";
import {Input} from "./settlement/Input.sol";

/// @title Settlement: entry points and frames
/// @notice See ISettlement.
contract Settlement is AwardedBid {
    /// @param permit2 The chain's Permit2
    /// @param registry The SolverRegistry
    /// @param owner_ Grants and revokes roles, lifts a pause, names the fee recipient
    /// @param feeRecipient_ Where the house's fees go
    /// @param grantDelay Seconds that a later grant of a role waits
    /// @param submitters, auctioneers, pausers Who holds the roles from the start
    constructor(
        address permit2,
        address registry,
        address owner_,
        address feeRecipient_,
        uint256 grantDelay,
        address[] memory submitters,
        address[] memory auctioneers,
        address[] memory pausers
    ) Input(permit2) Administration(owner_, feeRecipient_, grantDelay) AwardedBid(registry) {
        if (permit2.code.length == 0) revert InvalidAddress(permit2);
        if (registry.code.length == 0) revert InvalidAddress(registry);
        _grantNow(Role.Submitter, submitters);
        _grantNow(Role.Auctioneer, auctioneers);
        _grantNow(Role.Pauser, pausers);
    }

    /// @inheritdoc ISettlement
    function settle(Bundle[] calldata bundles) external nonReentrant whenNotPaused onlyRole(Role.Submitter) {
        uint256 count = bundles.length;
        for (uint256 i; i < count; ++i) {
            Bundle calldata bundle = bundles[i];
            (bool wellFormed, uint256 size) = _size(bundles, bundle, i);
            if (!wellFormed) revert MalformedBundles(i);
            if (!_withinCaps(bundle)) {
                _tellOfFailure(bundle, Fault.Submitter, Step.Bid, Reason.OVER_CAPS);
                continue;
            }
            uint256 budget = frameGas(bundle.intents.length, bundle.bid.gasLimit);
            uint256 needed = _needed(budget, size, count - i);
            if (gasleft() < needed) {
                if (i == 0) revert InsufficientGas(gasleft(), needed);
                for (; i < count; ++i) {
                    emit NotTried(bundles[i].award.bidHash);
                }
                break;
            }
            if (!_openFrame(bundle, size, budget)) _tellOfFrame(bundle);
        }
    }

    /// @inheritdoc ISettlement
    function fillOpen(SignedIntent calldata signedIntent, uint256 amountOut, bytes calldata data)
        external
        nonReentrant
        whenNotPaused
    {
        if (block.timestamp <= signedIntent.intent.openAfter) {
            revert FillFailed(Fault.Submitter, Step.Intent, Reason.NOT_OPEN);
        }
        _checkExecutor(msg.sender);
        uint256 fee = _partnerFee(signedIntent.intent);
        FillLeg[] memory legs = new FillLeg[](1);
        legs[0] = _take(signedIntent, 0, amountOut, fee, msg.sender);
        _callBack(msg.sender, gasleft(), abi.encodeCall(IExecutor.onFill, (0, msg.sender, legs, data)));
        _pay(signedIntent.intent, legs[0], 0, msg.sender, msg.sender);
    }

    /// @notice One bundle, all or nothing. Only the contract itself calls it, from settle.
    function frame(Bundle calldata bundle) external {
        if (msg.sender != address(this)) revert OnlySelf(msg.sender);
        Bid calldata bid = bundle.bid;
        bytes32 hash = _checkAwardedBid(bundle, bid);
        SignedIntent[] calldata intents = bundle.intents;
        uint256 count = intents.length;
        FillLeg[] memory legs = new FillLeg[](count);
        for (uint256 i; i < count; ++i) {
            Leg calldata leg = bid.legs[i];
            legs[i] = _take(intents[i], leg.intentHash, leg.amountOut, leg.fee, bid.executor);
        }
        bytes memory call = abi.encodeCall(IExecutor.onFill, (hash, bid.solver, legs, bundle.data));
        uint256 left = gasleft();
        if (left - left / 64 < bid.gasLimit || left < _callbackAndAfter(count, bid.gasLimit)) {
            revert FillFailed(Fault.None, Step.Callback, Reason.GAS_ACCOUNTING);
        }
        _callBack(bid.executor, bid.gasLimit, call);
        for (uint256 i; i < count; ++i) {
            _pay(intents[i].intent, legs[i], hash, bid.solver, bid.executor);
        }
    }

    /// @inheritdoc ISettlement
    function requiredGas(Bundle[] calldata bundles) external pure returns (uint256 total) {
        for (uint256 i; i < bundles.length; ++i) {
            Bundle calldata bundle = bundles[i];
            (bool wellFormed, uint256 size) = _size(bundles, bundle, i);
            if (!wellFormed) revert MalformedBundles(i);
            total += _needed(frameGas(bundle.intents.length, bundle.bid.gasLimit), size, 1);
        }
        return total + ENTRY_OVERHEAD;
    }

    /// @inheritdoc ISettlement
    function intentHash(SignedIntent calldata signedIntent) external view returns (bytes32) {
        return _intentDigest(signedIntent, TypedData.hash(signedIntent.intent));
    }

    /// @dev Hands the frame its bundle as it lies in our calldata: offsets in it are relative to its start.
    function _openFrame(Bundle calldata bundle, uint256 size, uint256 budget) private returns (bool ok) {
        bytes4 selector = this.frame.selector;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, selector)
            mstore(add(free, 0x04), 0x20)
            calldatacopy(add(free, 0x24), bundle, size)
            ok := call(budget, address(), 0, free, add(size, 0x24), 0x00, 0x00)
        }
    }

    /// @dev Reads why the last frame reverted. Nothing in a frame passes on what others reverted with, so a
    /// typed error is ours; anything else is nobody's fault.
    function _tellOfFrame(Bundle calldata bundle) private {
        bytes4 selector = FillFailed.selector;
        uint256 fault;
        uint256 step;
        bytes32 reason;
        assembly ("memory-safe") {
            if eq(returndatasize(), 0x64) {
                let free := mload(0x40)
                returndatacopy(free, 0, 0x64)
                if eq(and(mload(free), shl(224, 0xffffffff)), selector) {
                    fault := mload(add(free, 0x04))
                    step := mload(add(free, 0x24))
                    reason := mload(add(free, 0x44))
                }
            }
        }
        _tellOfFailure(bundle, Fault(fault), Step(step), reason);
    }

    function _tellOfFailure(Bundle calldata bundle, Fault fault, Step step, bytes32 reason) private {
        emit BundleFailed(bundle.award.bidHash, bundle.bid.solver, fault, step, reason);
    }

    function _callBack(address executor, uint256 gasLimit, bytes memory call) private {
        (bool ok, bytes32 answer,) = Calls.capped(executor, gasLimit, call);
        if (!ok) revert FillFailed(Fault.Solver, Step.Callback, answer);
    }
}
