// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";

import {Role} from "../Types.sol";
import {IAdministration} from "../interfaces/IAdministration.sol";

/// @notice Roles, pause, fee recipient, and the guard against re-entry.
abstract contract Administration is IAdministration, Ownable2Step {
    /// @inheritdoc IAdministration
    uint256 public immutable GRANT_DELAY;

    /// @inheritdoc IAdministration
    mapping(Role role => mapping(address account => uint256)) public roleActiveFrom;
    /// @inheritdoc IAdministration
    address public feeRecipient;
    /// @inheritdoc IAdministration
    bool public paused;
    bool private transient _entered;

    /// @dev Nothing can be entered while a fill runs.
    modifier nonReentrant() {
        if (_entered) revert Reentered();
        _entered = true;
        _;
        _entered = false;
    }

    modifier notEntered() {
        if (_entered) revert Reentered();
        _;
    }

    modifier whenNotPaused() {
        if (paused) revert IsPaused();
        _;
    }

    modifier onlyRole(Role role) {
        if (!hasRole(role, msg.sender)) revert MissingRole(role, msg.sender);
        _;
    }

    constructor(address owner_, address feeRecipient_, uint256 grantDelay) Ownable(owner_) {
        GRANT_DELAY = grantDelay;
        _setFeeRecipient(feeRecipient_);
    }

    /// @inheritdoc IAdministration
    function grantRole(Role role, address account) external onlyOwner notEntered {
        _grant(role, account, block.timestamp + GRANT_DELAY);
    }

    /// @inheritdoc IAdministration
    function revokeRole(Role role, address account) external notEntered {
        if (msg.sender != account) _checkOwner();
        if (roleActiveFrom[role][account] == 0) revert NotGranted(role, account);
        delete roleActiveFrom[role][account];
        emit RoleRevoked(role, account);
    }

    /// @inheritdoc IAdministration
    function pause() external notEntered {
        if (!hasRole(Role.Pauser, msg.sender)) _checkOwner();
        paused = true;
        emit Paused(msg.sender);
    }

    /// @inheritdoc IAdministration
    function unpause() external onlyOwner notEntered {
        paused = false;
        emit Unpaused(msg.sender);
    }

    /// @inheritdoc IAdministration
    function setFeeRecipient(address recipient) external onlyOwner notEntered {
        _setFeeRecipient(recipient);
    }

    function transferOwnership(address newOwner) public override notEntered {
        super.transferOwnership(newOwner);
    }

    function acceptOwnership() public override notEntered {
        super.acceptOwnership();
    }

    /// @notice Refused: without an owner nobody could lift a pause.
    function renounceOwnership() public pure override {
        revert OwnerRequired();
    }

    /// @inheritdoc IAdministration
    function hasRole(Role role, address account) public view returns (bool) {
        uint256 activeFrom = roleActiveFrom[role][account];
        return activeFrom != 0 && activeFrom <= block.timestamp;
    }

    function _grantNow(Role role, address[] memory accounts) internal {
        for (uint256 i; i < accounts.length; ++i) {
            _grant(role, accounts[i], block.timestamp);
        }
    }

    function _grant(Role role, address account, uint256 activeFrom) private {
        if (account == address(0)) revert InvalidAddress(account);
        uint256 granted = roleActiveFrom[role][account];
        if (granted != 0) revert AlreadyGranted(role, account, granted);
        roleActiveFrom[role][account] = activeFrom;
        emit RoleGranted(role, account, activeFrom);
    }

    function _setFeeRecipient(address recipient) private {
        if (recipient == address(0) || recipient == address(this)) revert InvalidAddress(recipient);
        feeRecipient = recipient;
        emit FeeRecipientChanged(recipient);
    }
}
