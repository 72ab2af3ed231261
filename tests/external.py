"""The servers that `--use-external` points the fixtures at, with the same faces as the embedded ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit, urlunsplit


class PostgresServer(Protocol):
    """A server on which the tests make databases of their own."""

    def url_of(self, database: str) -> str: ...


class RedisServer(Protocol):
    """A server whose numbered databases the tests empty."""

    def url_of(self, database: int) -> str: ...


class Chain(Protocol):
    """An EVM chain."""

    @property
    def rpc_url(self) -> str: ...

    @property
    def chain_id(self) -> int: ...


@dataclass(frozen=True)
class ExternalPostgres:
    """DATABASE_URL, whose role must be allowed to create databases."""

    url: str

    def url_of(self, database: str) -> str:
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{database}"))


@dataclass(frozen=True)
class ExternalRedis:
    """REDIS_URL: always the one database that it names, since the others may be somebody's."""

    url: str

    def url_of(self, database: int) -> str:
        return self.url


@dataclass(frozen=True)
class ExternalChain:
    """The first of RPC_URLS."""

    rpc_url: str
    chain_id: int
