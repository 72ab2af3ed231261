"""Holds every request to its budgets (docs/limits.md): by address before anything is read, by who signed afterwards.

`register` is all that a new endpoint needs to be counted by address. A view that takes signed things hands `swappers()`
or `solvers()` to its service, which spends of it once the signatures are known to be good.
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Final

from flask import Flask, Response, g
from intendly_sdk.primitives import Address

from intendly.adapters.budgets import Budget, Budgets, Charge, Standing
from intendly.domain.errors import RateLimited
from intendly.services.ports import Quota
from intendly.settings import Settings
from web.current import request

API: Final = "/api/v1/"
_READS: Final = "reads"
_KINDS: Final = {
    f"{API}intents": "intents",
    f"{API}intents/batch": "batches",
    f"{API}bids": "bids",
    f"{API}quotes": _READS,  # asked again and again, as reads are
}


class Rules:
    """Which budgets hold for whom, by the settings."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        # A rate is read once for each width.
        self._known: dict[tuple[str, int], Budget] = {}
        self._of_address = lru_cache(maxsize=4_096)(self._of_address_anew)

    def caller(self, address: str, api_key: str) -> tuple[str, int]:
        """Whose the address's budgets are, and how many times as wide: an integrator's own, or the address's."""
        keys = self._settings.integrator_keys
        if keys and api_key:
            digest = hashlib.sha256(api_key.encode()).hexdigest()
            if factor := keys.get(digest):
                return f"key {digest[:16]}", factor
        return self._of_address(address)

    def _of_address_anew(self, address: str) -> tuple[str, int]:
        try:
            known = ipaddress.ip_address(address)
        except ValueError:
            return "unknown", 1
        factors = [wide for net, wide in self._settings.integrator_networks.items() if known in net]
        return _place(known), max(factors, default=1)

    def of(self, name: str, factor: int) -> Budget:
        """The budget LIMIT_`name`."""
        if (name, factor) not in self._known:
            rate = getattr(self._settings, f"limit_{name}")
            self._known[name, factor] = Budget.of(name, rate, times=factor)
        return self._known[name, factor]


def place_of(address: str) -> str:
    """Whom an address stands for: of an IPv6 address the network of 64 bits, which is what one customer is given."""
    try:
        return _place(ipaddress.ip_address(address))
    except ValueError:
        return "unknown"


def _place(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    return str(address) if address.version == 4 else str(ipaddress.ip_network((address, 64), strict=False))


class Meter:
    """One request's budgets. The address is counted by what this process knows, so it costs no wait."""

    def __init__(self, budgets: Budgets, rules: Rules, kind: str) -> None:
        self._budgets = budgets
        self._rules = rules
        environ = request().environ
        who, self._factor = rules.caller(environ.get("REMOTE_ADDR", ""), environ.get("HTTP_X_API_KEY", ""))
        self._address = Charge(rules.of(f"address_{kind}", self._factor), who)
        self.standings: dict[str, Standing] = {}

    def admit(self) -> None:
        """Raises `RateLimited` where the address is known to be over; costs nothing."""
        self._keep([self._budgets.count(self._address)])
        self._refuse_over()

    def take(self, name: str, costs: Mapping[Address, int]) -> dict[Address, Standing]:
        """Take of LIMIT_`name` what each account is to pay. Raises `RateLimited`, with nothing taken of any account,
        where it now shows that the address is over.
        """
        found = self._keep(self._budgets.take(self._charges(name, costs)))
        self._keep([self._budgets.look(self._address)])
        try:
            self._refuse_over()
        except RateLimited:
            self.give_back(name, costs)
            raise
        return dict(zip(costs, found, strict=True))

    def give_back(self, name: str, costs: Mapping[Address, int]) -> None:
        """What was taken for nothing; told at once, or it would be missing elsewhere."""
        self._keep(self._budgets.take(self._charges(name, {account: -cost for account, cost in costs.items()})))

    def _charges(self, name: str, costs: Mapping[Address, int]) -> list[Charge]:
        budget = self._rules.of(name, self._factor)
        return [Charge(budget, str(account), cost) for account, cost in costs.items()]

    def _keep(self, standings: Sequence[Standing]) -> list[Standing]:
        """For the headers: of several accounts the one with the least left."""
        for one in standings:
            name, before = one.charge.budget.name, self.standings.get(one.charge.budget.name)
            if before is None or one.charge.who == before.charge.who or one.left < before.left:
                self.standings[name] = one
        return list(standings)

    def _refuse_over(self) -> None:
        standing = self.standings[self._address.budget.name]
        if standing.is_over:
            raise refusal(standing)


class SignedQuota:
    """`Quota` of the ports, for the request that is answered now."""

    def __init__(self, meter: Meter, name: str) -> None:
        self._meter = meter
        self._name = name

    def spend(self, accounts: Sequence[Address]) -> list[RateLimited | None]:
        costs = _counted(accounts)
        standings = self._meter.take(self._name, costs)
        self._give_back_beyond(costs, standings)
        # The earlier ones of an account have it.
        left = {account: one.charge.budget.most - one.used + costs[account] for account, one in standings.items()}
        told: list[RateLimited | None] = []
        for account in accounts:
            left[account] -= 1
            told.append(None if left[account] >= 0 else refusal(standings[account]))
        return told

    def give_back(self, accounts: Sequence[Address]) -> None:
        self._meter.give_back(self._name, _counted(accounts))

    def _give_back_beyond(self, costs: Mapping[Address, int], standings: Mapping[Address, Standing]) -> None:
        """Of several of one account those that it has no more budget for are not counted."""
        beyond = {
            account: min(costs[account], standing.used - standing.charge.budget.most)
            for account, standing in standings.items()
            if standing.is_over and costs[account] > 1
        }
        if beyond:
            self._meter.give_back(self._name, beyond)


def _counted(accounts: Sequence[Address]) -> dict[Address, int]:
    counts: dict[Address, int] = {}
    for account in accounts:
        counts[account] = counts.get(account, 0) + 1
    return counts


def refusal(standing: Standing) -> RateLimited:
    """Which budget it is, and when to come back."""
    budget, wait_s = standing.charge.budget, max(1, math.ceil(standing.ends_in_s))
    whose = {"address": "this address", "swapper": "this swapper", "solver": "this solver"}[budget.name.split("_")[0]]
    return RateLimited(
        f"{budget.name}: {whose} may send {budget.most} in {budget.period_s} s; send again in {wait_s} s",
        retry_after_s=wait_s,
    )


def register(app: Flask, budgets: Budgets, settings: Settings) -> None:
    """Count and bound every request of `app` under /api/v1."""
    rules = Rules(settings)

    def admit() -> None:
        asked = request()
        if asked.path.startswith(API) and asked.method != "OPTIONS":
            meter = g.meter = Meter(budgets, rules, kind(asked.method, asked.path))
            meter.admit()

    def tell(response: Response) -> Response:
        meter: Meter | None = g.get("meter")
        if meter is not None:
            policies, standings = [], []
            for name, one in meter.standings.items():
                policies.append(f'"{name}";q={one.charge.budget.most};w={one.charge.budget.period_s}')
                standings.append(f'"{name}";r={one.left};t={math.ceil(one.ends_in_s)}')
            response.headers["RateLimit-Policy"] = ", ".join(policies)
            response.headers["RateLimit"] = ", ".join(standings)
        return response

    app.before_request(admit)
    app.after_request(tell)


def kind(method: str, path: str) -> str:
    """Which of an address's budgets a request is of."""
    return _READS if method in ("GET", "HEAD") else _KINDS.get(path, "writes")


def swappers(*, in_batch: bool = False) -> Quota:
    """What the swappers of this request may still submit; spend it after their signatures."""
    return SignedQuota(g.meter, "swapper_batch_intents" if in_batch else "swapper_intents")


def solvers(*, in_batch: bool = False) -> Quota:
    """What the solvers of this request may still bid; spend it after their signatures."""
    return SignedQuota(g.meter, "solver_batch_bids" if in_batch else "solver_bids")


def bids_of(budgets: Budgets, settings: Settings) -> Callable[[], Quota]:
    """What the solvers may still bid over the stream: LIMIT_SOLVER_BIDS, the same budget as over HTTP."""
    rules = Rules(settings)

    def quota() -> Quota:
        meter = Meter(budgets, rules, "bids")
        meter.admit()
        return SignedQuota(meter, "solver_bids")

    return quota
