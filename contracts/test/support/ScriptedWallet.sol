// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ITokensReceiver} from "./OddToken.sol";

/// @notice A contract wallet, or a receiver with hooks, that does as a test tells it to.
contract ScriptedWallet is ITokensReceiver {
    enum Act {
        Accept,
        Refuse,
        Revert,
        Burn,
        Call // the target, and revert with what it reverted with
    }

    Act public act;
    address public target;
    bytes public payload;

    function script(Act act_, address target_, bytes calldata payload_) external {
        (act, target, payload) = (act_, target_, payload_);
    }

    function approve(address token, address spender) external {
        (bool ok,) =
            token.call(abi.encodeWithSignature("approve(address,uint256)", spender, type(uint256).max));
        require(ok);
    }

    function isValidSignature(bytes32, bytes calldata) external returns (bytes4) {
        _act();
        return act == Act.Refuse ? bytes4(0xffffffff) : bytes4(0x1626ba7e);
    }

    function onTokens() external {
        _act();
    }

    function _act() private {
        if (act == Act.Revert) revert("wallet");
        if (act == Act.Burn) {
            while (true) {}
        }
        if (act != Act.Call) return;
        (bool ok, bytes memory answer) = target.call(payload);
        if (ok) return;
        assembly {
            revert(add(answer, 0x20), mload(answer))
        }
    }
}
