// SPDX-License-Identifier: MIT
pragma solidity ^0.8.33;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @notice Calls to code that isn't ours: with a cap on gas, and never more than 32 bytes of answer copied.
library Calls {
    /// @return ok Whether the call went through
    /// @return answer Up to 32 bytes of what it returned or reverted with
    /// @return size How much there was
    function capped(address target, uint256 gasCap, bytes memory data)
        internal
        returns (bool ok, bytes32 answer, uint256 size)
    {
        assembly ("memory-safe") {
            mstore(0x00, 0)
            ok := call(gasCap, target, 0, add(data, 0x20), mload(data), 0x00, 0x20)
            answer := mload(0x00)
            size := returndatasize()
        }
    }

    /// @notice transferFrom, of tokens that return true or nothing.
    function transferFrom(address token, address from, address to, uint256 amount, uint256 gasCap)
        internal
        returns (bool, bytes32)
    {
        (bool ok, bytes32 answer, uint256 size) =
            capped(token, gasCap, abi.encodeCall(IERC20.transferFrom, (from, to, amount)));
        return (ok && (size == 0 || (size >= 32 && uint256(answer) == 1)), answer);
    }

    /// @return ok Whether there was an answer of at least 32 bytes
    function balanceOf(address token, address account, uint256 gasCap)
        internal
        view
        returns (bool ok, uint256 held)
    {
        bytes memory data = abi.encodeCall(IERC20.balanceOf, (account));
        assembly ("memory-safe") {
            ok := staticcall(gasCap, token, add(data, 0x20), mload(data), 0x00, 0x20)
            ok := and(ok, gt(returndatasize(), 0x1f))
            held := mload(0x00)
        }
    }
}
