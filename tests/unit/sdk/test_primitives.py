"""Addresses, hashes and integers: what is read, what is refused, and that nothing is lost on the way."""

from __future__ import annotations

import re

import pytest
from eth_utils.address import to_checksum_address
from hypothesis import given
from hypothesis import strategies as st
from intendly_sdk.primitives import UINT256_MAX, Address, Hash32, HexBytes, Uint256, UnixSeconds
from pydantic import TypeAdapter, ValidationError

from tests.unit.sdk.samples import addresses, uint256

_uint256: TypeAdapter[int] = TypeAdapter(Uint256)
_seconds: TypeAdapter[int] = TypeAdapter(UnixSeconds)
_address: TypeAdapter[Address] = TypeAdapter(Address)


@given(st.binary())
def test_bytes_survive_their_hex(raw: bytes) -> None:
    assert HexBytes(str(HexBytes(raw))) == raw


@pytest.mark.parametrize("text", ["", "0x0", "12", "0xzz", "0x 1", "0x12\n", "0X12"])
def test_malformed_hex_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="hex digits"):
        HexBytes(text)


@given(addresses)
def test_checksum_is_eip_55(address: Address) -> None:
    assert address.checksum == to_checksum_address(bytes(address))
    assert Address(address.checksum) == address


def test_a_wrong_checksum_is_refused_but_one_case_is_taken() -> None:
    right = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
    assert Address(right) == Address(right.lower()) == Address("0x" + right[2:].upper())
    with pytest.raises(ValueError, match="EIP-55"):
        Address(right.replace("aA", "Aa"))


@pytest.mark.parametrize("size", [0, 19, 21, 32])
def test_an_address_has_20_bytes(size: int) -> None:
    with pytest.raises(ValueError, match="expected 20 bytes"):
        Address(bytes(size))


@given(uint256)
def test_uint256_is_a_decimal_string_in_json(value: int) -> None:
    assert _uint256.dump_json(value) == f'"{value}"'.encode()
    assert _uint256.validate_json(_uint256.dump_json(value)) == value


def test_uint256_refuses_a_json_number() -> None:
    assert _uint256.validate_python(5) == 5
    with pytest.raises(ValidationError, match="decimal string"):
        _uint256.validate_json("5")


@pytest.mark.parametrize("value", [-1, UINT256_MAX + 1, str(UINT256_MAX + 1), "-1", "+1", "1.0", "1e3", " 1", "", "٣"])
def test_uint256_refuses_what_is_out_of_range_or_no_decimal(value: object) -> None:
    with pytest.raises(ValidationError):
        _uint256.validate_python(value)


@pytest.mark.parametrize("value", [True, 1.0, None, b"1", "0x1"])
def test_uint256_refuses_other_types(value: object) -> None:
    with pytest.raises(ValidationError):
        _uint256.validate_python(value)


def test_a_hash_is_no_address() -> None:
    with pytest.raises(ValidationError, match="expected 20 bytes"):
        _address.validate_python(Hash32(bytes(32)))


@pytest.mark.parametrize("text", ["5", "5.0", "5e0", "0.5e1"])
def test_a_whole_number_is_one_however_json_writes_it(text: str) -> None:
    assert _seconds.validate_json(text) == 5


@pytest.mark.parametrize("text", ["5.5", '"5"', '"5.0"', "true", "-1.0", "1e300", "null"])
def test_no_other_value_is_a_whole_number(text: str) -> None:
    with pytest.raises(ValidationError):
        _seconds.validate_json(text)


@pytest.mark.parametrize("kind", [HexBytes, Hash32])
@given(raw=st.binary(max_size=40))
def test_the_schema_of_bytes_says_what_is_read(kind: type[HexBytes], raw: bytes) -> None:
    pattern = TypeAdapter(kind).json_schema()["pattern"]
    assert (re.fullmatch(pattern, "0x" + raw.hex()) is not None) == (kind.size in (None, len(raw)))
    assert re.fullmatch(pattern, "0x" + raw.hex() + "0") is None
