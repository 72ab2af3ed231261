"""One client of the stream: what it asked for, what it is told, in which order."""

from __future__ import annotations

import os
import time
from typing import Any, Final

import structlog
from intendly_sdk.messages import Problem
from intendly_sdk.primitives import Address, Hash32
from intendly_sdk.signatures import SignatureError, recover
from intendly_sdk.stream_messages import Decline, Hello, Login, PlaceBid, Reply, Subscribe, client_message
from intendly_sdk.typed_data import Domain, stream_login_digest
from pydantic import ValidationError

from intendly.domain.errors import CursorGone, LoginInvalid, LoginRequired, TooManyTopics
from intendly.domain.events import Interest, Published
from intendly.services.place_bid import PlaceBids
from intendly.services.ports import EventStore, SigningKeys
from web.problems import problem_of
from web.stream_hub import PAGE, Hub
from web.stream_socket import POLICY, TRY_AGAIN, StreamSocket

log = structlog.get_logger(__name__)

LOGIN_MAX_S: Final = 300
BACKLOG_MAX: Final = 10_000
MESSAGES_A_SECOND: Final = 100
BURST: Final = 400
TOPICS_MAX: Final = 10_000


class Session:
    """Reads requests until the connection is over. Events come in by `take`, from the hub's greenlet."""

    def __init__(
        self, socket: StreamSocket, hub: Hub, store: EventStore, keys: SigningKeys, bids: PlaceBids, domain: Domain
    ) -> None:
        self._socket = socket
        self._hub = hub
        self._store = store
        self._keys = keys
        self._bids = bids
        self._domain = domain
        self._challenge = Hash32(os.urandom(32))
        self._solver: Address | None = None
        self._interests: list[Interest] = []
        self._topics = 0
        self._backlog: list[Published] | None = None
        self._allowance, self._allowed_at = float(BURST), time.monotonic()

    def run(self) -> None:
        """Say hello, then answer until the client is gone."""
        hello = Hello(challenge=self._challenge, cursor=self._hub.head.cursor, server_time=_now_ms())
        self._socket.say(hello.model_dump_json())
        try:
            while (message := self._socket.hear()) is not None:
                if not self._may_speak():
                    self._socket.end(POLICY, f"too many messages: at most {MESSAGES_A_SECOND} a second")
                    return
                self._answer(message)
        finally:
            self._hub.remove(self, self._interests)
            self._socket.finish()

    def take(self, event: Published) -> None:
        """An event that one of the subscriptions hears; held back while an older one is read from PostgreSQL."""
        if self._backlog is None:
            self._tell(event)
        elif len(self._backlog) < BACKLOG_MAX:
            self._backlog.append(event)
        else:
            self._socket.end(TRY_AGAIN, "too far behind: resume behind your last cursor")

    def lost_its_place(self) -> None:
        self._socket.end(TRY_AGAIN, "the event numbers begin anew: read the state, then subscribe")

    def _may_speak(self) -> bool:
        """A bucket of `BURST` messages that fills again at `MESSAGES_A_SECOND`."""
        now = time.monotonic()
        self._allowance = min(BURST, self._allowance + (now - self._allowed_at) * MESSAGES_A_SECOND)
        self._allowed_at = now
        self._allowance -= 1
        return self._allowance >= 0

    def _answer(self, message: str | bytes) -> None:
        request_id = 0
        try:
            request = client_message.validate_json(message)
            request_id = request.id
            match request:
                case Login():
                    self._reply(request_id, self._log_in(request))
                case Subscribe():
                    self._subscribe(request)
                case PlaceBid():
                    accepted = self._bids.place(request.signed_bid, via=self._solver)
                    self._reply(request_id, accepted.model_dump(mode="json"))
                case Decline():
                    self._bids.decline(request.auction_id, self._logged_in())
                    self._reply(request_id, {})
        except ValidationError as error:
            self._refuse(_id_in(message), problem_of(error))
        except Exception as error:
            problem = problem_of(error)
            if problem.status >= 500:
                log.error("stream_request_failed", code=problem.code, exc_info=error)
            self._refuse(request_id, problem)

    def _log_in(self, request: Login) -> dict[str, Any]:
        now = time.time()
        if not now < request.expires_at <= now + LOGIN_MAX_S:
            raise LoginInvalid(f"expires_at: expected within {LOGIN_MAX_S} seconds from now", field="expires_at")
        digest = stream_login_digest(request.solver, self._challenge, request.expires_at, self._domain)
        try:
            signed_by = recover(digest, request.signature)
        except SignatureError as error:
            raise LoginInvalid(f"signature: {error}", field="signature") from None
        if signed_by != self._keys.signing_key(request.solver):
            raise LoginInvalid(
                "signature: expected the solver's registered signing key over this connection's challenge",
                field="signature",
            )
        self._solver = request.solver
        return {"solver": str(request.solver)}

    def _logged_in(self) -> Address:
        if self._solver is None:
            raise LoginRequired("log in first: sign the challenge of this connection's hello")
        return self._solver

    def _subscribe(self, request: Subscribe) -> None:
        """Attach first, then read what came before: so there is no gap; the backlog is told after it, so no repeat."""
        interest = Interest(
            intents=frozenset(map(str, request.intents)),
            swappers=frozenset(map(str, request.swappers)),
            auctions=request.auctions,
            solver=str(self._logged_in()) if request.solver else None,
        )
        after = self._position(request.after)
        self._topics += 1 + len(interest.intents) + len(interest.swappers)
        if self._topics > TOPICS_MAX:
            raise TooManyTopics(f"one connection follows at most {TOPICS_MAX} intents and swappers; open another one")
        upto = self._hub.head.last
        self._hub.add(self, interest)
        self._interests.append(interest)
        self._reply(request.id, {"cursor": self._hub.head.cursor})
        if after is None:
            return
        self._backlog = []
        while after < upto and (page := self._store.heard_by(interest, after, upto, PAGE)):
            for event in page:
                self._tell(event)
            after = page[-1].number
        backlog, self._backlog = self._backlog, None
        for event in backlog:
            self._tell(event)

    def _position(self, cursor: str | None) -> int | None:
        if cursor is None:
            return None
        epoch, number = map(int, cursor.split("-"))
        head = self._hub.head
        if epoch != head.epoch or number > head.last:
            raise CursorGone(f"the events begin anew at {head.cursor}: read the state, then subscribe from there")
        return number

    def _tell(self, event: Published) -> None:
        if event.closes_at is None:
            self._socket.say(event.frame)
            return
        now = _now_ms()
        left = max(0, event.closes_at - now)
        self._socket.say(f'{event.frame[:-1]},"server_time":{now},"ms_left":{left}}}')

    def _reply(self, request_id: int, result: dict[str, Any]) -> None:
        self._socket.say(Reply(id=request_id, ok=True, result=result).model_dump_json(exclude_none=True))

    def _refuse(self, request_id: int, problem: Problem) -> None:
        self._socket.say(Reply(id=request_id, ok=False, problem=problem).model_dump_json(exclude_none=True))


def _id_in(message: str | bytes) -> int:
    """The id of a request that is not valid, where it has one; 0 otherwise."""
    import json

    try:
        number = json.loads(message)["id"]
    except (ValueError, TypeError, KeyError):
        return 0
    return number if isinstance(number, int) and 0 <= number < 2**53 else 0


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
