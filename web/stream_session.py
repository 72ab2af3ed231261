"""One client of the stream: what it asks, and what it is answered."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Final

import structlog
from intendly_sdk.messages import Problem
from intendly_sdk.primitives import Address, Hash32
from intendly_sdk.signatures import SignatureError, recover
from intendly_sdk.stream_messages import Decline, Hello, Login, Ping, PlaceBid, Reply, Subscribe, client_message
from intendly_sdk.typed_data import Domain, stream_login_digest
from pydantic import ValidationError
from pydantic_core import from_json

from intendly.domain.errors import LoginInvalid, LoginRequired
from intendly.domain.events import Interest
from intendly.services.place_bid import PlaceBids
from intendly.services.ports import EventStore, Quota, SigningKeys
from web.problems import problem_of
from web.stream_allowance import Allowance
from web.stream_following import POLICY, Following
from web.stream_frame import Frame
from web.stream_hub import Hub
from web.stream_socket import StreamSocket
from web.wire import json_as

log = structlog.get_logger(__name__)

LOGIN_MAX_S: Final = 300
MESSAGES_A_SECOND: Final = 100
BURST: Final = 400


class Session:
    """Reads requests until the connection is over. The first subscription without a cursor of its own has `after`."""

    def __init__(
        self,
        socket: StreamSocket,
        hub: Hub,
        store: EventStore,
        keys: SigningKeys,
        bids: PlaceBids,
        domain: Domain,
        quota: Callable[[], Quota],
        idle_s: float,
        after: str | None = None,
    ) -> None:
        self._socket = socket
        self._hub = hub
        self._following = Following(socket, hub, store)
        self._after = after
        self._keys = keys
        self._bids = bids
        self._domain = domain
        self._quota = quota
        self._idle_s = idle_s
        self._challenge = Hash32(os.urandom(32))
        self._solver: Address | None = None
        self._messages = Allowance(MESSAGES_A_SECOND, BURST)

    def run(self) -> None:
        """Say hello, then answer until the client is gone."""
        hello = Hello(challenge=self._challenge, cursor=self._hub.head.cursor, server_time=self._hub.now_ms())
        self._socket.say(Frame(hello.model_dump_json()))
        try:
            while (message := self._hear()) is not None:
                if self._messages.take(1):
                    self._socket.end(POLICY, f"too many messages: at most {MESSAGES_A_SECOND} a second")
                    return
                self._answer(message)
        finally:
            self._following.stop()
            self._socket.finish()

    def _hear(self) -> str | bytes | None:
        """The next message; one that has nothing to do here is sent off."""
        message = self._socket.hear(self._idle_s if self._following.is_idle else None)
        if message is None:
            self._socket.end(POLICY, f"idle: subscribe, or bid, within {self._idle_s:g} seconds")
        return message

    def _answer(self, message: str | bytes) -> None:
        request_id = 0
        try:
            request = client_message.validate_json(message)
            request_id = request.id
            json_as(type(request), message.encode() if isinstance(message, str) else message)  # no field twice
            match request:
                case Login():
                    self._reply(request_id, self._log_in(request))
                case Subscribe():
                    self._subscribe(request)
                case PlaceBid():
                    accepted = self._bids.place(request.signed_bid, via=self._solver, quota=self._quota())
                    self._reply(request_id, accepted.model_dump(mode="json"))
                case Decline():
                    self._bids.decline(request.auction_id, self._logged_in())
                    self._reply(request_id, {})
                case Ping():
                    self._reply(request_id, {"server_time": self._hub.now_ms()})
        except ValidationError as error:
            self._refuse(_id_in(message), problem_of(error))
        except Exception as error:
            problem = problem_of(error)
            if problem.status >= 500:
                log.error("stream_request_failed", code=problem.code, exc_info=error)
            self._refuse(request_id, problem)

    def _log_in(self, request: Login) -> dict[str, Any]:
        now = self._hub.now_ms() / 1000
        if not now < request.expires_at <= now + LOGIN_MAX_S:
            raise LoginInvalid(f"expires_at: expected within {LOGIN_MAX_S} seconds from now", field="expires_at")
        digest = stream_login_digest(request.solver, self._challenge, request.expires_at, self._domain)
        try:
            signed_by = recover(digest, request.signature)
        except SignatureError as error:
            raise LoginInvalid(f"signature: {error}", field="signature") from None
        # It hears of a change of the key before the key is read: one that came between would be lost.
        with self._following.logged_in(str(request.solver), str(signed_by)):
            registered = self._keys.signing_key(request.solver)
            if registered is None:
                raise LoginInvalid(
                    f"solver: {request.solver} is not registered here; a registration takes a block to be seen",
                    field="solver",
                )
            if signed_by != registered:
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
        """The reply comes before what it resumes."""
        interest = Interest(
            intents=frozenset(map(str, request.intents)),
            swappers=frozenset(map(str, request.swappers)),
            auctions=request.auctions,
            solver=str(self._logged_in()) if request.solver else None,
        )
        after = self._following.position(request.after or self._after)
        upto = self._following.add(interest)
        self._after = None
        self._reply(request.id, {"cursor": self._hub.head.cursor})
        self._following.catch_up(interest, after, upto)

    def _reply(self, request_id: int, result: dict[str, Any]) -> None:
        self._say(Reply(id=request_id, ok=True, result=result))

    def _refuse(self, request_id: int, problem: Problem) -> None:
        self._say(Reply(id=request_id, ok=False, problem=problem))

    def _say(self, reply: Reply) -> None:
        self._socket.say(Frame(reply.model_dump_json(exclude_none=True)))


def _id_in(message: str | bytes) -> int:
    """The id of a request that is not valid, where it has one; 0 otherwise."""
    try:
        # Not json.loads: it goes as deep as the recursion limit, which an import may have raised past the stack.
        number = from_json(message)["id"]
    except (ValueError, TypeError, KeyError):
        return 0
    return number if type(number) is int and 0 <= number < 2**53 else 0
