"""The values that the wire and the code share: addresses, hashes, byte strings and 256-bit integers.

Bytes travel as 0x-prefixed lower-case hex, 256-bit integers as decimal strings (a JSON number loses digits
past 2**53), times as unix seconds in JSON numbers.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from intendly_sdk.keccak import keccak

UINT256_MAX = 2**256 - 1
_HEX = re.compile(r"0x(?:[0-9a-fA-F]{2})*")


class HexBytes(bytes):
    """Bytes that read and print as 0x-prefixed hex. Subclasses fix `size`; the base takes any length."""

    size: ClassVar[int | None] = None

    def __new__(cls, value: bytes | bytearray | memoryview | str = b"") -> Self:
        made = super().__new__(cls, cls._from_hex(value) if isinstance(value, str) else value)
        if cls.size is not None and len(made) != cls.size:
            raise ValueError(f"expected {cls.size} bytes, got {len(made)}")
        return made

    @classmethod
    def _from_hex(cls, text: str) -> bytes:
        if not _HEX.fullmatch(text):
            raise ValueError("expected 0x followed by an even number of hex digits")
        return bytes.fromhex(text[2:])

    def __str__(self) -> str:
        return "0x" + self.hex()

    def __repr__(self) -> str:
        return f"{type(self).__name__}('{self}')"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def parse(value: object) -> HexBytes:
            if isinstance(value, cls):
                return value
            if not isinstance(value, str | bytes):
                raise PydanticCustomError("hex_type", "expected a 0x-prefixed hex string")
            try:
                return cls(value)
            except ValueError as error:
                raise PydanticCustomError("hex_value", "{why}", {"why": str(error)}) from None

        return core_schema.no_info_plain_validator_function(
            parse, serialization=core_schema.plain_serializer_function_ser_schema(str, when_used="always")
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        digits = f"[0-9a-fA-F]{{{cls.size * 2}}}" if cls.size is not None else "([0-9a-fA-F]{2})*"
        return {"type": "string", "pattern": f"^0x{digits}$"}


class Address(HexBytes):
    """20 bytes. Mixed-case text must carry its EIP-55 checksum."""

    size = 20

    @classmethod
    def _from_hex(cls, text: str) -> bytes:
        raw = super()._from_hex(text)
        digits = text[2:]
        mixed = digits not in (digits.lower(), digits.upper())
        if mixed and len(raw) == cls.size and text != checksum(raw):
            raise ValueError("the EIP-55 checksum of the address is wrong")
        return raw

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        # No pattern can check a checksum: the format's name stands for the rule.
        return super().__get_pydantic_json_schema__(schema, handler) | {"format": "eip55-address"}

    @property
    def checksum(self) -> str:
        """The EIP-55 spelling."""
        return checksum(self)


def checksum(address: bytes) -> str:
    """The EIP-55 spelling of 20 bytes."""
    digits = address.hex()
    marks = keccak(digits.encode()).hex()
    return "0x" + "".join(c.upper() if int(m, 16) >= 8 else c for c, m in zip(digits, marks, strict=False))


class Hash32(HexBytes):
    """32 bytes: an EIP-712 digest, a block or transaction hash, an auction's id."""

    size = 32


ZERO_ADDRESS = Address(bytes(20))
ZERO_HASH = Hash32(bytes(32))


def _uint256(value: object, info: ValidationInfo) -> int:
    # A JSON number is refused: whoever sends one may have lost digits already.
    if isinstance(value, bool) or not isinstance(value, str if info.mode == "json" else int | str):
        raise PydanticCustomError("uint256", "expected a decimal string from 0 to 2^256-1")
    if isinstance(value, str):
        if not value.isascii() or not value.isdigit() or len(value) > 78:
            raise PydanticCustomError("uint256", "expected a decimal string from 0 to 2^256-1")
        value = int(value)
    if not 0 <= value <= UINT256_MAX:
        raise PydanticCustomError("uint256", "expected a decimal string from 0 to 2^256-1")
    return value


Uint256 = Annotated[
    int,
    BeforeValidator(_uint256),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{1,78}$", "format": "uint256"}),
]
"""An integer of 256 bits without sign, a decimal string in JSON. Amounts are in the token's smallest unit (wei)."""


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = BeforeValidator(_whole)
"""Takes 5.0 for 5, which are one number in JSON; stands behind the bounds, as in `UnixSeconds`."""

UnixSeconds = Annotated[int, Field(strict=True, ge=0, le=2**53 - 1), Whole]
"""A moment in block time, unix seconds."""

Bps = Annotated[int, Field(strict=True, ge=0, le=10_000), Whole]
"""Basis points: hundredths of a percent."""
