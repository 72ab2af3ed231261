// SPDX-License-Identifier: MIT
pragma solidity ^0.8.33;

import {Award, Bid, Bundle, Fault, SignedIntent, Step} from "../Types.sol";

/// @title Where a signed intent becomes tokens in the receiver's wallet
/// @notice Holds no token between calls, makes one fixed call to an executor, and is not upgradeable. What an
/// attacker with every key of the house can take from a swapper is at most what lies between the best bid
/// and the signed minimum.
interface ISettlement {
    /// @notice An intent was filled.
    /// @param intentHash The Permit2 digest that the swapper signed
    /// @param bidHash The bid's EIP-712 digest; 0 for an open fill
    /// @param solver Who signed the bid; the executor for an open fill
    /// @param amountOut What was measured at the receiver, in tokenOut
    /// @param fee What was paid to house and partner, in tokenOut, on top of amountOut
    event Fill(
        bytes32 indexed intentHash,
        bytes32 indexed bidHash,
        address indexed swapper,
        address solver,
        address tokenIn,
        uint256 amountIn,
        address tokenOut,
        uint256 amountOut,
        uint256 fee
    );

    /// @notice A bundle failed and left nothing behind; the others of the call are untouched.
    /// @param bidHash As named by the award
    /// @param reason One of the words in Reason.sol, or up to 32 bytes of what a foreign contract reverted
    /// with at the steps Pull, Callback, Payout and Fee; evidence of nothing
    event BundleFailed(
        bytes32 indexed bidHash, address indexed solver, Fault fault, Step step, bytes32 reason
    );

    /// @notice The call's gas ran short before this bundle: it may be tried again.
    event NotTried(bytes32 indexed bidHash);

    /// @notice A recipient that can't be paid was left out; the executor was able to pay.
    event FeeSkipped(bytes32 indexed intentHash, address indexed recipient, uint256 amount);

    /// @notice Why a fill ended; surfaces from fillOpen, and as BundleFailed from settle.
    error FillFailed(Fault fault, Step step, bytes32 reason);
    /// @notice Less gas than the first bundle could use, with what was left and what it takes.
    error InsufficientGas(uint256 available, uint256 needed);
    /// @notice The bundles are not laid out one after the other, as every ABI encoder does.
    error MalformedBundles(uint256 index);
    /// @notice Only the contract itself opens a frame or a probe.
    error OnlySelf(address caller);
    /// @notice How a probe answers: it always reverts, so that nothing that it did stays.
    error Probed(bool payable_);

    /// @notice Fills awarded bundles, each in a frame of its own. For submitters, while not paused.
    /// @dev Set the gas limit from requiredGas (or the constants), never from an estimate.
    function settle(Bundle[] calldata bundles) external;

    /// @notice Fills an intent strictly after its openAfter, with the caller as executor: it is called back
    /// with onFill(0, itself, …) and all gas. The fee is the partner's share alone.
    /// @param signedIntent The intent with the swapper's signature
    /// @param amountOut What the receiver gets, at or above minAmountOut
    /// @param data Handed back to the caller
    function fillOpen(SignedIntent calldata signedIntent, uint256 amountOut, bytes calldata data) external;

    /// @notice The gas that settle needs for these bundles if each uses all that it may, without the
    /// transaction's own cost (21,000 and its calldata).
    function requiredGas(Bundle[] calldata bundles) external pure returns (uint256);

    /// @notice The digest that the swapper signs, and the intent's name everywhere.
    function intentHash(SignedIntent calldata signedIntent) external view returns (bytes32);

    /// @notice The digest that the solver signs.
    function bidHash(Bid calldata bid) external view returns (bytes32);

    /// @notice The digest that the auctioneer signs.
    function awardHash(Award calldata award) external view returns (bytes32);

    /// @notice The EIP-712 domain separator on the current chain.
    function domainSeparator() external view returns (bytes32);
}
