"""Budgets: what is answered beyond them, whom they count, and that a stranger cannot use up another's."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import httpx
import pytest
from intendly_sdk.messages import BidOutcomes, IntentOutcomes, SignedBid, SignedIntent
from intendly_sdk.primitives import Hash32
from intendly_sdk.signatures import Signer

from tests.external import Chain, RedisServer
from tests.integration.web.conftest import Relayer, running_relayer
from tests.integration.web.test_batches import plain
from tests.integration.web.test_problems import assert_problem
from tests.integration.web.world import Rows, signed_bid, signed_intent

pytestmark = pytest.mark.integration

API_KEY = "an-integrators-secret"
TIGHT = {
    "LIMIT_SWAPPER_INTENTS": "10/15minutes",
    "LIMIT_SWAPPER_BATCH_INTENTS": "12/15minutes",
    "LIMIT_SOLVER_BIDS": "3/15minutes",
    "LIMIT_SOLVER_BATCH_BIDS": "5/15minutes",
    "LIMIT_ADDRESS_INTENTS": "40/15minutes",
    "LIMIT_ADDRESS_WRITES": "3/15minutes",
    "LIMIT_ADDRESS_READS": "6/15minutes",
    "INTEGRATORS": f"sha256:{hashlib.sha256(API_KEY.encode()).hexdigest()}=2, 198.51.100.0/24=3",
    "TRUSTED_PROXIES": "127.0.0.0/8",
}
_addresses = (f"203.0.113.{number}" for number in itertools.count(1))


@pytest.fixture(scope="module")
def relayer(
    module_database_url: str,
    valkey: RedisServer,
    anvil: Chain,
    tmp_path_factory: pytest.TempPathFactory,
    solver: Signer,
    rival: Signer,
) -> Iterator[Relayer]:
    """Two workers with tight budgets, behind a proxy that is trusted: a test comes from addresses of its own."""
    rows = Rows(module_database_url)
    rows.seed(solver, rival)
    settings = TIGHT | {"RPC_URLS": anvil.rpc_url}
    with running_relayer(rows, valkey.url_of(10), tmp_path_factory.mktemp("relayer"), **settings) as one:
        yield one


@pytest.fixture
def address() -> str:
    return next(_addresses)


def post(relayer: Relayer, signed: SignedIntent, address: str, **headers: str) -> httpx.Response:
    return relayer.post("/intents", signed.model_dump_json(), **{"x-forwarded-for": address, **headers})


def statuses(relayer: Relayer, signer: Signer, address: str, number: int, **headers: str) -> list[int]:
    return [post(relayer, signed_intent(signer), address, **headers).status_code for _ in range(number)]


def test_the_eleventh_intent_of_a_swapper_waits(relayer: Relayer, swapper: Signer, address: str) -> None:
    assert statuses(relayer, swapper, address, 10) == [202] * 10
    refused = post(relayer, signed_intent(swapper), address)
    problem = assert_problem(refused, 429, "rate_limited")
    wait = int(refused.headers["retry-after"])
    assert 0 < wait <= 900
    assert problem.detail == f"swapper_intents: this swapper may send 10 in 900 s; send again in {wait} s"
    assert '"swapper_intents";q=10;w=900' in refused.headers["ratelimit-policy"]
    assert f'"swapper_intents";r=0;t={wait}' in refused.headers["ratelimit"]
    assert relayer.rows.one("SELECT count(*) FROM intents WHERE swapper = %s", bytes(swapper.address)) == 10
    other = post(relayer, signed_intent(Signer(os.urandom(32))), address)
    assert other.status_code == 202
    assert re.search(r'"address_intents";r=28;t=\d+, "swapper_intents";r=9;t=\d+', other.headers["ratelimit"])


def test_both_workers_count_together(relayer: Relayer, swapper: Signer, address: str) -> None:
    bodies = [signed_intent(swapper) for _ in range(30)]
    with ThreadPoolExecutor(15) as pool:
        told = Counter(pool.map(lambda one: post(relayer, one, address, connection="close").status_code, bodies))
    assert told == {202: 10, 429: 20}


def test_a_stranger_cannot_use_up_a_swappers_budget(relayer: Relayer, swapper: Signer, address: str) -> None:
    forged = signed_intent(swapper).model_copy(update={"signature": swapper.sign(Hash32(os.urandom(32)))})
    stranger = next(_addresses)
    assert {post(relayer, forged, stranger).status_code for _ in range(15)} == {422}
    known = signed_intent(swapper)
    assert post(relayer, known, address).status_code == 202
    with ThreadPoolExecutor(10) as pool:
        assert set(pool.map(lambda _: post(relayer, known, stranger).status_code, range(20))) == {200}
    assert statuses(relayer, swapper, address, 10) == [202] * 9 + [429]


def test_what_was_accepted_is_told_again_beyond_the_budget(relayer: Relayer, swapper: Signer, address: str) -> None:
    first = signed_intent(swapper)
    assert post(relayer, first, address).status_code == 202
    assert statuses(relayer, swapper, address, 10) == [202] * 9 + [429]
    assert post(relayer, first, address).status_code == 200


def test_an_address_over_its_budget_has_nothing_read(relayer: Relayer, swapper: Signer, address: str) -> None:
    for _ in range(40):
        assert_problem(relayer.post("/intents", b"{", **{"x-forwarded-for": address}), 400, "malformed_json")
    refused = relayer.post("/intents", b"{", **{"x-forwarded-for": address})
    assert "address_intents" in assert_problem(refused, 429, "rate_limited").detail
    assert int(refused.headers["retry-after"]) > 0
    assert post(relayer, signed_intent(swapper), next(_addresses)).status_code == 202
    assert statuses(relayer, swapper, next(_addresses), 10) == [202] * 9 + [429], "nothing was taken of the swapper"


def test_the_networks_of_one_customer_count_as_one(relayer: Relayer) -> None:
    def ask(address: str) -> int:
        return relayer.http.get(relayer.api + "/config", headers={"x-forwarded-for": address}).status_code

    assert [ask(f"2001:db8:1:1::{number}") for number in range(7)] == [200] * 6 + [429]
    assert ask("2001:db8:1:2::1") == 200


def test_other_writes_and_reads_have_budgets_of_their_own(relayer: Relayer, swapper: Signer, address: str) -> None:
    cancel = f"/intents/0x{'77' * 32}/cancel"
    body = '{"signature": "0x%s"}' % ("11" * 65)
    told = [relayer.post(cancel, body, **{"x-forwarded-for": address}).status_code for _ in range(4)]
    assert told == [404, 404, 404, 429]
    headers = {"x-forwarded-for": address}
    reads = [relayer.http.get(relayer.api + "/tokens", headers=headers).status_code for _ in range(7)]
    assert reads == [200] * 6 + [429]
    assert post(relayer, signed_intent(swapper), address).status_code == 202
    assert relayer.http.get(relayer.url + "/health", headers=headers).status_code == 200


def test_a_batch_is_held_to_a_wider_budget_member_by_member(relayer: Relayer, swapper: Signer, address: str) -> None:
    members = [plain(signed_intent(swapper)) for _ in range(15)]
    answer = relayer.http.post(
        relayer.api + "/intents/batch", json={"intents": members}, headers={"x-forwarded-for": address}
    )
    told = IntentOutcomes.model_validate_json(answer.content).outcomes
    codes = [one.problem.code if one.problem else "accepted" for one in told]
    assert codes == ["accepted"] * 12 + ["rate_limited"] * 3
    assert relayer.rows.one("SELECT count(*) FROM intents WHERE swapper = %s", bytes(swapper.address)) == 12


def test_members_that_were_refused_cost_nothing(relayer: Relayer, swapper: Signer, address: str) -> None:
    """Neither those beyond the budget, nor what one that had a place in it did not use."""
    known = signed_intent(swapper)
    assert post(relayer, known, address).status_code == 202
    members = [plain(known), *(plain(signed_intent(swapper)) for _ in range(14))]
    answer = relayer.http.post(
        relayer.api + "/intents/batch", json={"intents": members}, headers={"x-forwarded-for": address}
    )
    told = IntentOutcomes.model_validate_json(answer.content).outcomes
    assert [one.problem is None for one in told] == [True] * 12 + [False] * 3
    assert '"swapper_batch_intents";r=1;' in answer.headers["ratelimit"]


def open_for_bids(relayer: Relayer, address: str, *roster: Signer) -> Callable[..., SignedBid]:
    """Signs bids in an auction that has just opened."""
    signed = signed_intent(Signer(os.urandom(32)))
    assert post(relayer, signed, address).status_code == 202
    auction = relayer.rows.open_auction(signed.intent.hash, roster)
    return partial(
        signed_bid,
        auction_id=auction,
        intent_hash=signed.intent.hash,
        closes_at_ms=relayer.rows.closes_at_ms(auction),
    )


def test_a_solver_has_a_budget_that_forged_bids_do_not_touch(
    relayer: Relayer, solver: Signer, rival: Signer, address: str
) -> None:
    bid_of = open_for_bids(relayer, address, solver, rival)

    def bid(by: Signer, amount: int, signer: Signer | None = None) -> int:
        one = bid_of(by, amount_out=amount, signer=signer)
        return relayer.post("/bids", one.model_dump_json(), **{"x-forwarded-for": address}).status_code

    assert {bid(solver, amount, signer=rival) for amount in range(5)} == {422}
    assert [bid(solver, amount) for amount in range(4)] == [202, 202, 202, 429]
    assert bid(rival, 1) == 202


def test_a_list_of_bids_is_held_to_a_wider_budget_member_by_member(
    relayer: Relayer, solver: Signer, rival: Signer, address: str
) -> None:
    bid_of = open_for_bids(relayer, address, solver, rival)
    bids = [bid_of(rival, amount_out=amount) for amount in range(7)]
    answer = relayer.post("/bids", json.dumps([plain(bid) for bid in bids]), **{"x-forwarded-for": address})
    told = BidOutcomes.model_validate_json(answer.content).outcomes
    assert [one.problem and one.problem.code for one in told] == [None] * 5 + ["rate_limited"] * 2


@pytest.mark.parametrize(
    ("method", "path", "counted"),
    [
        ("POST", "/intents", "intents"),
        ("POST", "/intents/batch", "batches"),
        ("POST", "/bids", "bids"),
        ("POST", "/quotes", "reads"),
        ("POST", f"/intents/0x{'77' * 32}/cancel", "writes"),
        ("GET", "/config", "reads"),
        ("HEAD", "/intents", "reads"),
    ],
)
def test_what_a_request_counts_on_is_told(relayer: Relayer, address: str, method: str, path: str, counted: str) -> None:
    answer = relayer.http.request(method, relayer.api + path, headers={"x-forwarded-for": address})
    assert re.fullmatch(rf'"address_{counted}";q=\d+;w=\d+', answer.headers["ratelimit-policy"])
    assert re.fullmatch(rf'"address_{counted}";r=\d+;t=\d+', answer.headers["ratelimit"])


def test_the_seconds_that_are_told_run_down(relayer: Relayer, address: str) -> None:
    ends, left = time.monotonic() + 20, 900
    while left == 900:
        assert time.monotonic() < ends
        answer = relayer.http.get(relayer.api + "/config", headers={"x-forwarded-for": address})
        left = int(answer.headers["ratelimit"].rpartition("t=")[2])
        assert answer.headers.get("retry-after") in (None, str(left))
        time.sleep(0.05)


def test_an_integrators_key_has_one_budget_wherever_it_comes_from(relayer: Relayer) -> None:
    def reads(number: int, address: str, **headers: str) -> list[int]:
        headers["x-forwarded-for"] = address
        return [relayer.http.get(relayer.api + "/config", headers=headers).status_code for _ in range(number)]

    first, second = next(_addresses), next(_addresses)
    key = {"x-api-key": API_KEY}
    assert reads(8, first, **key) + reads(5, second, **key) == [200] * 12 + [429]
    assert reads(1, first) + reads(1, second) == [200, 200], "nothing was taken of the addresses"


def test_an_integrator_has_wider_budgets_by_key_and_by_network(relayer: Relayer, swapper: Signer, address: str) -> None:
    key = {"x-api-key": API_KEY}
    assert statuses(relayer, swapper, address, 21, **key) == [202] * 20 + [429]
    assert statuses(relayer, Signer(os.urandom(32)), address, 11, **{"x-api-key": "wrong"}) == [202] * 10 + [429]
    assert statuses(relayer, Signer(os.urandom(32)), "198.51.100.7", 31) == [202] * 30 + [429]
    assert API_KEY not in relayer.log.read_text()


@contextmanager
def hung_redis() -> Iterator[tuple[str, list[socket.socket]]]:
    """Takes connections, which it shows, and never says a word."""
    held: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            while True:
                try:
                    held.append(server.accept()[0])
                except OSError:
                    return

        threading.Thread(target=accept, daemon=True).start()
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0", held
        server.shutdown(socket.SHUT_RDWR)
    for one in held:
        one.close()


def test_a_redis_that_hangs_delays_nobody_and_the_process_counts_for_itself(
    database_url: str, tmp_path: Path, swapper: Signer
) -> None:
    rows = Rows(database_url)
    rows.seed()
    settings = TIGHT | {"WEB_WORKERS": "1", "TRUSTED_PROXIES": ""}
    with hung_redis() as (redis_url, held), running_relayer(rows, redis_url, tmp_path, **settings) as relayer:
        told = [post(relayer, signed_intent(swapper), f"203.0.113.{number}") for number in range(12)]
        assert [one.status_code for one in told] == [202] * 10 + [429] * 2
        assert len(held) < len(told), "not every request waits for it"
        assert int(told[-1].headers["retry-after"]) > 0
        health = relayer.http.get(relayer.url + "/health").json()
        assert (health["status"], health["ready"]) == ("degraded", True)
        assert health["parts"]["limits"]["detail"].startswith("local: ")
        # What a client says of itself is nothing to go by where no proxy is trusted.
        reads = [
            relayer.http.get(relayer.api + "/config", headers={"x-forwarded-for": f"203.0.113.{number}"}).status_code
            for number in range(7)
        ]
        assert reads == [200] * 6 + [429]
