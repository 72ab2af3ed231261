// SPDX-License-Identifier: MIT
pragma solidity ^0.8.33;

/// @title Solvers, their signing keys, and the executors that work for them
/// @notice Registration is open to anyone. A key that is rotated out stays good for KEY_LIABILITY, longer than
/// any bid lives, so that a solver can't take back a bid by changing its key.
interface ISolverRegistry {
    struct SolverInfo {
        address signingKey; // 0 when not registered
        uint64 registeredAt; // unix seconds
        string endpoint;
    }

    event SolverRegistered(address indexed solver, address indexed signingKey, string endpoint);
    event SolverKeyChanged(
        address indexed solver,
        address indexed signingKey,
        address indexed retiredKey,
        uint256 retiredKeyValidUntil
    );
    event SolverEndpointChanged(address indexed solver, string endpoint);
    event SolverDeregistered(
        address indexed solver, address indexed retiredKey, uint256 retiredKeyValidUntil
    );
    event ConsentChanged(address indexed executor, address indexed solver, bool consented);

    error AlreadyRegistered(address solver);
    error NotRegistered(address solver);
    error InvalidSigningKey(address signingKey);
    error EndpointTooLong(uint256 length, uint256 maximum);

    /// @notice Registers the caller as a solver, under a key that signs its bids.
    /// @param signingKey Signs by ECDSA, whatever code is at it
    /// @param endpoint Where the solver is asked for bids; empty if it only bids over the stream
    function register(address signingKey, string calldata endpoint) external;

    /// @notice Makes signingKey the caller's key; the old one stays good for KEY_LIABILITY.
    function setKey(address signingKey) external;

    /// @notice Changes where the caller is asked for bids.
    function setEndpoint(string calldata endpoint) external;

    /// @notice Takes the caller off the list; its key stays good for KEY_LIABILITY.
    function deregister() external;

    /// @notice Written by the executor itself: whether bids of this solver may call and charge it.
    function setConsent(address solver, bool consented) external;

    /// @notice Whether the executor has consented to the solver.
    function isConsented(address executor, address solver) external view returns (bool);

    /// @notice The last second at which the key signs for the solver: 0 if it never did, 2^64-1 if current.
    function keyValidUntil(address solver, address signingKey) external view returns (uint64);

    /// @notice Both of the above, as Settlement asks in one call.
    function standing(address solver, address signingKey, address executor)
        external
        view
        returns (uint64 validUntil, bool consented);

    /// @notice Whether the solver is registered now.
    function isRegistered(address solver) external view returns (bool);

    /// @notice The solver's current entry.
    function solverInfo(address solver) external view returns (SolverInfo memory);

    /// @notice Seconds for which a retired key stays good.
    function KEY_LIABILITY() external view returns (uint256);
}
