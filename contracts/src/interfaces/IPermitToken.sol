// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

/// @title What tells whether a token takes EIP-2612 permits, and under which EIP-712 domain
/// @notice Read by the venue for quotes. Few tokens have all of it.
interface IPermitToken {
    function name() external view returns (string memory);

    /// @notice The domain's version, where the token says it.
    function version() external view returns (string memory);

    /// @notice EIP-2612.
    function nonces(address owner) external view returns (uint256);

    /// @notice EIP-2612.
    function DOMAIN_SEPARATOR() external view returns (bytes32);

    /// @notice Not of EIP-2612; tokens that show it tell whether their permit has that shape.
    function PERMIT_TYPEHASH() external view returns (bytes32);

    /// @notice EIP-5267.
    function eip712Domain()
        external
        view
        returns (
            bytes1 fields,
            string memory name,
            string memory version,
            uint256 chainId,
            address verifyingContract,
            bytes32 salt,
            uint256[] memory extensions
        );
}
