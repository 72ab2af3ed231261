// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @notice A wallet of three owners, two of whom sign: two signatures of 65 bytes, one after the other, their
/// signers in ascending order. It calls what its first owner tells it to.
contract TwoOfThree is IERC1271 {
    address[3] public owners;

    constructor(address[3] memory owners_) {
        owners = owners_;
    }

    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        if (signature.length != 130) return 0xffffffff;
        address first = ECDSA.recover(digest, signature[:65]);
        address second = ECDSA.recover(digest, signature[65:]);
        return
            first < second && _isOwner(first) && _isOwner(second) ? this.isValidSignature.selector : bytes4(0);
    }

    function execute(address target, bytes calldata data) external {
        require(msg.sender == owners[0]);
        (bool ok,) = target.call(data);
        require(ok);
    }

    function _isOwner(address account) private view returns (bool) {
        return account == owners[0] || account == owners[1] || account == owners[2];
    }
}

/// @notice What an account may delegate to (EIP-7702) to sign with its own key, for as much gas as the signature's
/// length says: the bytes behind the first 65 are how many thousands.
contract OwnKeyDelegate is IERC1271 {
    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        uint256 before = gasleft();
        bool good = ECDSA.recover(digest, signature[:65]) == address(this);
        while (before - gasleft() < 1_000 * (signature.length - 65)) {}
        return good ? this.isValidSignature.selector : bytes4(0xffffffff);
    }
}

/// @notice A wallet that lets one account alone ask, as wallets do that know what each of their keys is for.
contract AskedByOne is IERC1271 {
    address public immutable ASKER;

    constructor(address asker) {
        ASKER = asker;
    }

    function isValidSignature(bytes32, bytes calldata) external view returns (bytes4) {
        return msg.sender == ASKER ? this.isValidSignature.selector : bytes4(0xffffffff);
    }
}

/// @notice A delegate that takes coins and calls, and knows nothing of signatures.
contract SilentDelegate {
    receive() external payable {}

    fallback() external payable {}
}

/// @notice A delegate without isValidSignature.
contract PlainDelegate {
    receive() external payable {}
}
