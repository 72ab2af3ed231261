// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ISolverRegistry} from "./interfaces/ISolverRegistry.sol";

/// @title The solver registry, without an owner
/// @notice See ISolverRegistry.
contract SolverRegistry is ISolverRegistry {
    /// @inheritdoc ISolverRegistry
    uint256 public constant KEY_LIABILITY = 5 minutes;
    uint256 public constant MAX_ENDPOINT_BYTES = 512;

    /// @inheritdoc ISolverRegistry
    mapping(address solver => mapping(address signingKey => uint64)) public keyValidUntil;
    /// @inheritdoc ISolverRegistry
    mapping(address executor => mapping(address solver => bool)) public isConsented;
    mapping(address solver => SolverInfo) private _solvers;

    /// @inheritdoc ISolverRegistry
    function register(address signingKey, string calldata endpoint) external {
        SolverInfo storage solver = _solvers[msg.sender];
        if (solver.signingKey != address(0)) revert AlreadyRegistered(msg.sender);
        _activate(solver, signingKey);
        solver.registeredAt = uint64(block.timestamp);
        _setEndpoint(solver, endpoint);
        emit SolverRegistered(msg.sender, signingKey, endpoint);
    }

    /// @inheritdoc ISolverRegistry
    function setKey(address signingKey) external {
        SolverInfo storage solver = _registered();
        address retiredKey = solver.signingKey;
        if (signingKey == retiredKey) revert InvalidSigningKey(signingKey);
        uint64 until = _retire(retiredKey);
        _activate(solver, signingKey);
        emit SolverKeyChanged(msg.sender, signingKey, retiredKey, until);
    }

    /// @inheritdoc ISolverRegistry
    function setEndpoint(string calldata endpoint) external {
        _setEndpoint(_registered(), endpoint);
        emit SolverEndpointChanged(msg.sender, endpoint);
    }

    /// @inheritdoc ISolverRegistry
    function deregister() external {
        address retiredKey = _registered().signingKey;
        uint64 until = _retire(retiredKey);
        delete _solvers[msg.sender];
        emit SolverDeregistered(msg.sender, retiredKey, until);
    }

    /// @inheritdoc ISolverRegistry
    function setConsent(address solver, bool consented) external {
        isConsented[msg.sender][solver] = consented;
        emit ConsentChanged(msg.sender, solver, consented);
    }

    /// @inheritdoc ISolverRegistry
    function standing(address solver, address signingKey, address executor)
        external
        view
        returns (uint64 validUntil, bool consented)
    {
        return (keyValidUntil[solver][signingKey], isConsented[executor][solver]);
    }

    /// @inheritdoc ISolverRegistry
    function isRegistered(address solver) external view returns (bool) {
        return _solvers[solver].signingKey != address(0);
    }

    /// @inheritdoc ISolverRegistry
    function solverInfo(address solver) external view returns (SolverInfo memory) {
        return _solvers[solver];
    }

    function _registered() private view returns (SolverInfo storage solver) {
        solver = _solvers[msg.sender];
        if (solver.signingKey == address(0)) revert NotRegistered(msg.sender);
    }

    function _activate(SolverInfo storage solver, address signingKey) private {
        if (signingKey == address(0)) revert InvalidSigningKey(signingKey);
        solver.signingKey = signingKey;
        keyValidUntil[msg.sender][signingKey] = type(uint64).max;
    }

    function _retire(address signingKey) private returns (uint64 until) {
        // forge-lint: disable-next-line(unsafe-typecast) block time fits 64 bits
        until = uint64(block.timestamp + KEY_LIABILITY);
        keyValidUntil[msg.sender][signingKey] = until;
    }

    function _setEndpoint(SolverInfo storage solver, string calldata endpoint) private {
        uint256 length = bytes(endpoint).length;
        if (length > MAX_ENDPOINT_BYTES) revert EndpointTooLong(length, MAX_ENDPOINT_BYTES);
        solver.endpoint = endpoint;
    }
}
