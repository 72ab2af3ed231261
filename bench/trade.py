"""What is sent: signed intents of a swapper each, and bids of some solvers in some auctions."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass

import psycopg2
from intendly_sdk.keccak import keccak
from intendly_sdk.messages import Bid, Intent, Leg, SignedBid, SignedIntent
from intendly_sdk.primitives import Address, Hash32, HexBytes
from intendly_sdk.signatures import Signer
from psycopg2.extensions import cursor
from psycopg2.extras import execute_values

from bench.ground import DEPLOYMENT
from intendly.settings import Settings

BLOCK_TIME = 1_800_000_000
GAS_FEES = (10**13, 50_000)
CLOSES_IN_S = 3_600
_WETH, _USDC = (token.address for token in DEPLOYMENT.tokens)
_DATA = b"route"


def signed_intent(deadline: int = BLOCK_TIME + 600) -> SignedIntent:
    """One WETH for 3,000 USDC or more, of a swapper that has no other."""
    swapper = Signer(os.urandom(32))
    intent = Intent(
        chain_id=DEPLOYMENT.chain_id,
        spender=DEPLOYMENT.settlement,
        swapper=swapper.address,
        token_in=_WETH,
        amount_in=10**18,
        token_out=_USDC,
        min_amount_out=3_000 * 10**6,
        receiver=swapper.address,
        nonce=secrets.randbits(256),
        deadline=deadline,
        open_after=deadline,
    )
    return SignedIntent(intent=intent, signature=swapper.sign(intent.hash))


def post(path: str, body: str) -> bytes:
    """A request as a client of the SDK sends it."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


def batch(intents: Sequence[SignedIntent]) -> str:
    return json.dumps({"intents": [one.model_dump(mode="json") for one in intents]})


def seed(settings: Settings) -> None:
    """The tokens with their prices and a block, as the index writes them."""
    with connected(settings) as at:
        rows = [
            (bytes(token.address), token.symbol, token.name, token.decimals, fee)
            for token, fee in zip(DEPLOYMENT.tokens, GAS_FEES, strict=True)
        ]
        execute_values(at, "INSERT INTO tokens (address, symbol, name, decimals, gas_fee) VALUES %s", rows)
        at.execute(
            "INSERT INTO chain_cursor (block_number, block_hash, block_time, final_number) VALUES (10, %s, %s, 5)",
            (bytes(32), BLOCK_TIME),
        )


@dataclass(frozen=True)
class Auctions:
    """Auctions that take bids, each of one accepted intent, all `solvers` on each roster."""

    ids: tuple[Hash32, ...]
    intents: tuple[Hash32, ...]
    solvers: tuple[Signer, ...]
    closes_at: int

    def bids(self, amount_out: int, apart: int = 0) -> list[SignedBid]:
        """A bid of every solver in every auction, each by `apart` better than the one before.

        One with a new amount takes the place of the solver's last.
        """
        return [
            bid(solver, auction, intent, self.closes_at, amount_out + place * apart)
            for auction, intent in zip(self.ids, self.intents, strict=True)
            for place, solver in enumerate(self.solvers)
        ]


def open_auctions(
    settings: Settings, intents: Sequence[Hash32], solvers: int, closes_in_s: int = CLOSES_IN_S
) -> Auctions:
    """Open an auction of each intent, which must have been accepted; all end in as many seconds.

    One more is on each roster, and says nothing: when all have bid an auction closes early.
    """
    signers = tuple(Signer(os.urandom(32)) for _ in range(solvers + 1))
    ids = tuple(Hash32(secrets.token_bytes(32)) for _ in intents)
    with connected(settings) as at:
        execute_values(
            at,
            "INSERT INTO solvers (address, signing_key, endpoint, active, block_number) VALUES %s",
            [(bytes(one.address), bytes(one.address), "", True, 1) for one in signers],
        )
        secret = secrets.token_bytes(32)
        execute_values(
            at,
            "INSERT INTO auctions (id, opened_at, closes_at, secret, secret_hash) VALUES %s",
            [(bytes(one), closes_in_s, secret, keccak(secret)) for one in ids],
            template="(%s, statement_timestamp(), statement_timestamp() + %s * interval '1 second', %s, %s)",
        )
        execute_values(
            at,
            "INSERT INTO auction_intents VALUES %s",
            [(bytes(one), bytes(intent), GAS_FEES[1]) for one, intent in zip(ids, intents, strict=True)],
        )
        execute_values(
            at,
            "INSERT INTO auction_solvers (auction_id, solver) VALUES %s",
            [(bytes(one), bytes(signer.address)) for one in ids for signer in signers],
        )
        at.execute("SELECT floor(min(extract(epoch FROM closes_at)))::bigint FROM auctions")
        ((closes_at,),) = at.fetchall()
    return Auctions(ids, tuple(intents), signers[:-1], int(closes_at))


def stored_intents(settings: Settings) -> int:
    with connected(settings) as at:
        at.execute("SELECT count(*) FROM intents")
        ((count,),) = at.fetchall()
        return int(count)


@contextmanager
def connected(settings: Settings) -> Iterator[cursor]:
    """A cursor whose work is committed in the end."""
    url = settings.database_url.get_secret_value()
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as one:
        yield one


def bid(solver: Signer, auction_id: Hash32, intent: Hash32, closes_at: int, amount_out: int) -> SignedBid:
    promise = Bid(
        legs=(Leg(intent_hash=intent, amount_out=amount_out, fee=GAS_FEES[1]),),
        auction_id=auction_id,
        solver=solver.address,
        executor=Address("0x" + "ee" * 20),
        valid_until=closes_at + 10,
        call_data_hash=HexBytes(keccak(_DATA)),
        gas_limit=300_000,
    )
    return SignedBid(bid=promise, data=HexBytes(_DATA), signature=solver.sign(promise.hash(DEPLOYMENT.domain)))
