// SPDX-License-Identifier: MIT
pragma solidity ^0.8.33;

/// @notice What a swapper wants beyond what Permit2 itself binds: the witness of the Permit2 signature.
struct Intent {
    address swapper; // Permit2's owner
    address tokenOut;
    uint256 minAmountOut; // what the receiver gets at least, after every fee
    address receiver;
    uint256 validFrom; // unix seconds, inclusive
    uint256 openAfter; // unix seconds; anyone may fill strictly after it, so the deadline means never
    address partner; // 0 for none
    uint256 partnerFeeBps; // of minAmountOut, paid on top of amountOut
    bytes32 appData;
}

/// @notice An intent with Permit2's own fields and the swapper's signature over both.
struct SignedIntent {
    address token;
    uint256 amountIn;
    uint256 nonce;
    uint256 deadline; // unix seconds, inclusive
    Intent intent;
    bytes signature;
}

/// @notice A solver's promise for one intent.
struct Leg {
    bytes32 intentHash; // the digest that the swapper signed
    uint256 amountOut; // what the receiver gets
    uint256 fee; // house and partner together, in tokenOut, on top of amountOut
}

/// @notice What a solver signs: one leg is the common case, several are filled together or not at all.
struct Bid {
    Leg[] legs;
    bytes32 auctionId;
    address solver;
    address executor;
    uint256 validUntil; // unix seconds, inclusive
    bytes32 callDataHash; // keccak256 of the data handed to the executor
    uint256 gasLimit; // of the executor's callback
    uint256 penalty; // must be 0
}

/// @notice What the auctioneer signs.
struct Award {
    bytes32 bidHash;
    bytes32 transcriptRoot;
    uint256 exclusiveUntil; // unix seconds, exclusive: the award is void from then on
}

/// @notice One awarded bid with all that it takes to settle it.
struct Bundle {
    SignedIntent[] intents; // one for each leg, in the order of the legs
    Bid bid;
    bytes bidSignature;
    bytes data;
    Award award;
    bytes awardSignature;
}

/// @notice A leg as the executor sees it: it was given amountIn and owes amountOut + fee.
struct FillLeg {
    bytes32 intentHash;
    address tokenIn;
    uint256 amountIn;
    address tokenOut;
    uint256 amountOut;
    uint256 fee;
}

/// @notice Who a failed bundle is on.
enum Fault {
    None, // nobody's that the contract can name
    Swapper,
    Token,
    Solver,
    Submitter, // the house: what it submitted was not what was signed, not allowed, or late
    Receiver
}

/// @notice The step of ours that failed.
enum Step {
    None,
    Award,
    Bid,
    Executor,
    Intent,
    Pull,
    Callback,
    Payout,
    Fee
}

/// @notice What an account may do.
enum Role {
    Submitter, // call settle
    Auctioneer, // sign awards
    Pauser // pause
}
