// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {Venue} from "./Venue.sol";

interface IV2 {
    function createPair(address a, address b) external returns (address);
    function addLiquidity(
        address a,
        address b,
        uint256 amountA,
        uint256 amountB,
        uint256 minA,
        uint256 minB,
        address to,
        uint256 deadline
    ) external returns (uint256, uint256, uint256);
    function getAmountsOut(uint256 amountIn, address[] calldata path) external view returns (uint256[] memory);
}

interface IV3 {
    struct MintParams {
        address token0;
        address token1;
        uint24 fee;
        int24 tickLower;
        int24 tickUpper;
        uint256 amount0Desired;
        uint256 amount1Desired;
        uint256 amount0Min;
        uint256 amount1Min;
        address recipient;
        uint256 deadline;
    }

    function createAndInitializePoolIfNecessary(address token0, address token1, uint24 fee, uint160 price)
        external
        returns (address);
    function mint(MintParams calldata params) external returns (uint256, uint128, uint256, uint256);
    function factory() external view returns (address);
    function getPool(address a, address b, uint24 fee) external view returns (address);
    function quoteExactInput(bytes calldata path, uint256 amountIn)
        external
        returns (uint256, uint160[] memory, uint32[] memory, uint256);
}

interface IToken {
    function mint(address to, uint256 amount) external;
    function approve(address spender, uint256 amount) external returns (bool);
}

/// @notice A venue beside the real Uniswap V2 and V3, from the bytecode that their packages ship.
abstract contract Uniswap is Venue {
    int24 private constant MAX_TICK = 887_220; // of the 0.3 % pools

    address internal v2Router;
    address internal v3Router;
    address internal v3Positions;
    address internal v3Quoter;

    function setUp() public virtual override {
        super.setUp();
        address weth = _deployV2("v2-periphery/build/WETH9.json", "");
        address v2Factory = _deployV2("v2-core/build/UniswapV2Factory.json", abi.encode(address(0)));
        v2Router = _deployV2("v2-periphery/build/UniswapV2Router02.json", abi.encode(v2Factory, weth));
        address v3Factory =
            _deployV3("v3-core/artifacts/contracts/UniswapV3Factory.sol", "UniswapV3Factory", "");
        string memory periphery = "v3-periphery/artifacts/contracts/";
        bytes memory parts = abi.encode(v3Factory, weth);
        v3Router = _deployV3(string.concat(periphery, "SwapRouter.sol"), "SwapRouter", parts);
        v3Quoter = _deployV3(string.concat(periphery, "lens/QuoterV2.sol"), "QuoterV2", parts);
        v3Positions = _deployV3(
            string.concat(periphery, "NonfungiblePositionManager.sol"),
            "NonfungiblePositionManager",
            abi.encode(v3Factory, weth, address(0))
        );
    }

    function addV2Liquidity(address a, address b, uint256 amountA, uint256 amountB) internal {
        _fund(a, v2Router, amountA);
        _fund(b, v2Router, amountB);
        IV2(v2Router).addLiquidity(a, b, amountA, amountB, 0, 0, address(this), block.timestamp);
    }

    /// @notice A pool with liquidity at every price, beginning at amountA for amountB.
    function addV3Liquidity(address a, address b, uint256 amountA, uint256 amountB) internal {
        if (a > b) (a, b, amountA, amountB) = (b, a, amountB, amountA);
        _fund(a, v3Positions, amountA);
        _fund(b, v3Positions, amountB);
        uint160 price = uint160(Math.sqrt((amountB << 128) / amountA) << 32);
        IV3(v3Positions).createAndInitializePoolIfNecessary(a, b, 3000, price);
        IV3(v3Positions)
            .mint(
                IV3.MintParams(
                    a, b, 3000, -MAX_TICK, MAX_TICK, amountA, amountB, 0, 0, address(this), block.timestamp
                )
            );
    }

    function v3Pool(address a, address b) internal view returns (address) {
        return IV3(IV3(v3Router).factory()).getPool(a, b, 3000);
    }

    function quoteV2(uint256 amountIn, address[] memory path) internal view returns (uint256) {
        return IV2(v2Router).getAmountsOut(amountIn, path)[path.length - 1];
    }

    function quoteV3(uint256 amountIn, bytes memory path) internal returns (uint256 amountOut) {
        (amountOut,,,) = IV3(v3Quoter).quoteExactInput(path, amountIn);
    }

    function _fund(address token, address spender, uint256 amount) private {
        IToken(token).mint(address(this), amount);
        IToken(token).approve(spender, amount);
    }

    function _deployV3(string memory folder, string memory name, bytes memory arguments)
        private
        returns (address)
    {
        return _create(
            vm.parseJsonBytes(
                vm.readFile(string.concat("node_modules/@uniswap/", folder, "/", name, ".json")), ".bytecode"
            ),
            arguments
        );
    }

    /// @dev V2's packages give bytecode without 0x.
    function _deployV2(string memory path, bytes memory arguments) private returns (address) {
        string memory json = vm.readFile(string.concat("node_modules/@uniswap/", path));
        return _create(vm.parseBytes(string.concat("0x", vm.parseJsonString(json, ".bytecode"))), arguments);
    }

    function _create(bytes memory initCode, bytes memory arguments) private returns (address deployed) {
        initCode = bytes.concat(initCode, arguments);
        assembly {
            deployed := create(0, add(initCode, 0x20), mload(initCode))
        }
        require(deployed != address(0), "not deployed");
    }
}
