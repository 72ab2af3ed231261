"""What the vectors are of: everything that is signed, ordinary values and edge values. Seeded."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from eth_abi.abi import encode
from intendly_sdk import eip712_json
from intendly_sdk.keccak import keccak
from intendly_sdk.messages import Award, Bid, Intent, Leg
from intendly_sdk.primitives import UINT256_MAX, ZERO_ADDRESS, ZERO_HASH, Address, Hash32
from intendly_sdk.typed_data import Domain

SEED = 20_250_101
LATEST = 2**53 - 1
# As the contracts declare them (contracts/src/Types.sol).
_INTENT = "(address,address,uint256,address,uint256,uint256,address,uint256,bytes32)"
_SIGNED_INTENT = f"(address,uint256,uint256,uint256,{_INTENT},bytes)"
_BID = "((bytes32,uint256,uint256)[],bytes32,address,address,uint256,bytes32,uint256,uint256)"
_AWARD = "(bytes32,bytes32,uint256)"
Case = tuple[str, int, Address, dict[str, Any], bytes]
"""Name, chain, Settlement, typed data, the struct as Solidity's ABI encodes it."""

_random = random.Random(SEED)
_DOMAINS = (
    Domain(31_337, Address("0x" + "5e" * 20)),
    Domain(196, Address(keccak(b"mainnet")[:20])),
    Domain(1_952, Address(keccak(b"testnet")[:20])),
)


def _address() -> Address:
    return Address(_random.randbytes(20))


def _hash() -> Hash32:
    return Hash32(_random.randbytes(32))


def _amount() -> int:
    return _random.getrandbits(_random.choice((8, 64, 96, 255, 256)))


def _domain(number: int) -> Domain:
    return _DOMAINS[number % len(_DOMAINS)]


def _intents() -> Iterator[Case]:
    ordinary = [
        Intent(
            chain_id=_domain(n).chain_id,
            spender=_domain(n).settlement,
            swapper=_address(),
            token_in=_address(),
            amount_in=_amount(),
            token_out=_address(),
            min_amount_out=_amount(),
            receiver=_address(),
            nonce=_amount(),
            deadline=1_800_000_000 + n,
            valid_from=1_700_000_000,
            open_after=1_800_000_000,
            partner=_address(),
            partner_fee_bps=_random.randint(0, 10_000),
            app_data=_hash(),
        )
        for n in range(12)
    ]
    base = ordinary[0]
    edges: list[dict[str, object]] = [
        {"amount_in": 0},
        {"amount_in": UINT256_MAX},
        {"min_amount_out": 0},
        {"min_amount_out": UINT256_MAX},
        {"nonce": 0},
        {"nonce": UINT256_MAX},
        {"deadline": 0, "valid_from": 0, "open_after": 0},
        {"deadline": LATEST, "valid_from": LATEST, "open_after": LATEST},
        {"partner": ZERO_ADDRESS, "partner_fee_bps": 0},
        {"partner_fee_bps": 10_000},
        {"app_data": ZERO_HASH},
        {"app_data": Hash32(b"\xff" * 32)},
        {"swapper": ZERO_ADDRESS, "token_in": ZERO_ADDRESS, "token_out": ZERO_ADDRESS, "receiver": ZERO_ADDRESS},
        {"swapper": Address(b"\xff" * 20), "token_out": base.token_in},
    ]
    cases = [("", intent) for intent in ordinary]
    cases += [(",".join(f"{k}" for k in edge), base.model_copy(update=edge)) for edge in edges]
    for number, (name, intent) in enumerate(cases):
        encoded = (
            intent.token_in,
            intent.amount_in,
            intent.nonce,
            intent.deadline,
            (
                intent.swapper,
                intent.token_out,
                intent.min_amount_out,
                intent.receiver,
                intent.valid_from,
                intent.open_after,
                intent.partner,
                intent.partner_fee_bps,
                intent.app_data,
            ),
            b"",
        )
        yield (
            f"intent {number} {name}".strip(),
            intent.chain_id,
            intent.spender,
            eip712_json.to_typed_data(intent),
            encode([_SIGNED_INTENT], [encoded]),
        )


def _bids() -> Iterator[Case]:
    ordinary = [
        Bid(
            legs=tuple(Leg(intent_hash=_hash(), amount_out=_amount(), fee=_amount()) for _ in range(legs)),
            auction_id=_hash(),
            solver=_address(),
            executor=_address(),
            valid_until=1_800_000_000 + legs,
            call_data_hash=_hash(),
            gas_limit=_random.randint(21_000, 4_000_000),
        )
        for legs in range(1, 9)
    ]
    base = ordinary[0]
    twice = (base.legs[0], base.legs[0])
    edges: list[dict[str, object]] = [
        {"legs": (Leg(intent_hash=ZERO_HASH, amount_out=0, fee=0),)},
        {"legs": (Leg(intent_hash=Hash32(b"\xff" * 32), amount_out=UINT256_MAX, fee=UINT256_MAX),)},
        {"legs": twice},
        {"penalty": UINT256_MAX},
        {"valid_until": 0},
        {"valid_until": LATEST},
        {"solver": ZERO_ADDRESS, "executor": ZERO_ADDRESS, "auction_id": ZERO_HASH, "call_data_hash": ZERO_HASH},
        {"gas_limit": 21_000},
        {"gas_limit": 4_000_000},
    ]
    cases = [(f"{len(bid.legs)} legs", bid) for bid in ordinary]
    cases += [(",".join(edge), base.model_copy(update=edge)) for edge in edges]
    for number, (name, bid) in enumerate(cases):
        encoded = (
            [(leg.intent_hash, leg.amount_out, leg.fee) for leg in bid.legs],
            bid.auction_id,
            bid.solver,
            bid.executor,
            bid.valid_until,
            bid.call_data_hash,
            bid.gas_limit,
            bid.penalty,
        )
        domain = _domain(number)
        data = eip712_json.bid_to_typed_data(bid, domain)
        yield f"bid {number} {name}", domain.chain_id, domain.settlement, data, encode([_BID], [encoded])


def _others() -> Iterator[Case]:
    for number, seconds in enumerate((0, 1, 1_800_000_000, LATEST, 2**64 - 1, UINT256_MAX)):
        domain = _domain(number)
        edge = (ZERO_HASH, Hash32(b"\xff" * 32))[number % 2] if number < 2 else _hash()
        where = (domain.chain_id, domain.settlement)
        award = Award(bid_hash=edge, transcript_root=_hash(), exclusive_until=min(seconds, LATEST))
        encoded = encode([_AWARD], [(award.bid_hash, award.transcript_root, award.exclusive_until)])
        yield f"award {number}", *where, eip712_json.award_to_typed_data(award, domain), encoded
        yield f"cancel {number}", *where, eip712_json.cancel_to_typed_data(edge, domain), encode(["bytes32"], [edge])
        pair = encode(["bytes32", "uint256"], [edge, seconds])
        receipt = eip712_json.cancel_receipt_to_typed_data(edge, seconds, domain)
        yield f"cancel receipt {number}", *where, receipt, pair
        auction = _hash()
        accepted = eip712_json.intent_receipt_to_typed_data(edge, seconds, auction, domain)
        encoded = encode(["bytes32", "uint256", "bytes32"], [edge, seconds, auction])
        yield f"intent receipt {number}", *where, accepted, encoded
        yield f"bid receipt {number}", *where, eip712_json.bid_receipt_to_typed_data(edge, seconds, domain), pair
        solver = ZERO_ADDRESS if number == 0 else _address()
        login = eip712_json.stream_login_to_typed_data(solver, edge, seconds, domain)
        triple = encode(["address", "bytes32", "uint256"], [solver, edge, seconds])
        yield f"stream login {number}", *where, login, triple


def cases() -> Iterator[Case]:
    """The same ones at each call."""
    _random.seed(SEED)
    yield from _intents()
    yield from _bids()
    yield from _others()
