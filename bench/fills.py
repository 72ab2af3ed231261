"""A chain of the bench's own with the real deployment, where the same swap goes bare and as a fill."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from intendly_sdk.keccak import keccak
from intendly_sdk.messages import Award, Bid, Intent, Leg, SignedBid, SignedIntent
from intendly_sdk.primitives import Address, Hash32, HexBytes
from intendly_sdk.signatures import Signer
from intendly_sdk.typed_data import award_digest

from bench.child import BenchError
from intendly.adapters.chain import artifacts
from intendly.adapters.chain.account import Account, Call
from intendly.adapters.chain.create2 import Placed
from intendly.adapters.chain.encoding import settle_calldata
from intendly.adapters.chain.local.market import COIN, Funding, LocalMarket
from intendly.adapters.chain.rpc import Rpc
from intendly.adapters.chain.verification import Administration
from intendly.adapters.embedded import embedded_anvil
from intendly.domain.bundle import Bundle
from intendly.domain.deployment import Deployment, UniswapV3
from solvers.route_data import callback_gas, encode_route
from solvers.routes import Hop, Quote, Route, Venue

_SOLD, _BOUGHT, _POOL_FEE = "XETH", "USDC", 3_000
_AMOUNT_IN: Final = COIN // 20
_OUT: Final = 190 * 10**6
"""What a fill gives for it: less than the pool yields, which is 200 less its fee and what was sold before."""
_FIRST_BLOCK: Final = 2_000_000_000
_SECONDS: Final = 10
_ROOMY: Final = 2**24
_MUCH: Final = 2**256 - 1


@dataclass
class Fills:
    """Traders who sell 0.05 XETH for USDC through one V3 pool, and a solver whose PoolExecutor does it for them.

    Everything that a first trade pays for once is paid: all hold both tokens and have approved, the pool was traded.
    Keys, nonces and times are the same in every run, so its gas is too.
    """

    rpc: Rpc
    market: LocalMarket
    deployment: Deployment
    v3: UniswapV3
    submitter: Signer
    auctioneer: Signer
    solver: Signer
    executor: Address
    traders: Sequence[Signer]
    _blocks: int = 0
    _nonces: int = 0
    _route: Route = field(init=False)

    def __post_init__(self) -> None:
        self._sold, self._bought = (self.market.contracts.token(symbol) for symbol in (_SOLD, _BOUGHT))
        hop = Hop(Venue.V3, self._sold, self._bought, _POOL_FEE)
        self._route = Route((Quote((hop,), _AMOUNT_IN, _OUT),))

    def ready(self) -> None:
        """Give out what all need, and trade once."""
        tokens = {_SOLD: 300 * _AMOUNT_IN, _BOUGHT: 1}
        self.market.fund([Funding(each.address, COIN, tokens) for each in self.traders])
        self.market.fund([Funding(self.executor, 0, {_SOLD: 1, _BOUGHT: 1})])
        self.market.approve_permit2(self.traders, [_SOLD])
        self.rpc.call("evm_setAutomine", False)
        approve = artifacts.forge("ERC20").interface["approve"].encode(self.v3.router, _MUCH)
        self._mined([(each, Call("approve", self._sold, approve, gas=100_000)) for each in self.traders])
        self.bare(self.traders)
        self.fill(self.traders)

    def bare(self, traders: Sequence[Signer]) -> float:
        """What the swap costs a trader who sends it to SwapRouter: the mean of one by each, in one block."""
        swap = artifacts.uniswap("SwapRouter").interface["exactInputSingle"]
        calls = [
            Call(
                "swap",
                self.v3.router,
                swap.encode((self._sold, self._bought, _POOL_FEE, each.address, _MUCH, _AMOUNT_IN, _OUT, 0)),
                gas=250_000,
            )
            for each in traders
        ]
        return sum(self._mined(list(zip(traders, calls, strict=True)))) / len(traders)

    def fill(self, traders: Sequence[Signer]) -> float:
        """What it costs as a fill: an intent of each settled by one transaction, divided by their number."""
        block_time = self._next_time()
        bundles = [self._bundle(each, block_time) for each in traders]
        settling = Call("settle", self.deployment.settlement, settle_calldata(bundles), gas=_ROOMY)
        before = self._bought_by(self.traders)
        (used,) = self._mined([(self.submitter, settling)])
        if self._bought_by(self.traders) != before + len(traders) * _OUT:
            raise BenchError("not every intent was filled")
        return used / len(traders)

    def _bundle(self, trader: Signer, block_time: int) -> Bundle:
        domain = self.deployment.domain
        self._nonces += 1
        seed = keccak(self._nonces.to_bytes(32, "big"))
        intent = Intent(
            chain_id=self.deployment.chain_id,
            spender=self.deployment.settlement,
            swapper=trader.address,
            token_in=self._sold,
            amount_in=_AMOUNT_IN,
            token_out=self._bought,
            min_amount_out=_OUT,
            receiver=trader.address,
            nonce=int.from_bytes(seed, "big"),  # in a word of Permit2's bitmap that nobody has written to
            deadline=block_time + 600,
            open_after=block_time + 600,
        )
        data = encode_route(self._route, _OUT)
        bid = Bid(
            legs=(Leg(intent_hash=intent.hash, amount_out=_OUT, fee=0),),
            auction_id=Hash32(keccak(seed)),
            solver=self.solver.address,
            executor=self.executor,
            valid_until=block_time + _SECONDS,
            call_data_hash=Hash32(keccak(data)),
            gas_limit=callback_gas(self._route),
        )
        award = Award(
            bid_hash=bid.hash(domain),
            transcript_root=Hash32(keccak(b"transcript" + seed)),
            exclusive_until=block_time + _SECONDS,
        )
        return Bundle(
            (SignedIntent(intent=intent, signature=trader.sign(intent.hash)),),
            SignedBid(bid=bid, data=HexBytes(data), signature=self.solver.sign(award.bid_hash)),
            award,
            self.auctioneer.sign(award_digest(award, domain)),
        )

    def _mined(self, sent: Sequence[tuple[Signer, Call]]) -> list[int]:
        """Send them for one block at the next time; the gas that each used."""
        calls: dict[Address, list[Call]] = {}
        for sender, call in sent:
            calls.setdefault(sender.address, []).append(call)
        senders = {sender.address: sender for sender, _ in sent}
        hashes = [each for one, its in calls.items() for each in Account(self.rpc, senders[one]).broadcast(its)]
        self.rpc.call("evm_setNextBlockTimestamp", self._next_time())
        self.rpc.call("evm_mine")
        self._blocks += 1
        receipts = self.rpc.results([("eth_getTransactionReceipt", [str(each)]) for each in hashes])
        if any(each is None or int(each["status"], 16) != 1 for each in receipts):
            raise BenchError("a transaction was not mined, or reverted")
        return [int(each["gasUsed"], 16) for each in receipts]

    def _next_time(self) -> int:
        return _FIRST_BLOCK + _SECONDS * self._blocks

    def _bought_by(self, traders: Sequence[Signer]) -> int:
        balance = artifacts.forge("ERC20").interface["balanceOf"]
        asked = [{"to": str(self._bought), "data": str(HexBytes(balance.encode(each.address)))} for each in traders]
        return sum(int(each, 16) for each in self.rpc.results([("eth_call", [one, "latest"]) for one in asked]))


@contextmanager
def fills(folder: Path, traders: int) -> Iterator[Fills]:
    """The chain in `folder`, with everything on it that fills of so many traders need."""
    deployer, submitter, auctioneer, solver = (
        Signer(keccak(name)) for name in (b"deploys", b"sends", b"awards", b"bids")
    )
    people = [Signer(keccak(b"trader" + bytes([number]))) for number in range(traders)]
    with embedded_anvil(folder, durable=False) as anvil, closing(Rpc([anvil.rpc_url], timeout_s=30)) as rpc:
        market = LocalMarket(rpc, deployer)
        owner = deployer.address
        roles = Administration(owner, owner, (submitter.address,), (auctioneer.address,), (owner,))
        deployment = market.make(roles, folder / "deployment.json", folder / "markets.json")
        v2, v3 = deployment.uniswap_v2, deployment.uniswap_v3
        if v2 is None or v3 is None:
            raise BenchError("the local market has no Uniswap")
        code = artifacts.forge("PoolExecutor").creation_code(
            deployment.settlement, deployment.registry, solver.address, solver.address, v2.router, v3.router
        )
        executor = Placed("PoolExecutor", code)
        market.fund([Funding(solver.address, COIN)])
        register = artifacts.forge("SolverRegistry").interface["register"].encode(solver.address, "")
        Account(rpc, solver).send([executor.deploying(), Call("register", deployment.registry, register)])
        world = Fills(rpc, market, deployment, v3, submitter, auctioneer, solver, executor.address, people)
        world.ready()
        yield world
