"""Whom a request comes from, by what trusted proxies say and nobody else."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Any

import pytest

from web.proxies import TrustedProxies

PROXIES = (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8"))


def seen(peer: str, forwarded: str | None, proto: str = "", networks: Any = PROXIES) -> tuple[str, str]:
    told: dict[str, Any] = {"REMOTE_ADDR": peer, "wsgi.url_scheme": "https"}
    if forwarded is not None:
        told["HTTP_X_FORWARDED_FOR"] = forwarded
    if proto:
        told["HTTP_X_FORWARDED_PROTO"] = proto

    def wsgi(environ: dict[str, Any], _start: Any) -> Iterable[bytes]:
        return [f"{environ['REMOTE_ADDR']} {environ['wsgi.url_scheme']}".encode()]

    (line,) = TrustedProxies(wsgi, networks)(told, None)
    address, scheme = line.decode().split(" ")
    return address, scheme


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.1", "198.51.100.1", "203.0.113.1"),  # not a proxy of ours
        ("10.0.0.1", None, "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "1.2.3.4, 198.51.100.1", "198.51.100.1"),  # the client says who it is
        ("10.0.0.1", "198.51.100.1, 10.0.0.2,10.0.0.3", "198.51.100.1"),  # proxies in a row
        ("10.0.0.1", "10.0.0.9, 10.0.0.2", "10.0.0.9"),  # nothing but proxies: the first of them
        ("10.0.0.1", "198.51.100.1, junk", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("fd00::1", "2001:db8::5", "2001:db8::5"),
        ("::ffff:10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
    ],
)
def test_the_client_is_the_first_from_the_right_that_is_no_proxy(peer: str, forwarded: str | None, client: str) -> None:
    assert seen(peer, forwarded)[0] == client


def test_nobody_is_trusted_by_default() -> None:
    assert seen("127.0.0.1", "198.51.100.1", "https", networks=()) == ("127.0.0.1", "http")


def test_the_scheme_is_what_a_trusted_proxy_says() -> None:
    assert seen("10.0.0.1", None, "https")[1] == "https"
    assert seen("10.0.0.1", None, "http")[1] == "http"
    assert seen("203.0.113.1", None, "https")[1] == "http"
