"""Calls and logs by a contract's ABI, ready to use: selectors, topics and types are worked out once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from eth_abi.abi import decode, encode
from eth_utils.abi import (
    event_abi_to_log_topic,
    function_abi_to_4byte_selector,
    get_abi_input_types,
    get_abi_output_types,
)
from intendly_sdk.primitives import Hash32


class Function:
    """A function of a contract. Addresses and bytes go in as bytes, addresses come out as hex text."""

    def __init__(self, entry: Any) -> None:
        self.name: str = entry["name"]
        self.selector = bytes(function_abi_to_4byte_selector(entry))
        self._inputs = get_abi_input_types(entry)
        # A string is read as the bytes that it is: a stranger's need not be UTF-8.
        self._outputs = [kind.replace("string", "bytes") for kind in get_abi_output_types(entry)]

    def encode(self, *arguments: object) -> bytes:
        """The calldata."""
        return self.selector + encode(self._inputs, arguments)

    def decode(self, data: bytes) -> Any:
        """What a call returned: the value itself where there is one, a tuple otherwise.

        Raises eth_abi's `DecodingError` for anything else, the nothing that an account without code returns too.
        """
        values = decode(self._outputs, data)
        return values[0] if len(values) == 1 else values


class Event:
    """An event of a contract."""

    def __init__(self, entry: Any) -> None:
        self.name: str = entry["name"]
        self.topic = Hash32(event_abi_to_log_topic(entry))
        # A string is read as the bytes that it is: a stranger's need not be UTF-8.
        kinds = [kind.replace("string", "bytes") for kind in get_abi_input_types(entry)]
        types = list(zip(entry["inputs"], kinds, strict=True))
        self._indexed = [(each["name"], kind) for each, kind in types if each["indexed"]]
        self._plain = [(each["name"], kind) for each, kind in types if not each["indexed"]]

    def decode(self, topics: Sequence[bytes], data: bytes) -> dict[str, Any]:
        """The event's fields by name."""
        fields = {name: decode([kind], topic)[0] for (name, kind), topic in zip(self._indexed, topics[1:], strict=True)}
        values = decode([kind for _, kind in self._plain], data)
        return fields | dict(zip((name for name, _ in self._plain), values, strict=True))


class Interface:
    """A contract's functions and events by name. Of overloaded functions the first one in the ABI."""

    def __init__(self, abi: Sequence[Any]) -> None:
        self._constructor = next((entry for entry in abi if entry["type"] == "constructor"), None)
        self.functions: Mapping[str, Function] = {
            entry["name"]: Function(entry) for entry in reversed(abi) if entry["type"] == "function"
        }
        self.events: Mapping[str, Event] = {entry["name"]: Event(entry) for entry in abi if entry["type"] == "event"}

    def __getitem__(self, name: str) -> Function:
        return self.functions[name]

    def encode_constructor(self, *arguments: object) -> bytes:
        """The constructor's arguments, as they follow the creation code."""
        types = get_abi_input_types(self._constructor) if self._constructor else []
        return encode(types, arguments)
