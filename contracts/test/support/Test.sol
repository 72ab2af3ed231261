// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {TestBase} from "forge-std/Base.sol";
import {StdAssertions} from "forge-std/StdAssertions.sol";
import {StdCheats} from "forge-std/StdCheats.sol";
import {StdUtils} from "forge-std/StdUtils.sol";

/// @notice forge-std's Test less its console: that alone makes more compiler warnings than solc reports, and
/// would so hide ours.
abstract contract Test is TestBase, StdAssertions, StdCheats, StdUtils {
    bool public constant IS_TEST = true;
}
