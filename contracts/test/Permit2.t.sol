// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {RealPermit2} from "./support/RealPermit2.sol";
import {Test} from "./support/Test.sol";

/// @notice That the Permit2 of these tests is the one that is deployed everywhere.
contract Permit2Test is Test, RealPermit2 {
    function test_TheInitCodeIsTheCanonicalOne() public view {
        assertEq(keccak256(permit2InitCode()), PERMIT2_INIT_CODE_HASH);
    }

    function test_TheAddressFollowsFromIt() public pure {
        assertEq(vm.computeCreate2Address(PERMIT2_SALT, PERMIT2_INIT_CODE_HASH, CREATE2_DEPLOYER), PERMIT2);
    }

    function test_ItDeploysThere() public {
        deployPermit2();
        assertGt(PERMIT2.code.length, 0);
    }
}
