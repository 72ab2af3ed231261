"""A venue's rows, as the indexer and the auctions' task would have written them, and who trades in it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import psycopg2
from intendly_sdk.keccak import keccak
from intendly_sdk.messages import Bid, Intent, Leg, SignedBid, SignedIntent
from intendly_sdk.primitives import ZERO_HASH, Address, Hash32, HexBytes
from intendly_sdk.signatures import Signer
from intendly_sdk.typed_data import PERMIT2

from intendly.domain.deployment import Deployment, Token

WETH = Address("0x" + "01" * 20)
USDC = Address("0x" + "02" * 20)
NEW_TOKEN = Address("0x" + "03" * 20)
BLOCK_TIME = 1_800_000_000
GAS_FEE_USDC = 50_000
EXECUTOR = Address("0x" + "ee" * 20)

DEPLOYMENT = Deployment(
    chain_id=31_337,
    genesis_hash=ZERO_HASH,
    settlement=Address("0x" + "5e" * 20),
    registry=Address("0x" + "7e" * 20),
    permit2=PERMIT2,
    multicall3=Address("0xcA11bde05977b3631167028862bE2a173976CA11"),
    wrapped_native=WETH,
    deploy_block=1,
    max_fee_bps=1_000,
    max_partner_fee_bps=300,
    tokens=(
        Token(address=WETH, symbol="WETH", name="Wrapped Ether", decimals=18),
        Token(address=USDC, symbol="USDC", name="USD Coin", decimals=6),
        Token(address=NEW_TOKEN, symbol="NEW", name="Not priced yet", decimals=18),
    ),
)


class Rows:
    """SQL on a venue's database, each statement committed."""

    def __init__(self, url: str) -> None:
        self.url = url

    def run(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows of `statement`, or none."""
        with closing(psycopg2.connect(self.url)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement, values or None)
                return cursor.fetchall() if cursor.description else []

    def one(self, statement: str, *values: Any) -> Any:
        """The only value of the only row."""
        ((value,),) = self.run(statement, *values)
        return bytes(value) if isinstance(value, memoryview) else value

    def count(self, table: str) -> int:
        return int(self.one(f"SELECT count(*) FROM {table}"))

    def seed(self, *solvers: Signer) -> None:
        """Tokens, a block, and the solvers with their own keys as signing keys."""
        fees = {WETH: 10**13, USDC: GAS_FEE_USDC, NEW_TOKEN: None}
        for token in DEPLOYMENT.tokens:
            self.run(
                "INSERT INTO tokens (address, symbol, name, decimals, gas_fee) VALUES (%s, %s, %s, %s, %s)",
                bytes(token.address),
                token.symbol,
                token.name,
                token.decimals,
                fees[token.address],
            )
        self.run(
            "INSERT INTO chain_cursor (block_number, block_hash, block_time, final_number) VALUES (10, %s, %s, 5)",
            bytes(32),
            BLOCK_TIME,
        )
        for solver in solvers:
            self.add_solver(solver)

    def add_solver(self, solver: Signer, *, active: bool = True) -> None:
        self.run(
            "INSERT INTO solvers (address, signing_key, endpoint, active, block_number) VALUES (%s, %s, '', %s, 1)",
            bytes(solver.address),
            bytes(solver.address),
            active,
        )

    def open_auction(
        self,
        intent_hash: Hash32,
        roster: Sequence[Signer],
        *,
        fee: int = GAS_FEE_USDC,
        window_ms: int = 60_000,
        auction_id: Hash32 | None = None,
    ) -> Hash32:
        """An auction of one intent that opened now, with an id of its own or this one."""
        auction_id = auction_id or Hash32(secrets.token_bytes(32))
        secret = secrets.token_bytes(32)
        self.run(
            "INSERT INTO auctions (id, opened_at, closes_at, secret, secret_hash) VALUES"
            " (%s, statement_timestamp(), statement_timestamp() + %s * interval '1 millisecond', %s, %s)",
            bytes(auction_id),
            window_ms,
            secret,
            keccak(secret),
        )
        self.run("INSERT INTO auction_intents VALUES (%s, %s, %s)", bytes(auction_id), bytes(intent_hash), fee)
        for solver in roster:
            self.run(
                "INSERT INTO auction_solvers (auction_id, solver) VALUES (%s, %s)",
                bytes(auction_id),
                bytes(solver.address),
            )
        return auction_id

    def closes_at_ms(self, auction_id: Hash32) -> int:
        return int(
            self.one("SELECT (extract(epoch FROM closes_at) * 1000)::bigint FROM auctions WHERE id = %s", auction_id)
        )


def intent_of(swapper: Signer, **changes: Any) -> Intent:
    """An intent to sell one WETH for 3,000 USDC or more, with `changes`."""
    values: dict[str, Any] = {
        "chain_id": DEPLOYMENT.chain_id,
        "spender": DEPLOYMENT.settlement,
        "swapper": swapper.address,
        "token_in": WETH,
        "amount_in": 10**18,
        "token_out": USDC,
        "min_amount_out": 3_000 * 10**6,
        "receiver": swapper.address,
        "nonce": secrets.randbits(256),
        "deadline": BLOCK_TIME + 600,
        "open_after": BLOCK_TIME + 600,
    }
    return Intent(**(values | changes))


def signed_intent(swapper: Signer, **changes: Any) -> SignedIntent:
    intent = intent_of(swapper, **changes)
    return SignedIntent(intent=intent, signature=swapper.sign(intent.hash))


def signed_bid(
    solver: Signer,
    auction_id: Hash32,
    intent_hash: Hash32,
    closes_at_ms: int,
    *,
    amount_out: int = 3_010 * 10**6,
    fee: int = GAS_FEE_USDC,
    data: bytes = b"route",
    signer: Signer | None = None,
    **changes: Any,
) -> SignedBid:
    """A good bid, with `changes`; signed by `signer` instead of the solver where one is given."""
    values: dict[str, Any] = {
        "legs": (Leg(intent_hash=intent_hash, amount_out=amount_out, fee=fee),),
        "auction_id": auction_id,
        "solver": solver.address,
        "executor": EXECUTOR,
        "valid_until": closes_at_ms // 1000 + 10,
        "call_data_hash": HexBytes(keccak(data)),
        "gas_limit": 300_000,
    }
    bid = Bid(**(values | changes))
    signature = (signer or solver).sign(bid.hash(DEPLOYMENT.domain))
    return SignedBid(bid=bid, data=HexBytes(data), signature=signature)
