// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Test} from "./support/Test.sol";

import {Settlement} from "../src/Settlement.sol";
import {Award, Bid, SignedIntent} from "../src/Types.sol";
import {Signature} from "../src/lib/Signature.sol";
import {TypedData} from "../src/lib/TypedData.sol";
import {RealPermit2} from "./support/RealPermit2.sol";

/// @notice Holds the contracts to the vectors that the SDK, eth-account and viem are held to: each vector is
/// hashed by the real Settlement, at the address and on the chain that the vector names.
contract VectorsTest is Test, RealPermit2 {
    string private constant FILE = "../tests/vectors/eip712.json";

    string private _json;
    uint256 private _count;
    uint256 private _checked;

    function setUp() public {
        deployPermit2();
        _json = vm.readFile(FILE);
        _count = vm.parseJsonUint(_json, ".count");
    }

    function test_everyDigestAndSignerIsTheContracts() public {
        assertGe(_count, 50);
        for (uint256 i; i < _count; ++i) {
            _check(string.concat(".vectors[", vm.toString(i), "]"));
        }
        assertEq(_checked, _count);
    }

    function test_theTypesAreTheContracts() public view {
        assertEq(_typeHash("PermitWitnessTransferFrom"), TypedData.PERMIT_TYPEHASH);
        assertEq(_typeHash("Intent"), TypedData.INTENT_TYPEHASH);
        assertEq(_typeHash("TokenPermissions"), TypedData.TOKEN_PERMISSIONS_TYPEHASH);
        assertEq(_typeHash("Bid"), TypedData.BID_TYPEHASH);
        assertEq(_typeHash("Leg"), TypedData.LEG_TYPEHASH);
        assertEq(_typeHash("Award"), TypedData.AWARD_TYPEHASH);
    }

    function test_anotherChainGivesAnotherDigest() public {
        string memory at = ".vectors[0]";
        Settlement settlement = _settlementOf(at);
        bytes memory encoded = vm.parseJsonBytes(_json, string.concat(at, ".abi"));
        vm.chainId(block.chainid + 1);
        bytes32 digest = _digest(settlement, vm.parseJsonString(_json, string.concat(at, ".kind")), encoded);
        assertNotEq(digest, vm.parseJsonBytes32(_json, string.concat(at, ".digest")));
    }

    function _check(string memory at) private {
        string memory name = vm.parseJsonString(_json, string.concat(at, ".name"));
        bytes32 expected = vm.parseJsonBytes32(_json, string.concat(at, ".digest"));
        address signer = vm.parseJsonAddress(_json, string.concat(at, ".signer"));
        bytes memory signature = vm.parseJsonBytes(_json, string.concat(at, ".signature"));
        bytes memory encoded = vm.parseJsonBytes(_json, string.concat(at, ".abi"));
        string memory kind = vm.parseJsonString(_json, string.concat(at, ".kind"));

        assertEq(_digest(_settlementOf(at), kind, encoded), expected, name);
        assertEq(_recoverAsPermit2(expected, signature), signer, name);
        // Bids and awards: the low s alone.
        bool high = _same(vm.parseJsonString(_json, string.concat(at, ".form")), "high_s");
        assertEq(this.recoverAsSettlement(expected, signature), high ? address(0) : signer, name);
        ++_checked;
    }

    function _digest(Settlement settlement, string memory kind, bytes memory encoded)
        private
        view
        returns (bytes32)
    {
        if (_same(kind, "PermitWitnessTransferFrom")) {
            return settlement.intentHash(abi.decode(encoded, (SignedIntent)));
        }
        if (_same(kind, "Bid")) return settlement.bidHash(abi.decode(encoded, (Bid)));
        if (_same(kind, "Award")) return settlement.awardHash(abi.decode(encoded, (Award)));
        // Not hashed on chain: static members, which lie in the ABI's encoding as EIP-712 hashes them.
        bytes32 structHash = keccak256(bytes.concat(_typeHash(kind), encoded));
        return keccak256(bytes.concat("\x19\x01", settlement.domainSeparator(), structHash));
    }

    function _settlementOf(string memory at) private returns (Settlement) {
        address where = vm.parseJsonAddress(_json, string.concat(at, ".settlement"));
        vm.chainId(vm.parseJsonUint(_json, string.concat(at, ".chain_id")));
        if (where.code.length == 0) {
            address[] memory none = new address[](0);
            bytes memory arguments =
                abi.encode(PERMIT2, CREATE2_DEPLOYER, address(2), address(3), 1 days, none, none, none);
            deployCodeTo("Settlement.sol:Settlement", arguments, where);
        }
        return Settlement(where);
    }

    function recoverAsSettlement(bytes32 digest, bytes calldata signature) external pure returns (address) {
        return Signature.recover(signature, digest);
    }

    /// @dev As Permit2's SignatureVerification does for an account without code.
    function _recoverAsPermit2(bytes32 digest, bytes memory signature) private pure returns (address) {
        bytes32 r;
        bytes32 s;
        assembly ("memory-safe") {
            r := mload(add(signature, 0x20))
            s := mload(add(signature, 0x40))
        }
        if (signature.length == 65) return ecrecover(digest, uint8(signature[64]), r, s);
        assertEq(signature.length, 64);
        return ecrecover(digest, uint8(27 + (uint256(s) >> 255)), r, s & bytes32(type(uint256).max >> 1));
    }

    function _typeHash(string memory kind) private view returns (bytes32) {
        return vm.parseJsonBytes32(_json, string.concat(".type_hashes.", kind));
    }

    function _same(string memory a, string memory b) private pure returns (bool) {
        return keccak256(bytes(a)) == keccak256(bytes(b));
    }
}
