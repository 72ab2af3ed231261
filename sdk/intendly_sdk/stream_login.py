"""How a client logs in to the stream: by its key, or by the one that is to take that one's place."""

from __future__ import annotations

from intendly_sdk.errors import ApiError
from intendly_sdk.primitives import Address
from intendly_sdk.signatures import Signer
from intendly_sdk.stream_connection import StreamConnection
from intendly_sdk.stream_messages import Login
from intendly_sdk.typed_data import Domain, stream_login_digest

LOGIN_SECONDS = 120
_NOT_THE_KEY = "login_invalid"


class LogIn:
    """As `solver`, or as the signer itself. Raises `ValueError` for a signer without a domain, and the reverse."""

    def __init__(self, signer: Signer | None, domain: Domain | None, solver: Address | None) -> None:
        if (signer is None) != (domain is None):
            raise ValueError("a login needs both a signer and a domain")
        self.signers: tuple[Signer, ...] = () if signer is None else (signer,)
        self._as = (solver or signer.address, domain) if signer and domain else None

    def use(self, signer: Signer) -> None:
        """Take this key from when the venue knows it as the solver's. Raises `ValueError` where there is no login."""
        if self._as is None:
            raise ValueError("a login needs both a signer and a domain")
        self.signers = (*self.signers, signer)

    async def on(self, connection: StreamConnection) -> None:
        """Log in, where there is a login. Raises `ApiError`, `NetworkError`."""
        if self._as is None:
            return
        signers = self.signers
        for place, signer in enumerate(signers):
            try:
                await connection.request(_login(connection, signer, *self._as))
            except ApiError as error:
                if error.code != _NOT_THE_KEY or signer is signers[-1]:
                    raise
            else:
                self.signers = self.signers[place:]  # those before it are not the solver's any more
                return


def _login(connection: StreamConnection, signer: Signer, solver: Address, domain: Domain) -> Login:
    # By the server's clock, so that a clock of ours that is off does not lock us out.
    expires_at = connection.hello.server_time // 1000 + LOGIN_SECONDS
    digest = stream_login_digest(solver, connection.hello.challenge, expires_at, domain)
    return Login(id=connection.next_id(), solver=solver, expires_at=expires_at, signature=signer.sign(digest))
