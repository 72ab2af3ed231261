// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Test} from "./support/Test.sol";

/// @notice That what is deployed was built with the default settings, not with those of the tests.
contract ArtifactsTest is Test {
    function test_DeployablesAreBuiltForProduction() public view {
        string[7] memory names = [
            "Settlement",
            "SolverRegistry",
            "PoolExecutor",
            "InventoryExecutor",
            "SignatureLens",
            "TestToken",
            "PriceFeed"
        ];
        for (uint256 i; i < names.length; ++i) {
            string memory artifact = vm.readFile(string.concat("out/", names[i], ".sol/", names[i], ".json"));
            assertTrue(vm.parseJsonBool(artifact, ".metadata.settings.viaIR"), names[i]);
            assertEq(vm.parseJsonUint(artifact, ".metadata.settings.optimizer.runs"), 1_000_000, names[i]);
        }
    }
}
