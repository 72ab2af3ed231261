"""The tests of adapters/chain run on a seeded anvil."""

from __future__ import annotations

from tests.venue import local_chain

__all__ = ["local_chain"]
