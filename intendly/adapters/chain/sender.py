"""Sends settle transactions from the submitter's key."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Final

import structlog
from intendly_sdk.primitives import Address, Hash32, HexBytes
from intendly_sdk.signatures import Signer

from intendly.adapters.chain.abi import Function
from intendly.adapters.chain.artifacts import forge
from intendly.adapters.chain.encoding import settle_calldata
from intendly.adapters.chain.fees import suggested_fees
from intendly.adapters.chain.reader import FINAL_DEPTH, final_number
from intendly.adapters.chain.rpc import Rpc, RpcError
from intendly.adapters.chain.transactions import Transaction, intrinsic_gas, sign
from intendly.domain.bundle import Bundle, BundleCost
from intendly.domain.settlement import Fees, Receipt, Settlement
from intendly.services.ports import SignedBytes

log = structlog.get_logger(__name__)

_USUAL_OF_LEG: Final = 100_000
"""Permit2's pull, the payout and our own work take about two thirds of it (docs/performance.md, What costs)."""
_CALLBACK_TAKES_ONE_IN: Final = 4
"""Or less, of what solvers ask for it."""
_COPIED_FOR_ONE: Final = 2
"""Bytes of a bundle, at least, that are copied for one gas (GasBudget.sol)."""
_KNOWN: Final = ("already known", "already imported", "known transaction", "nonce too low")
"""What nodes say of bytes that they have or had; the receipts tell the rest."""


class RpcSender:
    """`Sender` over JSON-RPC. The key signs here and goes nowhere."""

    def __init__(self, rpc: Rpc, signer: Signer, *, chain_id: int, settlement: Address) -> None:
        self._rpc = rpc
        self._signer = signer
        self._chain_id = chain_id
        self._settlement = settlement
        self._interface = forge("Settlement").interface

    @property
    def address(self) -> Address:
        return self._signer.address

    def nonce(self) -> int:
        return self._nonce_at("latest")

    def final_nonce(self) -> int:
        """A node that keeps no state that old is asked `FINAL_DEPTH` blocks back; 0 where it has none of it."""
        final, head = self.final_block(), int(self._rpc.call("eth_blockNumber"), 16)
        for block in sorted({final, max(final, head - FINAL_DEPTH)}):
            try:
                return self._nonce_at(hex(block))
            except RpcError as error:
                log.warning("nonce_unknown", block=block, error=str(error))
        return 0

    def final_block(self) -> int:
        return final_number(self._rpc)

    def cost(self, bundle: Bundle) -> BundleCost:
        base, per_leg, around = self._frame_gas
        legs, callback = len(bundle.intents), bundle.signed_bid.bid.gas_limit
        calldata = settle_calldata([bundle])
        sent = intrinsic_gas(calldata)
        frame = base + per_leg * legs + callback
        return BundleCost(
            usual=sent + _USUAL_OF_LEG * legs + callback // _CALLBACK_TAKES_ONE_IN,
            whole=sent + around + frame + frame // 63 + len(calldata) // _COPIED_FOR_ONE,
            size=len(calldata),
        )

    def encode(self, bundles: Sequence[Bundle]) -> HexBytes:
        return settle_calldata(bundles)

    def suggested_fees(self) -> Fees:
        return suggested_fees(self._rpc)

    def sign(self, settlement: Settlement, fees: Fees) -> SignedBytes:
        signed = sign(
            Transaction(
                self._chain_id, settlement.nonce, self._settlement, settlement.calldata, settlement.gas_limit, fees
            ),
            self._signer,
        )
        return SignedBytes(signed.hash, signed.raw)

    def broadcast(self, raw: bytes) -> str | None:
        try:
            self._rpc.call("eth_sendRawTransaction", str(HexBytes(raw)))
        except RpcError as error:
            return None if any(words in error.message.lower() for words in _KNOWN) else error.message
        return None

    def receipts(self, attempts: Sequence[Hash32]) -> list[Receipt | None]:
        answers = self._rpc.results([("eth_getTransactionReceipt", [str(each)]) for each in attempts])
        return [_receipt(answer) for answer in answers]

    @cached_property
    def _frame_gas(self) -> tuple[int, int, int]:
        """The contract's own budget of a frame: its base, what each leg adds; and what settle takes around it."""
        base = int(self._view("frameGas", 0, 0))
        around = int(self._view("ENTRY_OVERHEAD")) + int(self._view("TAIL_GAS"))
        return base, int(self._view("frameGas", 1, 0)) - base, around

    def _view(self, name: str, *arguments: object) -> Any:
        function = self._interface[name]
        return self._ask(function, function.encode(*arguments))

    def _ask(self, function: Function, calldata: bytes) -> Any:
        call = {"to": str(self._settlement), "data": str(HexBytes(calldata))}
        return function.decode(HexBytes(self._rpc.call("eth_call", call, "latest")))

    def _nonce_at(self, block: str) -> int:
        return int(self._rpc.call("eth_getTransactionCount", str(self.address), block), 16)


def _receipt(raw: Any) -> Receipt | None:
    if raw is None:
        return None
    return Receipt(
        Hash32(raw["transactionHash"]),
        int(raw["blockNumber"], 16),
        Hash32(raw["blockHash"]),
        int(raw["status"], 16) == 1,
    )
