"""From a POST to its fill in a block, and how many fills a block takes: the whole venue, blocks of one second."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from typing import Any, Final

import httpx
from intendly_sdk.client import TraderClient
from intendly_sdk.messages import EventKind, SignedIntent
from intendly_sdk.primitives import Hash32
from intendly_sdk.signatures import Signer
from intendly_sdk.stream import StreamClient

from bench import memory, trade
from bench.child import BenchError
from bench.rows import Reading, Rounds, Run, Spec, ratio_at_least, subject, value_at_most
from bench.whole_venue import WholeVenue, whole_venue
from cli.demo.trades import Trade
from cli.venue import rpc_of

_RATES: Final = (1, 10, 20)
_SECONDS: Final = {1: 4.0, 10: 2.5, 20: 2.5}
_BACKLOG: Final = 500
_SWAPPERS: Final = 50
_SWAPPERS_TRADES: Final = 100
_DOLLARS: Final = 20
_POSTERS: Final = 8
_WINDOW_MS: Final = 2_000
_BLOCK_MS: Final = 1_000
_PATIENCE_S: Final = 60.0
_FLOOR: Final = "the window and one block"

_SPECS: Final = [
    Spec(
        f"mined.at_{rate}.p{percent}",
        f"from POST to word that the fill is in a block, {rate} intents a second, blocks of one second",
        "ms",
        _FLOOR,
        value_at_most(_WINDOW_MS + {50: 2_000, 99: 5_000}[percent]) if percent != 95 else None,
        percentile=percent,
    )
    for rate in _RATES
    for percent in (50, 95, 99)
]


@subject(
    *_SPECS,
    *memory.UNDER_LOAD,
    Spec(
        "mined.per_block",
        f"fills in the fullest block of those that fill {_BACKLOG} intents that came at once",
        "fills",
        "the block's gas limit ÷ the gas of a fill in these transactions",
        ratio_at_least(0.8),
        "more",
    ),
)
def mined(run: Run) -> Rounds:
    """An intent that is not filled fails the subject: none may be lost."""
    floor = float(_WINDOW_MS + _BLOCK_MS)
    with trading_venue(run) as one:
        one.waits(one.posted_at(_RATES[-1], 1.0))  # the first of everything takes longer
        while True:
            posted = {rate: one.posted_at(rate, 1.0 if run.small else _SECONDS[rate]) for rate in _RATES}
            waits = {rate: one.waits(at) for rate, at in posted.items()}
            load = memory.resident(os.getpid(), "load")
            yield (
                load
                | {spec.name: Reading(waits[int(spec.name.split(".")[1][3:])], floor) for spec in _SPECS}
                | {"mined.per_block": one.per_block(run.size(_BACKLOG, 20))}
            )


class Trading:
    """Swappers who post intents, all of one kind, and a stream client that hears when each is settled."""

    def __init__(self, venue: WholeVenue, traders: Sequence[TraderClient], stream: StreamClient) -> None:
        sells, buys = (venue.market.token(symbol).address for symbol in ("WOKB", "USDC"))
        amount_in = venue.market.amount_in(_trade_of(traders[0].signer))
        self._swap = (sells, amount_in, buys, venue.market.best_single_pool((sells, buys, amount_in)) // 2)
        self.settings = venue.settings
        self._traders, self._stream = traders, stream
        self._next = 0
        self._http = httpx.Client(base_url=f"{venue.settings.api_url}/api/v1", trust_env=False)
        self._rpc = rpc_of(venue.settings)
        self._settled: dict[Hash32, tuple[float, dict[str, Any]]] = {}
        self._thread = threading.Thread(target=self._watch, name="stream", daemon=True)
        self._thread.start()

    def posted_at(self, rate: int, seconds: float) -> dict[Hash32, float]:
        """When each intent was sent, so many a second; a slow answer holds up none of the others."""
        signed = [self._signed() for _ in range(max(1, round(rate * seconds)))]
        at: dict[Hash32, float] = {}
        answers = []
        began = time.monotonic()
        with ThreadPoolExecutor(_POSTERS) as posters:
            for place, one in enumerate(signed):
                time.sleep(max(0.0, began + place / rate - time.monotonic()))
                at[one.intent.hash] = time.monotonic()
                answers.append(posters.submit(self._post, "/intents", one.model_dump_json()))
            for answer in answers:
                answer.result()
        return at

    def waits(self, posted: dict[Hash32, float]) -> list[float]:
        """Milliseconds until each was settled. Raises `BenchError` where one is lost."""
        self._wait(list(posted))
        return [(self._settled[one][0] - at) * 1_000 for one, at in posted.items()]

    def per_block(self, count: int) -> Reading:
        """The most, of `count` intents that come at once: a block that has fewer had no more to take."""
        signed = [self._signed() for _ in range(count)]
        self._post("/intents/batch", trade.batch(signed))
        self._wait([one.intent.hash for one in signed])
        fills = [self._settled[one.intent.hash][1] for one in signed]
        of_block = Counter(int(fill["block_number"]) for fill in fills)
        asked = [("eth_getTransactionReceipt", [tx]) for tx in {fill["tx_hash"] for fill in fills}]
        gas = sum(int(receipt["gasUsed"], 16) for receipt in self._rpc.results(asked)) / count
        limit = int(self._rpc.call("eth_getBlockByNumber", "latest", False)["gasLimit"], 16)
        return Reading(max(of_block.values()), limit / gas)

    def close(self) -> None:
        self._stream.stop()
        self._thread.join()
        self._stream.close()
        self._rpc.close()
        self._http.close()

    def _signed(self) -> SignedIntent:
        trader = self._traders[self._next % len(self._traders)]
        self._next += 1
        return trader.sign(trader.build_intent(*self._swap))

    def _post(self, path: str, body: str) -> None:
        answer = self._http.post(path, content=body, headers={"content-type": "application/json"})
        if not answer.is_success:
            raise BenchError(f"POST {path}: {answer.status_code} {answer.text[:300]}")

    def _wait(self, hashes: Sequence[Hash32]) -> None:
        ends = time.monotonic() + _PATIENCE_S
        while missing := [one for one in hashes if one not in self._settled]:
            if time.monotonic() > ends:
                raise BenchError(f"of {len(hashes)} intents {len(missing)} were not filled within {_PATIENCE_S:.0f} s")
            time.sleep(0.05)

    def _watch(self) -> None:
        for event in self._stream.events():
            if event.kind is EventKind.INTENT_SETTLED and event.intent_hash is not None:
                self._settled.setdefault(event.intent_hash, (time.monotonic(), event.data))


@contextmanager
def trading_venue(run: Run) -> Iterator[Trading]:
    """The whole venue, with swappers of one's own who hold what they sell."""
    venue, people = whole_venue(run), [Signer(os.urandom(32)) for _ in range(_SWAPPERS)]
    with ExitStack() as stack:
        venue.market.ready([_trade_of(one) for one in people for _ in range(_SWAPPERS_TRADES)])
        traders = [stack.enter_context(TraderClient(venue.settings.api_url, one)) for one in people]
        stream = StreamClient(venue.settings.stream_url)
        stream.subscribe(swappers=tuple(one.address for one in people))
        yield stack.enter_context(closing(Trading(venue, traders, stream)))


def _trade_of(swapper: Signer) -> Trade:
    return Trade(swapper, "WOKB", "USDC", _DOLLARS)
