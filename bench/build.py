"""A batch of fills on its way out: its calldata built, and the transaction signed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from statistics import median
from typing import Any, Final

import coincurve
from eth_abi.abi import encode
from eth_account import Account
from intendly_sdk.keccak import keccak
from intendly_sdk.messages import Award
from intendly_sdk.primitives import Hash32, HexBytes
from intendly_sdk.signatures import Signer
from intendly_sdk.typed_data import award_digest

from bench import trade
from bench.child import BenchError
from bench.ground import DEPLOYMENT
from bench.rows import Reading, Rounds, Run, Spec, ratio_at_most, subject
from intendly.adapters.chain.artifacts import forge
from intendly.adapters.chain.encoding import settle_calldata
from intendly.adapters.chain.transactions import SignedTransaction, Transaction, sign
from intendly.domain.bundle import Bundle
from intendly.domain.settlement import Fees

_TIMES: Final = 21
_KEY: Final = b"\x5b" * 32
_FEES: Final = Fees(max_fee=30 * 10**9, max_priority_fee=10**9)
_INTENT: Final = (
    "(address,uint256,uint256,uint256,(address,address,uint256,address,uint256,uint256,address,uint256,bytes32),bytes)"
)
_BID: Final = "((bytes32,uint256,uint256)[],bytes32,address,address,uint256,bytes32,uint256,uint256)"
_SETTLE: Final = f"({_INTENT}[],{_BID},bytes,bytes,(bytes32,bytes32,uint256),bytes)[]"


@subject(
    Spec(
        "fills.build_50",
        "a batch of 50 fills built and signed",
        "ms",
        "eth_abi encodes the same call, and coincurve signs once",
        ratio_at_most(3),
    ),
)
def builds(run: Run) -> Rounds:
    """From the bundles as they were read to the bytes that are kept and sent."""
    bundles = [a_bundle() for _ in range(run.size(50, 3))]
    signer, key = Signer(_KEY), coincurve.PrivateKey(_KEY)
    plain = plainly(bundles)
    selector = forge("Settlement").interface["settle"].selector
    while True:
        took: list[float] = []
        floor: list[float] = []
        for _ in range(_TIMES):
            began = time.perf_counter()
            calldata = settle_calldata(bundles)
            signed = _signed(calldata, signer)
            took.append(time.perf_counter() - began)
            began = time.perf_counter()
            encoded = selector + encode([_SETTLE], [plain])
            signature = key.sign_recoverable(keccak(encoded), hasher=None)
            floor.append(time.perf_counter() - began)
            _check(calldata == encoded and len(signature) == 65, signed, signer, calldata)
        yield {"fills.build_50": Reading(median(took) * 1_000, median(floor) * 1_000)}


def plainly(bundles: Sequence[Bundle]) -> list[tuple[Any, ...]]:
    """Bundle[] of contracts/src/Types.sol as eth_abi takes it."""
    return [
        (
            [
                (
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
                    signature,
                )
                for intent, signature in ((one.intent, one.signature) for one in bundle.intents)
            ],
            (
                [(leg.intent_hash, leg.amount_out, leg.fee) for leg in bid.legs],
                bid.auction_id,
                bid.solver,
                bid.executor,
                bid.valid_until,
                bid.call_data_hash,
                bid.gas_limit,
                bid.penalty,
            ),
            bundle.signed_bid.signature,
            bundle.signed_bid.data,
            (bundle.award.bid_hash, bundle.award.transcript_root, bundle.award.exclusive_until),
            bundle.award_signature,
        )
        for bundle, bid in ((one, one.signed_bid.bid) for one in bundles)
    ]


def _signed(calldata: HexBytes, signer: Signer) -> SignedTransaction:
    return sign(Transaction(DEPLOYMENT.chain_id, 7, DEPLOYMENT.settlement, calldata, 2**24, _FEES), signer)


def _check(same: bool, signed: SignedTransaction, signer: Signer, calldata: bytes) -> None:
    """Raises `BenchError` where the venue built something else, or signed something else."""
    if not same or signed.raw.find(calldata) < 0 or Account.recover_transaction(signed.raw) != signer.address.checksum:
        raise BenchError("the venue's transaction is not the call that eth_abi encodes")


def a_bundle() -> Bundle:
    """A fill of one leg, with 512 bytes for the executor."""
    signed = trade.signed_intent()
    solver = Signer(_KEY)
    bid = trade.bid(solver, Hash32(bytes(32)), signed.intent.hash, trade.BLOCK_TIME, 3_010 * 10**6)
    award = Award(bid_hash=bid.bid.hash(DEPLOYMENT.domain), transcript_root=Hash32(bytes(32)), exclusive_until=1)
    route = bid.model_copy(update={"data": HexBytes(bytes(range(256)) * 2)})
    return Bundle((signed,), route, award, solver.sign(award_digest(award, DEPLOYMENT.domain)))
