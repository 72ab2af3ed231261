"""The only place where the solvers read the environment: typed, frozen, every mistake named at start."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeVar
from urllib.parse import urlsplit

from intendly_sdk.primitives import Address
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

Bps = Annotated[int, Field(ge=0, le=5_000)]
Port = Annotated[int, Field(ge=0, le=65_535)]
Chosen = TypeVar("Chosen", bound="SolverSettings")


class SettingsError(Exception):
    """The environment does not make a usable configuration; the text names each variable at fault."""


class SolverSettings(BaseSettings):
    """What both solvers are told. Each field is an environment variable of the same name in capitals."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", case_sensitive=False)

    intendly_api_url: str = Field(description="the venue, such as http://127.0.0.1:3001")
    rpc_url: SecretStr = Field(description="one JSON-RPC endpoint; never logged, it may carry a key")
    solver_key_file: Path = Field(description="64 hex digits: signs bids, owns the executor, pays for deployment")
    markets_file: Path = Field(description="tokens, feeds and pools, written by the deployment")
    contracts_out: Path = Field(default=Path("contracts/out"), description="where forge built the executors")
    solver_data_dir: Path = Field(description="where the executor's address is remembered")
    executor_address: Address | None = Field(default=None, description="without it one is deployed at first start")
    listen_host: str = "127.0.0.1"
    start_timeout_s: int = Field(default=60, ge=1, description="how long to wait for chain and venue at start")
    log_level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")

    @field_validator("intendly_api_url")
    @classmethod
    def _http(cls, value: str) -> str:
        if urlsplit(value).scheme not in ("http", "https"):
            raise ValueError("expected an http(s) address")
        return value

    @field_validator("rpc_url")
    @classmethod
    def _rpc_http(cls, value: SecretStr) -> SecretStr:
        if urlsplit(value.get_secret_value()).scheme not in ("http", "https"):
            raise ValueError("expected an http(s) address")
        return value


class PoolRouterSettings(SolverSettings):
    """What the router is told beyond that."""

    listen_port: Port | None = Field(default=None, description="for GET /health; without it there is none")
    margin_bps: Bps = Field(default=10, description="of the output, for what the pools move until the fill")
    pools_max_age_s: int = Field(default=30, ge=1, description="how often new pools are looked for")


class MarketMakerSettings(SolverSettings):
    """What the market maker is told beyond that."""

    listen_port: Port = Field(default=3_011, description="for POST /bids and GET /health")
    solver_endpoint: str = Field(default="", description="as the venue reaches it; default http://HOST:PORT/bids")
    spread_bps: Bps = Field(default=8, description="off the oracle's price")
    price_max_age_s: int = Field(default=3_600, ge=1, description="by block time; an older price means it declines")
    fund_from_wallet: bool = Field(default=True, description="at start, move the wallet's tokens into the executor")


def load(kind: type[Chosen]) -> Chosen:
    """Read the environment once. Raises `SettingsError` that names every variable at fault, never a value."""
    try:
        return kind()
    except ValidationError as error:
        lines = [
            f"{str(issue['loc'][0]).upper() if issue['loc'] else 'settings'}: {issue['msg']}"
            for issue in error.errors(include_input=False, include_url=False)
        ]
        raise SettingsError("; ".join(lines)) from None
