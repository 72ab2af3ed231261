// SPDX-License-Identifier: MIT
pragma solidity ^0.8.33;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @notice ECDSA signatures of 65 bytes, or of 64 by EIP-2098; a high s is refused.
library Signature {
    /// @return signer 0 if the signature is none
    function recover(bytes calldata signature, bytes32 digest) internal pure returns (address signer) {
        bytes32 r;
        bytes32 s;
        uint8 v;
        assembly ("memory-safe") {
            r := calldataload(signature.offset)
            s := calldataload(add(signature.offset, 0x20))
            v := byte(0, calldataload(add(signature.offset, 0x40)))
        }
        if (signature.length == 65) (signer,,) = ECDSA.tryRecover(digest, v, r, s);
        else if (signature.length == 64) (signer,,) = ECDSA.tryRecover(digest, r, s);
    }
}
