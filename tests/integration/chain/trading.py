"""Swappers, a solver and an auctioneer who sign for real, and the rows that an auction would have left."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from intendly_sdk.keccak import keccak
from intendly_sdk.messages import Award, Bid, Intent, Leg
from intendly_sdk.primitives import ZERO_HASH, Address, Hash32, HexBytes
from intendly_sdk.signatures import Signer
from intendly_sdk.typed_data import award_digest
from sqlalchemy import insert, text

from intendly.adapters.chain import artifacts
from intendly.adapters.chain.account import Account, Call
from intendly.adapters.chain.create2 import Placed
from intendly.adapters.chain.encoding import settle_calldata
from intendly.adapters.chain.local.market import COIN, Funding
from intendly.adapters.db import tables
from intendly.adapters.db.engine import Database
from intendly.domain.bundle import Bundle
from tests.venue import LocalChain

FEE = 500
AMOUNT_OUT = 180_000_000
_GAS_LIMIT = 300_000


@dataclass(frozen=True)
class Won:
    """An intent of a swapper, one WOKB for USDC, and the bid that won it."""

    intent: Intent
    bid: Bid

    @property
    def intent_hash(self) -> Hash32:
        return self.intent.hash


@dataclass
class Trading:
    """People on one local chain. The solver pays from what its InventoryExecutor holds."""

    chain: LocalChain
    database: Database
    solver: Signer = field(default_factory=lambda: Signer(keccak(b"market maker")))
    _count: int = 0

    def __post_init__(self) -> None:
        deployment = self.chain.deployment
        code = artifacts.forge("InventoryExecutor").creation_code(
            deployment.settlement, deployment.registry, self.solver.address, self.solver.address
        )
        executor = Placed("InventoryExecutor", code)
        self.executor = executor.address
        if self.chain.rpc.call("eth_getCode", str(self.executor), "latest") != "0x":
            return
        self.chain.market.fund([Funding(self.solver.address, 10 * COIN)])
        register = artifacts.forge("SolverRegistry").interface["register"].encode(self.solver.address, "http://mm/bids")
        Account(self.chain.rpc, self.solver).send(
            [executor.deploying(), Call("register", deployment.registry, register)]
        )

    def stock(self, usdc: int) -> None:
        """Let the executor hold so much USDC more."""
        self.chain.market.fund([Funding(self.executor, 0, {"USDC": usdc})])

    def swapper(self, name: str) -> Signer:
        """Someone with a WOKB that Permit2 may move."""
        signer = Signer(keccak(name.encode()))
        self.chain.ready_swapper(signer, {"WOKB": COIN})
        return signer

    def won(self, swapper: Signer, *, amount_out: int = AMOUNT_OUT, lasts_s: int = 8, age_s: int = 0) -> Won:
        """Write the rows of an intent whose auction is over: awarded, its award signed and due."""
        self._count += 1
        now = self.block_time()
        deployment = self.chain.deployment
        intent = Intent(
            chain_id=deployment.chain_id,
            spender=deployment.settlement,
            swapper=swapper.address,
            token_in=self.chain.token("WOKB"),
            amount_in=COIN,
            token_out=self.chain.token("USDC"),
            min_amount_out=AMOUNT_OUT,
            receiver=swapper.address,
            nonce=self._count,
            deadline=now + 600,
            open_after=now + 600,
        )
        bid = Bid(
            legs=(Leg(intent_hash=intent.hash, amount_out=amount_out, fee=FEE),),
            auction_id=Hash32(keccak(b"auction" + intent.hash)),
            solver=self.solver.address,
            executor=self.executor,
            valid_until=now + lasts_s,
            call_data_hash=Hash32(keccak(b"")),
            gas_limit=_GAS_LIMIT,
        )
        won = Won(intent, bid)
        self._write(won, swapper, age_s)
        return won

    def _write(self, won: Won, swapper: Signer, age_s: int) -> None:
        domain, intent, bid = self.chain.deployment.domain, won.intent, won.bid
        bid_hash = bid.hash(domain)
        award = Award(bid_hash=bid_hash, transcript_root=ZERO_HASH, exclusive_until=bid.valid_until)
        fields = {name: value for name, value in intent if name not in ("chain_id", "spender")}
        with self.database.transaction() as connection:
            connection.execute(
                insert(tables.intents).values(
                    hash=intent.hash,
                    signature=swapper.sign(intent.hash),
                    state="awarded",
                    reason="awarded",
                    next_due_at=None,
                    **fields,
                )
            )
            connection.execute(
                text(
                    "INSERT INTO auctions (id, state, opened_at, closes_at, closed_at, secret, secret_hash, winner)"
                    " VALUES (:id, 'closed', now(), now(), now(), :id, :id, :bid)"
                ),
                {"id": bytes(bid.auction_id), "bid": bytes(bid_hash)},
            )
            connection.execute(
                insert(tables.bids).values(
                    hash=bid_hash,
                    data=HexBytes(),
                    signature=self.solver.sign(bid_hash),
                    fate="won",
                    **{name: value for name, value in bid if name != "legs"},
                )
            )
            connection.execute(insert(tables.bid_legs).values(bid_hash=bid_hash, position=0, **dict(bid.legs[0])))
            connection.execute(
                insert(tables.awards).values(
                    auction_id=bid.auction_id,
                    signature=self.chain.auctioneer.sign(award_digest(award, domain)),
                    state="due",
                    created_at=text(f"now() - interval '{age_s} seconds'"),
                    **dict(award),
                )
            )

    def block_time(self) -> int:
        return int(self.chain.rpc.call("eth_getBlockByNumber", "latest", False)["timestamp"], 16)

    def balance(self, owner: Address, symbol: str) -> int:
        data = artifacts.forge("ERC20").interface["balanceOf"].encode(owner)
        call = {"to": str(self.chain.token(symbol)), "data": str(HexBytes(data))}
        return int(self.chain.rpc.call("eth_call", call, "latest"), 16)

    def required_gas(self, bundles: Sequence[Bundle]) -> int:
        """What Settlement says that settle takes, if every bundle uses all that it may."""
        function = artifacts.forge("Settlement").interface["requiredGas"]
        data = function.selector + settle_calldata(bundles)[4:]  # it takes what settle takes
        call = {"to": str(self.chain.deployment.settlement), "data": str(HexBytes(data))}
        return int(function.decode(HexBytes(self.chain.rpc.call("eth_call", call, "latest"))))

    def wait_mined(self) -> None:
        """Until what the submitter sent is in a block: anvil answers before it mines."""
        account, end = str(self.chain.submitter.address), time.monotonic() + 5
        while time.monotonic() < end:
            sent, mined = self.chain.rpc.results(
                [("eth_getTransactionCount", (account, tag)) for tag in ("pending", "latest")]
            )
            if sent == mined:
                return
            time.sleep(0.005)
        raise AssertionError("not mined")

    def fills(self, intent_hash: Hash32) -> int:
        """How many Fill events the chain has of this intent."""
        self.wait_mined()
        topic = artifacts.forge("Settlement").interface.events["Fill"].topic
        where = {"fromBlock": "0x0", "toBlock": "latest", "topics": [str(topic), str(intent_hash)]}
        return len(self.chain.rpc.call("eth_getLogs", where))

    def mine(self, blocks: int = 1) -> None:
        self.chain.rpc.call("anvil_mine", hex(blocks))
