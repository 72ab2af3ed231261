// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

/// @title A price feed for local chains, in the shape of Chainlink's AggregatorV3Interface
contract PriceFeed is Ownable {
    struct Round {
        int256 answer;
        uint256 updatedAt; // unix seconds
    }

    uint256 public constant version = 1;
    uint8 public immutable decimals;
    string public description;
    uint80 public latestRound;
    mapping(uint80 roundId => Round) private _rounds;

    event AnswerUpdated(int256 indexed current, uint256 indexed roundId, uint256 updatedAt);

    error NoDataPresent(uint80 roundId);

    constructor(uint8 decimals_, string memory description_, int256 answer, address owner_) Ownable(owner_) {
        decimals = decimals_;
        description = description_;
        _update(answer, block.timestamp);
    }

    /// @notice For the owner: a new price, as of now.
    function setPrice(int256 answer) external onlyOwner {
        _update(answer, block.timestamp);
    }

    /// @notice For the owner: a new price as of a time of its choice, to try what a stale one does.
    function setPriceAt(int256 answer, uint256 updatedAt) external onlyOwner {
        _update(answer, updatedAt);
    }

    function latestRoundData()
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)
    {
        return getRoundData(latestRound);
    }

    function getRoundData(uint80 id)
        public
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)
    {
        if (id == 0 || id > latestRound) revert NoDataPresent(id);
        Round storage round = _rounds[id];
        return (id, round.answer, round.updatedAt, round.updatedAt, id);
    }

    function _update(int256 answer, uint256 updatedAt) private {
        uint80 roundId = ++latestRound;
        _rounds[roundId] = Round(answer, updatedAt);
        emit AnswerUpdated(answer, roundId, updatedAt);
    }
}
