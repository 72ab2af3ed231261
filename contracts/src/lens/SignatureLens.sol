// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

/// @title What accounts with code say of signatures, many at once
/// @notice Never deployed: eth_call runs it as the code of Permit2's address, by a state override, so that a wallet
/// is asked by the account that Permit2 will ask it as, and with as much gas as a fill leaves it. Whatever a wallet
/// does, the others are asked too.
contract SignatureLens {
    struct Claim {
        address account;
        bytes32 digest;
        bytes signature;
    }

    /// @param claim Which one, by its place
    /// @param delegate Where the account's EIP-7702 code points; 0 for a contract
    /// @param returned Whether isValidSignature returned, rather than reverted or ran out of gas
    /// @param size How many bytes it returned
    /// @param answer Their first 32
    /// @param gasUsed Of the call
    struct Answer {
        uint256 claim;
        address delegate;
        bool returned;
        uint256 size;
        bytes32 answer;
        uint256 gasUsed;
    }

    /// @notice The call has too little gas to ask every wallet with all that it may use.
    error TooLittleGas();

    /// @return answers Of those claims whose account has code, in their order
    function ask(Claim[] calldata claims, uint256 walletGas) external view returns (Answer[] memory answers) {
        answers = new Answer[](claims.length);
        uint256 count;
        for (uint256 i; i < claims.length; ++i) {
            if (claims[i].account.code.length == 0) continue;
            answers[count++] = _ask(claims[i], i, walletGas);
        }
        assembly ("memory-safe") {
            mstore(answers, count)
        }
    }

    function _ask(Claim calldata claim, uint256 place, uint256 walletGas)
        private
        view
        returns (Answer memory answer)
    {
        address account = claim.account;
        (answer.claim, answer.delegate) = (place, _delegate(account));
        bytes memory data = abi.encodeCall(IERC1271.isValidSignature, (claim.digest, claim.signature));
        // A call takes up to 2,600 more where it goes to a delegate, and hands on 63/64 of what is left.
        if (gasleft() < walletGas + walletGas / 63 + 5_000) revert TooLittleGas();
        uint256 before = gasleft();
        (bool returned, uint256 size, bytes32 word) = _call(account, walletGas, data);
        (answer.gasUsed, answer.returned, answer.size, answer.answer) =
        (before - gasleft(), returned, size, word);
    }

    /// @dev Never more than 32 bytes of answer are copied.
    function _call(address account, uint256 walletGas, bytes memory data)
        private
        view
        returns (bool returned, uint256 size, bytes32 word)
    {
        assembly ("memory-safe") {
            mstore(0x00, 0)
            returned := staticcall(walletGas, account, add(data, 0x20), mload(data), 0x00, 0x20)
            size := returndatasize()
            word := mload(0x00)
        }
    }

    /// @dev EIP-7702: the code is 0xef0100 and the delegate's address.
    function _delegate(address account) private view returns (address delegate) {
        if (account.code.length != 23) return address(0);
        uint256 code = uint256(bytes32(account.code)) >> 72;
        // forge-lint: disable-next-line(unsafe-typecast) the last 20 of its 23 bytes are the delegate
        if (code >> 160 == 0xef0100) delegate = address(uint160(code));
    }
}
