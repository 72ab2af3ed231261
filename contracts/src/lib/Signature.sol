// SPDX-License-Identifier: MIT
pragma solidity ^0.8.33;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @notice ECDSA signatures of 65 bytes, or of 64 by EIP-2098; a high s is refused.
library Signature {
    /// @return signer 0 if the signature is none
    function recover(bytes calldata signature, bytes32 digest) internal pure returns (address signer) {
        if (signature.length == 65) {
            bytes32 r = bytes32(signature[0:32]);
            bytes32 s = bytes32(signature[32:64]);
            (signer,,) = ECDSA.tryRecover(digest, uint8(signature[64]), r, s);
        } else if (signature.length == 64) {
            (signer,,) = ECDSA.tryRecover(digest, bytes32(signature[0:32]), bytes32(signature[32:64]));
        }
    }
}
