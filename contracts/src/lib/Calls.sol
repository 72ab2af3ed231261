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
        returns (bool ok, bytes32 answer)
    {
        bytes4 selector = IERC20.transferFrom.selector;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, selector)
            mstore(add(free, 0x04), shr(96, shl(96, from)))
            mstore(add(free, 0x24), shr(96, shl(96, to)))
            mstore(add(free, 0x44), amount)
            mstore(0x00, 0)
            ok := call(gasCap, token, 0, free, 0x64, 0x00, 0x20)
            answer := mload(0x00)
            ok := and(ok, or(iszero(returndatasize()), eq(answer, 1))) // a 1 takes 32 bytes
        }
    }

    /// @return ok Whether there was an answer of at least 32 bytes
    function balanceOf(address token, address account, uint256 gasCap)
        internal
        view
        returns (bool ok, uint256 held)
    {
        bytes4 selector = IERC20.balanceOf.selector;
        assembly ("memory-safe") {
            mstore(0x00, selector)
            mstore(0x04, shr(96, shl(96, account)))
            ok := staticcall(gasCap, token, 0x00, 0x24, 0x00, 0x20)
            ok := and(ok, gt(returndatasize(), 0x1f))
            held := mload(0x00)
        }
    }
}
