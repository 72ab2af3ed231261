// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

/// @notice A token with every oddity that a test may ask for.
contract OddToken {
    enum Oddity {
        None,
        ReturnsNothing, // as USDT
        ReturnsFalse,
        TakesAFee, // one wei of every transfer
        RevertsWith, // the given data
        BurnsGas,
        AnswersAtLength // a megabyte of return data
    }

    mapping(address => uint256) internal _balances;
    mapping(address => mapping(address => uint256)) public allowance;
    mapping(address => bool) public blocked;
    mapping(address => bool) public hooked; // told by onTokens() of what it gets
    Oddity public oddity;
    bool public balanceUnreadable;
    bytes public answer;

    function mint(address to, uint256 amount) external {
        _balances[to] += amount;
    }

    function setOddity(Oddity oddity_, bytes calldata answer_) external {
        (oddity, answer) = (oddity_, answer_);
    }

    function setBlocked(address account, bool blocked_) external {
        blocked[account] = blocked_;
    }

    function setHooked(address account) external {
        hooked[account] = true;
    }

    function setBalanceUnreadable(bool unreadable) external {
        balanceUnreadable = unreadable;
    }

    function approve(address spender, uint256 amount) external returns (bool) {
        allowance[msg.sender][spender] = amount;
        return true;
    }

    function balanceOf(address account) external view returns (uint256) {
        require(!balanceUnreadable);
        return _balances[account];
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        require(!blocked[from] && !blocked[to], "blocked");
        if (oddity == Oddity.ReturnsFalse) return false;
        if (oddity == Oddity.RevertsWith) _revertWith(answer);
        if (oddity == Oddity.BurnsGas) {
            while (true) {}
        }
        allowance[from][msg.sender] -= amount;
        _balances[from] -= amount;
        _balances[to] += oddity == Oddity.TakesAFee ? amount - 1 : amount;
        if (hooked[to]) ITokensReceiver(to).onTokens();
        if (oddity == Oddity.ReturnsNothing) {
            assembly {
                return(0, 0)
            }
        }
        if (oddity == Oddity.AnswersAtLength) {
            assembly {
                mstore(0, 1)
                return(0, 1048576)
            }
        }
        return true;
    }

    function _revertWith(bytes memory data) private pure {
        assembly {
            revert(add(data, 0x20), mload(data))
        }
    }
}

interface ITokensReceiver {
    function onTokens() external;
}
