// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {CommonBase} from "forge-std/Base.sol";

/// @notice Puts the real Permit2 at its canonical address, as everywhere: its init code, its salt, and the
/// CREATE2 deployer.
abstract contract RealPermit2 is CommonBase {
    address internal constant PERMIT2 = 0x000000000022D473030F116dDEE9F6B43aC78BA3;
    address internal constant CREATE2_DEPLOYER = 0x4e59b44847b379578588920cA78FbF26c0B4956C;
    bytes32 internal constant PERMIT2_SALT =
        0x0000000000000000000000000000000000000000d3af2663da51c10215000000;
    bytes32 internal constant PERMIT2_INIT_CODE_HASH =
        0xe2be1e05eedf35dacd66c65c862f8150ff9ab4b6b24b9bbe62be71b6b16cf0f8;

    error NoPermit2();

    function permit2InitCode() internal view returns (bytes memory) {
        return vm.getCode("out-permit2/Permit2.sol/Permit2.json");
    }

    function deployPermit2() internal {
        (bool ok,) = CREATE2_DEPLOYER.call(bytes.concat(PERMIT2_SALT, permit2InitCode()));
        if (!ok || PERMIT2.code.length == 0) revert NoPermit2();
    }
}
