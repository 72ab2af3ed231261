"""What the chain has against an executor, held to what was done on it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from intendly_sdk.keccak import keccak
from intendly_sdk.primitives import Address
from intendly_sdk.signatures import Signer

from intendly.adapters.chain import artifacts
from intendly.adapters.chain.account import Account, Call
from intendly.adapters.chain.create2 import Placed
from intendly.adapters.chain.facts import RpcChain
from intendly.adapters.chain.rpc import Rpc, RpcError
from intendly.domain.errors import ChainUnavailable
from tests.venue import LocalChain

pytestmark = pytest.mark.integration


def test_an_executor_needs_code_and_its_own_consent(local_chain: LocalChain, monkeypatch: pytest.MonkeyPatch) -> None:
    deployment, solver, stranger = local_chain.deployment, Signer(keccak(b"solver")), Address(b"\x77" * 20)
    placed = Placed(
        "executor",
        artifacts.forge("InventoryExecutor").creation_code(
            deployment.settlement, deployment.registry, solver.address, solver.address
        ),
    )
    Account(local_chain.rpc, local_chain.deployer).send([placed.deploying()])
    consent = artifacts.forge("SolverRegistry").interface["setConsent"].encode(solver.address, True)
    local_chain.ready_swapper(solver, {})
    Account(local_chain.rpc, solver).send([Call("consent of an account", deployment.registry, consent)])
    executor, nobody = placed.address, Address(b"\x99" * 20)
    pairs = [(executor, solver.address), (executor, stranger), (solver.address, solver.address), (nobody, stranger)]

    chain = RpcChain(local_chain.rpc, deployment)
    for _ in range(2):  # what is remembered makes no difference
        assert chain.executor_refusals(pairs) == {
            pairs[1]: f"its executor {executor} has not consented to its solver",
            pairs[2]: f"its executor {solver.address} has no code",
            pairs[3]: f"its executor {nobody} has no code",
        }

    asked: list[list[str]] = []
    results = Rpc.results

    def noted(rpc: Rpc, calls: Sequence[tuple[str, Sequence[object]]]) -> list[object]:
        asked.append([method for method, _ in calls])
        return results(rpc, calls)

    monkeypatch.setattr(Rpc, "results", noted)
    chain.executor_refusals(pairs[:2])
    assert asked == [["eth_call"]], "one request, however many bids"
    asked.clear()
    RpcChain(local_chain.rpc, deployment).executor_refusals(pairs)
    assert asked == [["eth_call", "eth_getCode", "eth_getCode", "eth_getCode"]], "and one batch where code is unseen"


def test_an_endpoint_that_refuses_to_tell_is_as_one_that_is_away(
    local_chain: LocalChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_rpc: Rpc, _calls: object) -> list[object]:
        raise RpcError("eth_call", {"message": "out of gas"})

    chain = RpcChain(local_chain.rpc, local_chain.deployment)
    monkeypatch.setattr(Rpc, "results", refuse)
    with pytest.raises(ChainUnavailable, match="did not tell of the executors: eth_call: out of gas"):
        chain.executor_refusals([(Address(b"\x99" * 20), Address(b"\x77" * 20))])
