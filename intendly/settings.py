"""The only reader of the environment: one frozen, typed object, refused at start with every mistake named."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

Port = Annotated[int, Field(ge=1, le=65_535)]
_BOUNDS = ("ge", "le")
_MAY_BE_SECRET = frozenset({"integrators"})
"""What is no secret where it is right, and may be one where it is not: a key in the place of its hash."""
_RATE = re.compile(r"[1-9][0-9]{0,8}/([1-9][0-9]{0,3} ?)?(second|minute|hour|day)s?")
_ORIGIN = re.compile(r"\*|https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?")
_INTEGRATOR = re.compile(r"(.+)=([1-9][0-9]{0,3})")
_KEY_HASH = re.compile(r"sha256:[0-9a-f]{64}")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _rate(text: str) -> str:
    if not _RATE.fullmatch(text):
        raise ValueError("a number of requests and a period, as 10/minute or 100/15minutes")
    return text


Rate = Annotated[str, AfterValidator(_rate)]
"""How many in which period, as 10/minute or 100/15minutes."""


class SettingsError(Exception):
    """The environment does not make a usable configuration; the text names each variable at fault."""


class Settings(BaseSettings):
    """What every process of the venue is told from outside. Units are in the names or beside them.

    Each field is an environment variable of the same name in capitals. Amounts of time are seconds.
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore", case_sensitive=False)

    # Where the real parts are.
    database_url: SecretStr = Field(description="PostgreSQL: postgresql://user:password@host:port/name")
    redis_url: SecretStr = Field(description="Redis or Valkey: redis://[:password@]host:port/db")
    rpc_urls: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        min_length=1, description="the chain's JSON-RPC endpoints, separated by commas, the preferred one first"
    )
    data_dir: Path = Field(default=Path(".data"), description="folder of keys, deployment and embedded data")

    # The chain and what stands on it. The file is written by `intendly contracts deploy`.
    chain_id: int = Field(default=31_337, ge=1, description="of the chain that `intendly up` starts of its own")
    deployment_file: Path | None = Field(default=None, description="which contracts; default: DATA_DIR/deployment.json")
    auctioneer_key_file: Path | None = Field(
        default=None, description="signs awards; default: DATA_DIR/keys/auctioneer.key"
    )
    submitter_key_file: Path | None = Field(
        default=None, description="sends settlements; default: DATA_DIR/keys/submitter.key"
    )

    pauser_key_file: Path | None = Field(
        default=None,
        description="sends `intendly pause --on-chain`; default: DATA_DIR/keys/deployer.key, the owner's",
    )
    receipt_key_file: Path | None = Field(
        default=None, description="signs receipts of intents and cancels; default: DATA_DIR/keys/receipts.key"
    )

    # The venue's rules.
    auction_window_ms: int = Field(
        default=2_000, ge=300, le=60_000, description="milliseconds for which an auction takes bids"
    )
    auction_min_ms: int = Field(
        default=300, ge=0, le=60_000, description="milliseconds before which no auction closes, all bids in or not"
    )
    award_validity_s: int = Field(
        default=10, ge=2, le=10, description="seconds from the close for which an award holds"
    )
    house_fee_bps: int = Field(
        default=5, ge=0, le=100, description="basis points of the minimum that a fill pays to us"
    )
    fill_gas: int = Field(default=350_000, ge=21_000, description="gas that the fee of one fill pays for")
    deadline_max_s: int = Field(
        default=30 * 86_400, ge=60, description="seconds ahead that an intent's deadline may lie"
    )
    open_intents_max: int = Field(default=200, ge=1, description="open intents that one swapper may have")
    body_max_bytes: int = Field(default=65_536, ge=1_024, le=1_048_576, description="bytes of a request's body")
    batch_max: int = Field(default=500, ge=1, le=2_000, description="members of a batch of intents or a list of bids")
    batch_body_max_bytes: int = Field(
        default=2_097_152, ge=1_024, le=16_777_216, description="bytes of the body of a batch or a list"
    )
    request_timeout_s: int = Field(
        default=10,
        ge=1,
        le=120,
        description="seconds that a client has for a request's head, and as many for its body; idle connections too",
    )
    solver_timeout_ms: int = Field(
        default=1_200, ge=50, le=30_000, description="milliseconds that a solver has to answer over HTTP"
    )
    solver_allow_private: bool = Field(
        default=False, description="let a solver's URL name a private address: for development only"
    )

    # Budgets: how much one may ask of the API, beyond which it answers 429 (docs/limits.md).
    limit_swapper_intents: Rate = Field(default="10/minute", description="intents accepted from one swapper")
    limit_swapper_batch_intents: Rate = Field(
        default="200/minute", description="intents accepted from one swapper in batches"
    )
    limit_solver_bids: Rate = Field(default="50/second", description="bids taken from one solver")
    limit_solver_batch_bids: Rate = Field(default="500/second", description="bids taken from one solver in lists")
    limit_address_intents: Rate = Field(
        default="6000/minute", description="POST /intents by one address, which may stand for many swappers"
    )
    limit_address_bids: Rate = Field(default="300/second", description="POST /bids by one address")
    limit_address_batches: Rate = Field(default="120/minute", description="POST /intents/batch by one address")
    limit_address_writes: Rate = Field(default="100/15minutes", description="other writes by one address")
    limit_address_reads: Rate = Field(default="6000/minute", description="reads and requests for quotes by one address")
    integrators: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="whose budgets are how many times as wide: sha256:HASH_OF_AN_API_KEY=20,203.0.113.0/24=5",
    )

    # What stands before the API.
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="networks, as 10.0.0.0/8, whose X-Forwarded-For and -Proto are believed"
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="origins, as https://app.example, whose pages may call the API; * for all"
    )

    # How the processes listen.
    bind_host: str = Field(default="127.0.0.1", description="the address that every process listens on")
    relayer_port: Port = Field(default=3_001, description="of the API")
    websocket_port: Port = Field(default=3_002, description="of the stream")
    coordinator_port: Port = Field(default=3_003, description="of the coordinator's /health and /metrics")
    flower_port: Port = Field(default=5_555, description="of Flower")
    relayer_public_url: str = Field(
        default="", description="the API as clients see it; default http://BIND_HOST:RELAYER_PORT"
    )
    websocket_public_url: str = Field(
        default="", description="the stream as clients see it; default ws://BIND_HOST:WEBSOCKET_PORT"
    )
    web_workers: int = Field(default=2, ge=1, le=64, description="worker processes of the API")
    db_pool_max: int = Field(
        default=10, ge=2, le=200, description="database connections of one process, half for transactions"
    )
    ws_max_connections: int = Field(default=10_000, ge=1, description="connections that one stream server holds")
    ws_idle_s: float = Field(
        default=60.0, gt=0, le=3_600, description="seconds that a stream connection may stay that follows nothing"
    )
    ws_max_per_address: int = Field(default=1_000, ge=1, description="of these, connections from one address")
    flower_user: str = Field(default="operator", description="Flower's log-in")
    flower_password: SecretStr | None = Field(
        default=None, description="Flower's log-in; `intendly up` makes one of its own"
    )

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="the lowest that is written"
    )
    log_format: Literal["json", "console"] = Field(default="json", description="for machines or for eyes")

    @field_validator("rpc_urls", "integrators", "trusted_proxies", "cors_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("database_url")
    @classmethod
    def _postgresql(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith(("postgresql://", "postgresql+psycopg2://", "postgres://")):
            raise ValueError("postgresql://user:password@host:port/name")
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("redis://[:password@]host:port/db")
        return value

    @field_validator("rpc_urls")
    @classmethod
    def _http(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        for url in value:
            if not url.get_secret_value().startswith(("http://", "https://")):
                raise ValueError("http(s):// addresses separated by commas")
        return value

    @field_validator("integrators")
    @classmethod
    def _integrators(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            found = _INTEGRATOR.fullmatch(one)
            if found is None or not (_KEY_HASH.fullmatch(found[1]) or _is_network(found[1])):
                raise ValueError("sha256:HASH=FACTOR or NETWORK=FACTOR, separated by commas, FACTOR from 1 to 9999")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(map(_is_network, value)):
            raise ValueError("networks separated by commas, as 10.0.0.0/8,2001:db8::/32")
        return value

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(map(_ORIGIN.fullmatch, value)):
            raise ValueError("* or origins without a path, separated by commas, as https://app.example")
        return value

    @cached_property
    def sqlalchemy_url(self) -> str:
        """`database_url` with the driver named, as SQLAlchemy wants it."""
        rest = self.database_url.get_secret_value().split("://", 1)[1]
        return f"postgresql+psycopg2://{rest}"

    @cached_property
    def deployment_path(self) -> Path:
        return self.deployment_file or self.data_dir / "deployment.json"

    @cached_property
    def auctioneer_key_path(self) -> Path:
        return self.auctioneer_key_file or self.data_dir / "keys" / "auctioneer.key"

    @cached_property
    def submitter_key_path(self) -> Path:
        return self.submitter_key_file or self.data_dir / "keys" / "submitter.key"

    @cached_property
    def receipt_key_path(self) -> Path:
        return self.receipt_key_file or self.data_dir / "keys" / "receipts.key"

    @cached_property
    def deployer_key_path(self) -> Path:
        return self.data_dir / "keys" / "deployer.key"

    @cached_property
    def pauser_key_path(self) -> Path:
        return self.pauser_key_file or self.deployer_key_path

    @cached_property
    def proxy_networks(self) -> tuple[Network, ...]:
        return tuple(map(ipaddress.ip_network, self.trusted_proxies))

    @cached_property
    def integrator_keys(self) -> Mapping[str, int]:
        """How many times as wide the budgets are of who sends an API key, by the SHA-256 of the key in hex."""
        return {
            who.removeprefix("sha256:"): factor for who, factor in self._integrator_pairs if who.startswith("sha256:")
        }

    @cached_property
    def integrator_networks(self) -> Mapping[Network, int]:
        return {
            ipaddress.ip_network(who): factor for who, factor in self._integrator_pairs if not who.startswith("sha256:")
        }

    @property
    def _integrator_pairs(self) -> list[tuple[str, int]]:
        return [(who, int(factor)) for who, _, factor in (one.rpartition("=") for one in self.integrators)]

    @cached_property
    def markets_path(self) -> Path:
        return self.data_dir / "markets.json"

    @cached_property
    def local_rpc_path(self) -> Path:
        """Where `intendly up` notes the address of the chain that it started of its own."""
        return self.data_dir / "rpc_url"

    @cached_property
    def api_url(self) -> str:
        return self.relayer_public_url or f"http://{self.bind_host}:{self.relayer_port}"

    @cached_property
    def stream_url(self) -> str:
        base = self.websocket_public_url or f"ws://{self.bind_host}:{self.websocket_port}"
        return f"{base}/api/v1/stream"


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True


def load_settings(given: Mapping[str, str] | None = None) -> Settings:
    """Read the environment once. Raises `SettingsError` that names every variable at fault, and no secret.

    `given` are variables, by their names, that go before those of the environment.
    """
    try:
        return Settings.model_validate({name.lower(): value for name, value in (given or {}).items()})
    except ValidationError as error:
        raise SettingsError("; ".join(map(_fault, error.errors(include_url=False)))) from None


def _fault(issue: ErrorDetails) -> str:
    """Which variable, what was expected, what was given."""
    name = str(issue["loc"][0])
    field = Settings.model_fields[name]
    if issue["type"] == "missing":
        return f"{name.upper()}: not set; expected {field.description}"
    hidden = "SecretStr" in str(field.annotation) or name in _MAY_BE_SECRET
    given = "***" if hidden else repr(issue["input"])[:60]
    return f"{name.upper()}: expected {_expected(field, issue)}, got {given}"


def _expected(field: FieldInfo, issue: ErrorDetails) -> str:
    if issue["type"] == "value_error":
        return str(issue["ctx"]["error"])
    if issue["type"] == "literal_error":
        return str(issue["ctx"]["expected"])
    if field.annotation is bool:
        return "true or false"
    if field.annotation is int:
        least, most = (next((getattr(one, at) for one in field.metadata if hasattr(one, at)), None) for at in _BOUNDS)
        return f"a whole number from {least}" + ("" if most is None else f" to {most}")
    return field.description or str(issue["msg"])


def exported(*names: str) -> frozenset[str]:
    """Which of these variables the environment sets to something."""
    found = {name.upper() for name, value in os.environ.items() if value}
    return frozenset(names) & found
