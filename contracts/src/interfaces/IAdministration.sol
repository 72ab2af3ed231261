// SPDX-License-Identifier: MIT
pragma solidity ^0.8.33;

import {Role} from "../Types.sol";

/// @title Roles, pause and the house's fee recipient
/// @notice A grant waits GRANT_DELAY before it works; a revocation and a pause work at once.
interface IAdministration {
    event RoleGranted(Role indexed role, address indexed account, uint256 activeFrom);
    event RoleRevoked(Role indexed role, address indexed account);
    event Paused(address indexed account);
    event Unpaused(address indexed account);
    event FeeRecipientChanged(address indexed recipient);

    error MissingRole(Role role, address account);
    error AlreadyGranted(Role role, address account, uint256 activeFrom);
    error NotGranted(Role role, address account);
    error IsPaused();
    error InvalidAddress(address value);
    error Reentered();
    error OwnerRequired();

    /// @notice For the owner: lets the account act in the role from GRANT_DELAY on.
    function grantRole(Role role, address account) external;

    /// @notice For the owner, or the account itself: ends the role at once.
    function revokeRole(Role role, address account) external;

    /// @notice For pausers and the owner: stops settle and fillOpen at once.
    function pause() external;

    /// @notice For the owner.
    function unpause() external;

    /// @notice For the owner: where the house's fees go.
    function setFeeRecipient(address recipient) external;

    /// @notice Whether the account may act in the role now.
    function hasRole(Role role, address account) external view returns (bool);

    /// @notice From when the account may act in the role, unix seconds; 0 if it was not granted.
    function roleActiveFrom(Role role, address account) external view returns (uint256);

    function paused() external view returns (bool);
    function feeRecipient() external view returns (address);

    /// @notice Seconds that a grant waits.
    function GRANT_DELAY() external view returns (uint256);
}
