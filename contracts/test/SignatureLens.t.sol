// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

import {SignatureLens} from "../src/lens/SignatureLens.sol";
import {ScriptedWallet} from "./support/ScriptedWallet.sol";
import {Test} from "./support/Test.sol";
import {AskedByOne, PlainDelegate, SilentDelegate} from "./support/Wallets.sol";

/// @notice What the lens tells of each kind of wallet; EIP-7702 is tested on a chain that has it.
contract SignatureLensTest is Test {
    uint256 internal constant WALLET_GAS = 100_000;
    bytes32 internal constant MAGIC = bytes32(IERC1271.isValidSignature.selector);

    SignatureLens internal lens;

    function setUp() public {
        lens = SignatureLens(deployCode("out/SignatureLens.sol/SignatureLens.json"));
    }

    function test_OnlyAccountsWithCodeAreAsked() public {
        address wallet = address(scripted(ScriptedWallet.Act.Accept));
        SignatureLens.Answer[] memory answers =
            lens.ask(claims(makeAddr("plain"), wallet, makeAddr("plain too")), WALLET_GAS);
        assertEq(answers.length, 1);
        assertEq(answers[0].claim, 1);
        assertEq(answers[0].delegate, address(0));
        assertTrue(answers[0].returned);
        assertEq(answers[0].size, 32);
        assertEq(answers[0].answer, MAGIC);
        assertGt(answers[0].gasUsed, 500);
        assertLt(answers[0].gasUsed, 20_000);
    }

    function test_ARefusalAndARevert() public {
        address refuses = address(scripted(ScriptedWallet.Act.Refuse));
        address reverts = address(scripted(ScriptedWallet.Act.Revert));
        SignatureLens.Answer[] memory answers =
            lens.ask(claims(refuses, reverts, address(new PlainDelegate())), WALLET_GAS);
        assertTrue(answers[0].returned);
        assertEq(answers[0].answer, bytes32(bytes4(0xffffffff)));
        assertFalse(answers[1].returned);
        assertLt(answers[1].gasUsed, 20_000);
        assertFalse(answers[2].returned);
        assertEq(answers[2].size, 0);
    }

    function test_NothingIsAnAnswerToo() public {
        SignatureLens.Answer[] memory answers =
            lens.ask(claims(address(new SilentDelegate()), address(this), address(this)), WALLET_GAS);
        assertTrue(answers[0].returned);
        assertEq(answers[0].size, 0);
        assertEq(answers[0].answer, 0);
    }

    function test_AWalletThatBurnsAllItsGasStopsNobody() public {
        address burns = address(scripted(ScriptedWallet.Act.Burn));
        address accepts = address(scripted(ScriptedWallet.Act.Accept));
        SignatureLens.Answer[] memory answers =
            lens.ask{gas: 500_000}(claims(burns, accepts, burns), WALLET_GAS);
        assertFalse(answers[0].returned);
        assertGe(answers[0].gasUsed, WALLET_GAS);
        assertEq(answers[1].answer, MAGIC);
        assertFalse(answers[2].returned);
    }

    function test_AWalletIsNeverAskedWithLessGasThanItMayUse() public {
        address burns = address(scripted(ScriptedWallet.Act.Burn));
        vm.expectRevert(SignatureLens.TooLittleGas.selector);
        lens.ask{gas: 250_000}(claims(burns, burns, burns), WALLET_GAS);
    }

    function test_AWalletThatWritesIsRefusedAsPermit2Does() public {
        ScriptedWallet writes = scripted(ScriptedWallet.Act.Call);
        writes.script(
            ScriptedWallet.Act.Call,
            address(writes),
            abi.encodeCall(writes.script, (ScriptedWallet.Act.Accept, address(0), ""))
        );
        SignatureLens.Answer[] memory answers =
            lens.ask(claims(address(writes), address(writes), address(writes)), WALLET_GAS);
        assertFalse(answers[0].returned);
    }

    function test_ItAsksAsTheAddressWhoseCodeItIs() public {
        address permit2 = makeAddr("permit2");
        vm.etch(permit2, address(lens).code);
        address wallet = address(new AskedByOne(permit2));
        assertEq(SignatureLens(permit2).ask(claims(wallet, wallet, wallet), WALLET_GAS)[2].answer, MAGIC);
        assertEq(lens.ask(claims(wallet, wallet, wallet), WALLET_GAS)[2].answer, bytes32(bytes4(0xffffffff)));
    }

    function scripted(ScriptedWallet.Act act) private returns (ScriptedWallet wallet) {
        wallet = new ScriptedWallet();
        wallet.script(act, address(0), "");
    }

    function claims(address first, address second, address third)
        private
        pure
        returns (SignatureLens.Claim[] memory all)
    {
        all = new SignatureLens.Claim[](3);
        all[0] = SignatureLens.Claim(first, keccak256("first"), new bytes(65));
        all[1] = SignatureLens.Claim(second, keccak256("second"), new bytes(500));
        all[2] = SignatureLens.Claim(third, keccak256("third"), "");
    }
}
