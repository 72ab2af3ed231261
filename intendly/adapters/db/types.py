"""Column types: addresses and hashes as BYTEA of fixed length, amounts as NUMERIC(78,0) mapped to int."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from intendly_sdk.primitives import UINT256_MAX, Address, Hash32, HexBytes
from sqlalchemy import LargeBinary, Numeric
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator


class BytesType(TypeDecorator[HexBytes]):
    """BYTEA of any length."""

    impl = LargeBinary
    cache_ok = True
    kind: ClassVar[type[HexBytes]] = HexBytes

    def process_bind_param(self, value: HexBytes | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002
        return None if value is None else bytes(self.kind(value))

    def process_result_value(self, value: Any, dialect: Dialect) -> HexBytes | None:  # noqa: ARG002
        return None if value is None else self.kind(value)


class AddressType(BytesType):
    """20 bytes."""

    cache_ok = True
    kind = Address


class HashType(BytesType):
    """32 bytes."""

    cache_ok = True
    kind = Hash32


class AmountType(TypeDecorator[int]):
    """A uint256. Never a Decimal in Python: its arithmetic rounds at 28 digits."""

    impl = Numeric(78, 0)
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> Decimal | None:  # noqa: ARG002
        if value is None:
            return None
        if not 0 <= value <= UINT256_MAX:
            raise ValueError("an amount must be from 0 to 2^256-1")
        return Decimal(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> int | None:  # noqa: ARG002
        return None if value is None else int(value)
