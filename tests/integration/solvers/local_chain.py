"""A chain with the venue's contracts, real Uniswap pools and price feeds, and every key at hand to fill a bid on it."""

from __future__ import annotations

import json
import re
from functools import cached_property
from math import isqrt
from pathlib import Path
from typing import Any

import requests
from intendly_sdk.keccak import keccak
from intendly_sdk.messages import AuctionIntent, AuctionOpened, Award, ConfigView, Intent, SignedBid
from intendly_sdk.primitives import ZERO_HASH, Address, Hash32
from intendly_sdk.signatures import Signer
from intendly_sdk.typed_data import PERMIT2, Domain, award_digest
from web3 import Web3
from web3.logs import DISCARD
from web3.types import RPCEndpoint

from tests.unit.sdk import samples

CONTRACTS = Path(__file__).parents[3] / "contracts"
SWAPPER, AUCTIONEER = Signer(keccak(b"swapper")), Signer(keccak(b"auctioneer"))
FEE = 1_000
PLENTY = 10**30
_UNISWAP = CONTRACTS / "node_modules" / "@uniswap"
_PERIPHERY = "v3-periphery/artifacts/contracts"
_CREATE2 = "0x4e59b44847b379578588920cA78FbF26c0B4956C"
_PERMIT2_SALT = "0000000000000000000000000000000000000000d3af2663da51c10215000000"


class LocalChain:
    """Deploys everything at once; anvil's first account owns it all."""

    def __init__(self, rpc_url: str) -> None:
        session = requests.Session()
        session.trust_env = False
        self.rpc_url = rpc_url
        self.w3 = Web3(Web3.HTTPProvider(rpc_url, session=session))
        self.owner = self.w3.eth.accounts[0]
        self.w3.eth.default_account = self.owner
        self.give_coins(Address(self.owner))
        self._send(_CREATE2, f"0x{_PERMIT2_SALT}{_forge('Permit2', 'out-permit2')[1][2:]}")
        self.multicall3 = self._send(None, _multicall3())["contractAddress"]
        self.registry = self.deploy(_forge("SolverRegistry"))
        roles = [[self.owner], [AUCTIONEER.address.checksum], [self.owner]]
        self.settlement = self.deploy(
            _forge("Settlement"), PERMIT2.checksum, self.registry.address, self.owner, self.owner, 86_400, *roles
        )
        self.weth = self.deploy(_uniswap("v2-periphery/build/WETH9.json"))
        self.do(self.weth.functions.deposit(), value=10**24)
        self.usdc, self.dai, self.okb = (self._token(*each) for each in (("USDC", 6), ("DAI", 18), ("OKB", 18)))
        self._uniswap_with_pools()
        self.feeds = {
            symbol: self.deploy(_forge("PriceFeed"), 8, f"{symbol} / USD", dollars * 10**8, self.owner)
            for symbol, dollars in (("WETH", 3_000), ("USDC", 1), ("DAI", 1))
        }
        self._ready_swapper()

    @cached_property
    def config(self) -> ConfigView:
        """What the venue on this chain answers to GET /config."""
        return samples.config().model_copy(
            update={
                "settlement": Address(self.settlement.address),
                "registry": Address(self.registry.address),
                "wrapped_native": Address(self.weth.address),
            }
        )

    def markets(self) -> dict[str, Any]:
        """The MARKETS_FILE. OKB has no feed."""
        tokens = (("WETH", self.weth, 18), ("USDC", self.usdc, 6), ("DAI", self.dai, 18), ("OKB", self.okb, 18))
        return {
            "wrapped_native": self.weth.address,
            "multicall3": self.multicall3,
            "tokens": [
                {
                    "address": token.address,
                    "symbol": symbol,
                    "decimals": decimals,
                    "price_feed": self.feeds[symbol].address if symbol in self.feeds else None,
                }
                for symbol, token, decimals in tokens
            ],
            "uniswap_v2": {"factory": self.v2_factory.address, "router": self.v2_router.address},
            "uniswap_v3": {
                "factory": self.v3_factory.address,
                "router": self.v3_router.address,
                "quoter": self.quoter.address,
            },
        }

    def auction(self, number: int, token_in: Any, amount_in: int, token_out: Any, minimum: int = 1) -> AuctionOpened:
        """An auction for one intent of SWAPPER, closing now."""
        now = self.w3.eth.get_block("latest")["timestamp"]
        intent = Intent(
            chain_id=self.config.chain_id,
            spender=self.config.settlement,
            swapper=SWAPPER.address,
            token_in=Address(token_in.address),
            amount_in=amount_in,
            token_out=Address(token_out.address),
            min_amount_out=minimum,
            receiver=SWAPPER.address,
            nonce=number,
            deadline=now + 600,
            open_after=now + 600,
        )
        return AuctionOpened(
            auction_id=Hash32(number.to_bytes(32, "big")),
            intents=(AuctionIntent(intent_hash=intent.hash, intent=intent, fee=FEE),),
            opened_at=now * 1000,
            closes_at=now * 1000,
            secret_hash=ZERO_HASH,
            server_time=now * 1000,
            ms_left=2_000,
        )

    def fill(self, auction: AuctionOpened, signed: SignedBid) -> int:
        """Award the bid and settle it, alone. The amount that the chain says the receiver got; fails if it failed."""
        bid, intent = signed.bid, auction.intents[0].intent
        domain = Domain(self.config.chain_id, self.config.settlement)
        award = Award(bid_hash=bid.hash(domain), transcript_root=ZERO_HASH, exclusive_until=bid.valid_until)
        bundle = (
            [(*_permitted(intent), _witness(intent), bytes(SWAPPER.sign(intent.hash)))],
            (
                [(bytes(leg.intent_hash), leg.amount_out, leg.fee) for leg in bid.legs],
                bytes(bid.auction_id),
                bid.solver.checksum,
                bid.executor.checksum,
                bid.valid_until,
                bytes(bid.call_data_hash),
                bid.gas_limit,
                bid.penalty,
            ),
            bytes(signed.signature),
            bytes(signed.data),
            (bytes(award.bid_hash), bytes(award.transcript_root), award.exclusive_until),
            bytes(AUCTIONEER.sign(award_digest(award, domain))),
        )
        receipt = self.do(self.settlement.functions.settle([bundle]))
        failed = self.settlement.events.BundleFailed().process_receipt(receipt, errors=DISCARD)
        assert not failed, failed[0]["args"]
        (fill,) = self.settlement.events.Fill().process_receipt(receipt, errors=DISCARD)
        return int(fill["args"]["amountOut"])

    def deploy(self, artifact: tuple[Any, str], *arguments: Any) -> Any:
        """A contract, ready to call."""
        abi, code = artifact
        receipt = self.do(self.w3.eth.contract(abi=abi, bytecode=code).constructor(*arguments))
        return self.w3.eth.contract(address=receipt["contractAddress"], abi=abi)

    def do(self, call: Any, value: int = 0, sender: str | None = None) -> Any:
        """Mine a transaction; it must succeed."""
        tx_hash = call.transact({"value": value, "gas": 15_000_000, "from": sender or self.owner})
        receipt = self.w3.eth.wait_for_transaction_receipt(tx_hash, poll_latency=0.005)
        assert receipt["status"] == 1, call
        return receipt

    def give_coins(self, account: Address) -> None:
        """Enough for any gas."""
        self.w3.provider.make_request(RPCEndpoint("anvil_setBalance"), [account.checksum, hex(10**26)])

    def give(self, token: Any, to: Address, amount: int) -> None:
        """Tokens of the owner's."""
        self.do(token.functions.transfer(to.checksum, amount))

    def _send(self, to: str | None, data: str) -> Any:
        transaction: Any = {"from": self.owner, "data": data, "gas": 15_000_000} | ({"to": to} if to else {})
        tx_hash = self.w3.eth.send_transaction(transaction)
        return self.w3.eth.wait_for_transaction_receipt(tx_hash, poll_latency=0.005)

    def _token(self, symbol: str, decimals: int) -> Any:
        token = self.deploy(_forge("TestToken"), symbol, symbol, decimals)
        self.do(token.functions.mint(self.owner, PLENTY))
        return token

    def _uniswap_with_pools(self) -> None:
        weth = self.weth.address
        self.v2_factory = self.deploy(_uniswap("v2-core/build/UniswapV2Factory.json"), self.owner)
        router = _uniswap("v2-periphery/build/UniswapV2Router02.json")
        self.v2_router = self.deploy(router, self.v2_factory.address, weth)
        factory = _uniswap("v3-core/artifacts/contracts/UniswapV3Factory.sol/UniswapV3Factory.json")
        self.v3_factory = self.deploy(factory)
        v3 = (self.v3_factory.address, weth)
        self.v3_router = self.deploy(_uniswap(f"{_PERIPHERY}/SwapRouter.sol/SwapRouter.json"), *v3)
        self.quoter = self.deploy(_uniswap(f"{_PERIPHERY}/lens/QuoterV2.sol/QuoterV2.json"), *v3)
        manager = _uniswap(f"{_PERIPHERY}/NonfungiblePositionManager.sol/NonfungiblePositionManager.json")
        self._positions = self.deploy(manager, *v3, self.owner)
        for token in (self.weth, self.usdc, self.dai, self.okb):
            for spender in (self.v2_router, self._positions):
                self.do(token.functions.approve(spender.address, 2**256 - 1))
        self._v2_pool(self.weth, 500 * 10**18, self.usdc, 1_500_000 * 10**6)
        self._v3_pool(self.weth, 1_000 * 10**18, self.usdc, 3_000_000 * 10**6, 500)
        self._v3_pool(self.weth, 1_000 * 10**18, self.usdc, 3_000_000 * 10**6, 3_000)
        self._v3_pool(self.weth, 300 * 10**18, self.dai, 900_000 * 10**18, 3_000)
        self._v2_pool(self.okb, 20_000 * 10**18, self.weth, 333 * 10**18)

    def _v2_pool(self, first: Any, amount_first: int, second: Any, amount_second: int) -> None:
        amounts = (amount_first, amount_second, 0, 0)
        add = self.v2_router.functions.addLiquidity
        self.do(add(first.address, second.address, *amounts, self.owner, 2**60))

    def _v3_pool(self, first: Any, amount_first: int, second: Any, amount_second: int, fee: int) -> None:
        sides = sorted(((first.address, amount_first), (second.address, amount_second)), key=lambda s: int(s[0], 16))
        (token0, amount0), (token1, amount1) = sides
        price = isqrt((amount1 << 192) // amount0)
        positions = self._positions.functions
        self.do(positions.createAndInitializePoolIfNecessary(token0, token1, fee, price))
        spacing = {500: 10, 3_000: 60}[fee]
        ticks = 887_272 // spacing * spacing
        mint = (token0, token1, fee, -ticks, ticks, amount0, amount1, 0, 0, self.owner, 2**60)
        self.do(positions.mint(mint))

    def _ready_swapper(self) -> None:
        self.give_coins(SWAPPER.address)
        who = SWAPPER.address.checksum
        self.w3.provider.make_request(RPCEndpoint("anvil_impersonateAccount"), [who])
        for token, amount in ((self.weth, 10**22), (self.usdc, 10**14), (self.dai, 10**24), (self.okb, 10**24)):
            self.give(token, SWAPPER.address, amount)
            self.do(token.functions.approve(PERMIT2.checksum, 2**256 - 1), sender=who)


def _permitted(intent: Intent) -> tuple[str, int, int, int]:
    return (intent.token_in.checksum, intent.amount_in, intent.nonce, intent.deadline)


def _witness(intent: Intent) -> tuple[Any, ...]:
    return (
        intent.swapper.checksum,
        intent.token_out.checksum,
        intent.min_amount_out,
        intent.receiver.checksum,
        intent.valid_from,
        intent.open_after,
        intent.partner.checksum,
        intent.partner_fee_bps,
        bytes(intent.app_data),
    )


def _forge(name: str, out: str = "out") -> tuple[Any, str]:
    artifact = json.loads((CONTRACTS / out / f"{name}.sol" / f"{name}.json").read_text())
    return artifact["abi"], artifact["bytecode"]["object"]


def _uniswap(path: str) -> tuple[Any, str]:
    artifact = json.loads((_UNISWAP / path).read_text())
    return artifact["abi"], "0x" + artifact["bytecode"].removeprefix("0x")


def _multicall3() -> str:
    source = (CONTRACTS / "node_modules/viem/_cjs/constants/contracts.js").read_text()
    found = re.search(r"multicall3Bytecode = '(0x[0-9a-f]+)'", source)
    assert found
    return found[1]
