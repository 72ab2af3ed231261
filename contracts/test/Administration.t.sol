// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

import {Settlement} from "../src/Settlement.sol";
import {Role} from "../src/Types.sol";
import {IAdministration} from "../src/interfaces/IAdministration.sol";
import {Venue} from "./support/Venue.sol";

contract AdministrationTest is Venue {
    address internal stranger = makeAddr("stranger");

    function test_TheFirstRolesWorkAtOnce() public view {
        assertTrue(settlement.hasRole(Role.Submitter, submitter));
        assertTrue(settlement.hasRole(Role.Auctioneer, auctioneer.addr));
        assertTrue(settlement.hasRole(Role.Pauser, pauser));
        assertFalse(settlement.hasRole(Role.Auctioneer, submitter));
        assertEq(settlement.owner(), owner);
    }

    function testFuzz_AGrantWaits(uint8 role_, address account, uint256 time) public {
        vm.assume(account != address(0));
        Role role = Role(bound(role_, 0, 2));
        vm.assume(!settlement.hasRole(role, account));
        uint256 from = block.timestamp + 1 days;
        vm.expectEmit(address(settlement));
        emit IAdministration.RoleGranted(role, account, from);
        vm.prank(owner);
        settlement.grantRole(role, account);
        time = bound(time, block.timestamp, from + 10 days);
        vm.warp(time);
        assertEq(settlement.hasRole(role, account), time >= from);
    }

    function test_ASecondGrantDoesNotRestartTheWait() public {
        vm.startPrank(owner);
        settlement.grantRole(Role.Pauser, stranger);
        uint256 from = settlement.roleActiveFrom(Role.Pauser, stranger);
        skip(1 hours);
        vm.expectRevert(
            abi.encodeWithSelector(IAdministration.AlreadyGranted.selector, Role.Pauser, stranger, from)
        );
        settlement.grantRole(Role.Pauser, stranger);
    }

    function test_ARevocationWorksAtOnce() public {
        vm.prank(owner);
        settlement.revokeRole(Role.Submitter, submitter);
        assertFalse(settlement.hasRole(Role.Submitter, submitter));
    }

    function test_AGrantThatWaitsCanBeRevoked() public {
        vm.startPrank(owner);
        settlement.grantRole(Role.Submitter, stranger);
        settlement.revokeRole(Role.Submitter, stranger);
        skip(2 days);
        assertFalse(settlement.hasRole(Role.Submitter, stranger));
        vm.expectRevert(abi.encodeWithSelector(IAdministration.NotGranted.selector, Role.Submitter, stranger));
        settlement.revokeRole(Role.Submitter, stranger);
    }

    function test_AnAccountGivesUpItsOwnRole() public {
        vm.prank(submitter);
        settlement.revokeRole(Role.Submitter, submitter);
        assertFalse(settlement.hasRole(Role.Submitter, submitter));
    }

    function test_OnlyTheOwner() public {
        bytes memory refusal = abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, stranger);
        vm.startPrank(stranger);
        vm.expectRevert(refusal);
        settlement.grantRole(Role.Submitter, stranger);
        vm.expectRevert(refusal);
        settlement.revokeRole(Role.Submitter, submitter);
        vm.expectRevert(refusal);
        settlement.setFeeRecipient(stranger);
        vm.expectRevert(refusal);
        settlement.transferOwnership(stranger);
        vm.expectRevert(refusal);
        settlement.acceptOwnership();
        vm.expectRevert(refusal);
        settlement.pause();
        vm.expectRevert(refusal);
        settlement.unpause();
    }

    function test_PauseByPauserAndOwner() public {
        vm.prank(pauser);
        settlement.pause();
        assertTrue(settlement.paused());
        vm.prank(pauser);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, pauser));
        settlement.unpause();
        vm.startPrank(owner);
        settlement.unpause();
        assertFalse(settlement.paused());
        settlement.pause();
        assertTrue(settlement.paused());
    }

    function test_OwnershipPassesInTwoSteps() public {
        vm.prank(owner);
        settlement.transferOwnership(stranger);
        assertEq(settlement.owner(), owner);
        vm.prank(stranger);
        settlement.acceptOwnership();
        assertEq(settlement.owner(), stranger);
    }

    function test_OwnershipIsNotGivenUp() public {
        vm.prank(owner);
        vm.expectRevert(IAdministration.OwnerRequired.selector);
        settlement.renounceOwnership();
    }

    function test_TheFeeRecipient() public {
        vm.startPrank(owner);
        settlement.setFeeRecipient(stranger);
        assertEq(settlement.feeRecipient(), stranger);
        for (uint256 i; i < 2; ++i) {
            address invalid = i == 0 ? address(0) : address(settlement);
            vm.expectRevert(abi.encodeWithSelector(IAdministration.InvalidAddress.selector, invalid));
            settlement.setFeeRecipient(invalid);
        }
    }

    function test_PartsWithoutCodeAreRefused() public {
        address[] memory none = new address[](0);
        vm.expectRevert(abi.encodeWithSelector(IAdministration.InvalidAddress.selector, stranger));
        new Settlement(stranger, address(registry), owner, feeRecipient, 0, none, none, none);
        vm.expectRevert(abi.encodeWithSelector(IAdministration.InvalidAddress.selector, stranger));
        new Settlement(PERMIT2, stranger, owner, feeRecipient, 0, none, none, none);
    }

    function test_TheDomainFollowsTheChain() public {
        bytes32 before = settlement.domainSeparator();
        bytes32 typeHash =
            keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
        vm.chainId(196);
        bytes32 expected =
            keccak256(abi.encode(typeHash, keccak256("Intendly"), keccak256("1"), 196, address(settlement)));
        assertNotEq(before, expected);
        assertEq(settlement.domainSeparator(), expected);
    }
}
