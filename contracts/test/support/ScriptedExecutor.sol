// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {FillLeg, SignedIntent} from "../../src/Types.sol";
import {IExecutor} from "../../src/interfaces/IExecutor.sol";
import {ISettlement} from "../../src/interfaces/ISettlement.sol";
import {ISolverRegistry} from "../../src/interfaces/ISolverRegistry.sol";

/// @notice An executor that pays from what it holds, or misbehaves as a test tells it to. It trusts its caller
/// blindly, so that what is tested is Settlement's care and not the executor's.
contract ScriptedExecutor is IExecutor {
    enum Act {
        Pay,
        PayNothing, // approve nothing
        PayShort, // approve one wei less than is owed
        PayNoFee, // approve amountOut only
        Burn, // use up all gas
        Revert, // with the given data
        RevertAtLength, // with a megabyte of zeros
        Call // the target with the given data, then pay
    }

    ISettlement public immutable SETTLEMENT;
    ISolverRegistry public immutable REGISTRY;
    Act public act;
    address public target;
    bytes public payload;
    uint256 public callbackGas;
    uint256 public calls;
    bytes32 public seen;

    constructor(address settlement, address registry) {
        SETTLEMENT = ISettlement(settlement);
        REGISTRY = ISolverRegistry(registry);
    }

    function setConsent(address solver, bool consented) external {
        REGISTRY.setConsent(solver, consented);
    }

    function script(Act act_, address target_, bytes calldata payload_) external {
        (act, target, payload) = (act_, target_, payload_);
    }

    function fillOpen(SignedIntent calldata signed, uint256 amountOut, bytes calldata data) external {
        SETTLEMENT.fillOpen(signed, amountOut, data);
    }

    function onFill(bytes32 bidHash, address solver, FillLeg[] calldata legs, bytes calldata data) external {
        uint256 gasSeen = gasleft();
        if (act == Act.Burn) {
            while (true) {}
        }
        if (act == Act.Revert) {
            bytes memory answer = payload;
            assembly {
                revert(add(answer, 0x20), mload(answer))
            }
        }
        if (act == Act.RevertAtLength) {
            assembly {
                revert(0, 1048576)
            }
        }
        if (act == Act.Call) {
            (bool ok, bytes memory answer) = target.call(payload);
            if (!ok) {
                assembly {
                    revert(add(answer, 0x20), mload(answer))
                }
            }
        }
        (callbackGas, calls, seen) = (gasSeen, calls + 1, keccak256(abi.encode(bidHash, solver, legs, data)));
        for (uint256 i; i < legs.length; ++i) {
            _approve(legs[i]);
        }
    }

    function _approve(FillLeg calldata leg) private {
        if (act == Act.PayNothing) return;
        IERC20 token = IERC20(leg.tokenOut);
        uint256 owed = leg.amountOut + leg.fee;
        if (act == Act.PayShort) owed = leg.amountOut - 1;
        if (act == Act.PayNoFee) owed = leg.amountOut;
        token.approve(address(SETTLEMENT), token.allowance(address(this), address(SETTLEMENT)) + owed);
    }
}
