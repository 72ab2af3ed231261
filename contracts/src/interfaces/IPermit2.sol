// SPDX-License-Identifier: MIT
pragma solidity ^0.8.33;

/// @title The one function of Permit2 that Settlement calls
/// @notice The layout is that of Permit2's ISignatureTransfer.
interface IPermit2 {
    struct TokenPermissions {
        address token;
        uint256 amount;
    }

    struct PermitTransferFrom {
        TokenPermissions permitted;
        uint256 nonce;
        uint256 deadline;
    }

    struct SignatureTransferDetails {
        address to;
        uint256 requestedAmount;
    }

    /// @notice Transfers a token by the owner's signature, which covers the witness too.
    /// @param permit What was signed; the spender signed for is the caller
    /// @param transferDetails Where to, and how much of the permitted amount
    /// @param owner Whose signature and tokens
    /// @param witness The EIP-712 struct hash of the witness
    /// @param witnessTypeString The rest of the type string, from the witness member on
    /// @param signature 65 or 64 bytes of an EOA, or whatever a contract wallet's isValidSignature takes
    function permitWitnessTransferFrom(
        PermitTransferFrom memory permit,
        SignatureTransferDetails calldata transferDetails,
        address owner,
        bytes32 witness,
        string calldata witnessTypeString,
        bytes calldata signature
    ) external;
}
