"""An account that deploys and sets up: sends many transactions at once, waits for all of them.

Not for settling: a settlement is stored before it is sent (design: Getting it on chain, exactly once).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from intendly_sdk.primitives import Address, Hash32, HexBytes
from intendly_sdk.signatures import Signer

from intendly.adapters.chain.fees import suggested_fees
from intendly.adapters.chain.rpc import Rpc, RpcError
from intendly.adapters.chain.transactions import SignedTransaction, Transaction, sign

WAIT_S = 90.0
_POLL_S = 0.05


class TransactionFailed(Exception):
    """A transaction was refused, reverted, or not mined in time. Says which one by its label."""


@dataclass(frozen=True, slots=True)
class Call:
    """A transaction to send. `gas` of None is estimated, so it must not depend on one sent with it."""

    label: str
    to: Address
    data: bytes = field(default=b"", repr=False)
    value: int = 0
    gas: int | None = None


class Account:
    """One key on one chain. `sent` is called when all transactions are with the node, before the wait for them."""

    def __init__(self, rpc: Rpc, signer: Signer, *, sent: Callable[[], None] | None = None) -> None:
        self._rpc = rpc
        self._signer = signer
        self._sent = sent
        self.address = signer.address

    def send(self, calls: Sequence[Call]) -> int:
        """Send them in their order and wait until all are mined; the highest block that one is in.

        Raises `TransactionFailed`. Zero for no calls.
        """
        if not calls:
            return 0
        labels = self.broadcast(calls)
        if self._sent:
            self._sent()
        return self.wait(labels)

    def broadcast(self, calls: Sequence[Call]) -> dict[Hash32, str]:
        """Send them in their order; their labels by hash, for `wait`. Raises `TransactionFailed`."""
        labels: dict[Hash32, str] = {}
        signed = self._signed(calls)
        answers = self._rpc.batch([("eth_sendRawTransaction", [str(each.raw)]) for each in signed])
        for call, transaction, answer in zip(calls, signed, answers, strict=True):
            if isinstance(answer, RpcError):
                raise TransactionFailed(f"{call.label}: {answer}")
            labels[transaction.hash] = call.label
        return labels

    def wait(self, labels: dict[Hash32, str]) -> int:
        """Wait until all are mined; the highest block that one is in. Raises `TransactionFailed`."""
        highest = 0
        end = time.monotonic() + WAIT_S
        while labels:
            asked = list(labels)
            receipts = self._rpc.results([("eth_getTransactionReceipt", [str(each)]) for each in asked])
            for each, receipt in zip(asked, receipts, strict=True):
                if receipt is None:
                    continue
                label = labels.pop(each)
                if int(receipt["status"], 16) != 1:
                    raise TransactionFailed(f"{label}: reverted in {each}")
                highest = max(highest, int(receipt["blockNumber"], 16))
            if labels and time.monotonic() > end:
                raise TransactionFailed(f"{next(iter(labels.values()))}: not mined within {WAIT_S:.0f} s")
            if labels:
                time.sleep(_POLL_S)
        return highest

    def _signed(self, calls: Sequence[Call]) -> list[SignedTransaction]:
        chain_id, nonce = self._rpc.results(
            [("eth_chainId", []), ("eth_getTransactionCount", [str(self.address), "pending"])]
        )
        fees = suggested_fees(self._rpc)
        return [
            sign(
                Transaction(
                    int(chain_id, 16), int(nonce, 16) + place, call.to, call.data, self._gas(call), fees, call.value
                ),
                self._signer,
            )
            for place, call in enumerate(calls)
        ]

    def _gas(self, call: Call) -> int:
        if call.gas is not None:
            return call.gas
        request = {
            "from": str(self.address),
            "to": str(call.to),
            "data": str(HexBytes(call.data)),
            "value": hex(call.value),
        }
        try:
            return int(self._rpc.call("eth_estimateGas", request), 16) * 6 // 5
        except RpcError as error:
            raise TransactionFailed(f"{call.label}: {error}") from None
