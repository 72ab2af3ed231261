// SPDX-License-Identifier: MIT
pragma solidity ^0.8.33;

import {Award, Bid, Intent, Leg, SignedIntent} from "../Types.sol";

/// @notice EIP-712 struct hashes of all that is signed. Structs in calldata whose members are all static lie
/// there as they are hashed, so they are copied rather than encoded.
library TypedData {
    string internal constant WITNESS_TYPE_STRING =
        "Intent witness)Intent(address swapper,address tokenOut,uint256 minAmountOut,address receiver,uint256 validFrom,uint256 openAfter,address partner,uint256 partnerFeeBps,bytes32 appData)TokenPermissions(address token,uint256 amount)";
    bytes32 internal constant PERMIT_TYPEHASH = keccak256(
        "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,Intent witness)Intent(address swapper,address tokenOut,uint256 minAmountOut,address receiver,uint256 validFrom,uint256 openAfter,address partner,uint256 partnerFeeBps,bytes32 appData)TokenPermissions(address token,uint256 amount)"
    );
    bytes32 internal constant TOKEN_PERMISSIONS_TYPEHASH =
        keccak256("TokenPermissions(address token,uint256 amount)");
    bytes32 internal constant INTENT_TYPEHASH = keccak256(
        "Intent(address swapper,address tokenOut,uint256 minAmountOut,address receiver,uint256 validFrom,uint256 openAfter,address partner,uint256 partnerFeeBps,bytes32 appData)"
    );
    bytes32 internal constant BID_TYPEHASH = keccak256(
        "Bid(Leg[] legs,bytes32 auctionId,address solver,address executor,uint256 validUntil,bytes32 callDataHash,uint256 gasLimit,uint256 penalty)Leg(bytes32 intentHash,uint256 amountOut,uint256 fee)"
    );
    bytes32 internal constant LEG_TYPEHASH =
        keccak256("Leg(bytes32 intentHash,uint256 amountOut,uint256 fee)");
    bytes32 internal constant AWARD_TYPEHASH =
        keccak256("Award(bytes32 bidHash,bytes32 transcriptRoot,uint256 exclusiveUntil)");
    bytes32 private constant PERMIT2_DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,uint256 chainId,address verifyingContract)");
    bytes32 private constant PERMIT2_NAME_HASH = keccak256("Permit2");

    /// @notice The witness' struct hash.
    function hash(Intent calldata intent) internal pure returns (bytes32 result) {
        bytes32 typeHash = INTENT_TYPEHASH;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, typeHash)
            calldatacopy(add(free, 0x20), intent, 0x120) // nine static members
            result := keccak256(free, 0x140)
        }
    }

    /// @notice The digest that Permit2 recovers from: the intent's hash.
    function intentDigest(SignedIntent calldata signed, bytes32 witness, address spender, bytes32 domain)
        internal
        pure
        returns (bytes32)
    {
        bytes32 permittedTypeHash = TOKEN_PERMISSIONS_TYPEHASH;
        bytes32 typeHash = PERMIT_TYPEHASH;
        bytes32 structHash;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, permittedTypeHash)
            calldatacopy(add(free, 0x20), signed, 0x40) // token and amountIn
            mstore(add(free, 0x20), keccak256(free, 0x60))
            mstore(free, typeHash)
            mstore(add(free, 0x40), shr(96, shl(96, spender)))
            calldatacopy(add(free, 0x60), add(signed, 0x40), 0x40) // nonce and deadline
            mstore(add(free, 0xa0), witness)
            structHash := keccak256(free, 0xc0)
        }
        return digest(domain, structHash);
    }

    function hash(Bid calldata bid) internal pure returns (bytes32 result) {
        bytes32 legs = hash(bid.legs);
        bytes32 typeHash = BID_TYPEHASH;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, typeHash)
            mstore(add(free, 0x20), legs)
            calldatacopy(add(free, 0x40), add(bid, 0x20), 0xe0) // the seven static members after legs
            result := keccak256(free, 0x120)
        }
    }

    function hash(Leg[] calldata legs) internal pure returns (bytes32 result) {
        bytes32 typeHash = LEG_TYPEHASH;
        assembly ("memory-safe") {
            let free := mload(0x40)
            let hashes := add(free, 0x80)
            let count := legs.length
            mstore(free, typeHash)
            for { let i := 0 } lt(i, count) { i := add(i, 1) } {
                calldatacopy(add(free, 0x20), add(legs.offset, mul(i, 0x60)), 0x60) // three static members
                mstore(add(hashes, mul(i, 0x20)), keccak256(free, 0x80))
            }
            result := keccak256(hashes, mul(count, 0x20))
        }
    }

    function hash(Award calldata award) internal pure returns (bytes32 result) {
        bytes32 typeHash = AWARD_TYPEHASH;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, typeHash)
            calldatacopy(add(free, 0x20), award, 0x60) // three static members
            result := keccak256(free, 0x80)
        }
    }

    /// @notice Permit2's domain separator on the current chain.
    function permit2Domain(address permit2) internal view returns (bytes32) {
        return keccak256(abi.encode(PERMIT2_DOMAIN_TYPEHASH, PERMIT2_NAME_HASH, block.chainid, permit2));
    }

    function digest(bytes32 domain, bytes32 structHash) internal pure returns (bytes32 result) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, "\x19\x01")
            mstore(add(free, 0x02), domain)
            mstore(add(free, 0x22), structHash)
            result := keccak256(free, 0x42)
        }
    }
}
