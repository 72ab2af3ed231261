// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

import {PriceFeed} from "../src/local/PriceFeed.sol";
import {Test} from "./support/Test.sol";

contract PriceFeedTest is Test {
    PriceFeed internal feed;
    address internal owner = makeAddr("owner");

    function setUp() public {
        vm.warp(1_750_000_000);
        feed = new PriceFeed(8, "ETH / USD", 3000e8, owner);
    }

    function testFuzz_APrice(int256 price) public {
        skip(60);
        vm.prank(owner);
        feed.setPrice(price);
        (uint80 round, int256 answer,, uint256 updatedAt, uint80 answeredIn) = feed.latestRoundData();
        assertEq(round, 2);
        assertEq(answer, price);
        assertEq(updatedAt, 1_750_000_060);
        assertEq(answeredIn, 2);
        (, answer,, updatedAt,) = feed.getRoundData(1);
        assertEq(answer, 3000e8);
        assertEq(updatedAt, 1_750_000_000);
    }

    function test_AStalePrice() public {
        vm.prank(owner);
        feed.setPriceAt(2900e8, 1_749_000_000);
        (, int256 answer,, uint256 updatedAt,) = feed.latestRoundData();
        assertEq(answer, 2900e8);
        assertEq(updatedAt, 1_749_000_000);
    }

    function test_OnlyTheOwner() public {
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, address(this)));
        feed.setPrice(1);
    }
}
