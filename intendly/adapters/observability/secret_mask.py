"""Keeps secrets out of the log: by the name of the field, by the look of the text, and by value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from pydantic import SecretStr
from structlog.typing import EventDict, WrappedLogger

MASK = "***"

# A swapper's signature is one: until `openAfter` only the venue may know it.
_SECRET_NAME = re.compile(
    r"(private|secret|signing|api)_?key|password|passwd|secret|mnemonic|authorization|cookie|signature", re.IGNORECASE
)
_URL_PASSWORD = re.compile(r"(?P<head>[a-z][a-z0-9+.-]*://[^/\s:@]*:)[^/\s@]+(?=@)", re.IGNORECASE)
_NAMED_IN_TEXT = re.compile(
    r"(?P<head>\b(?:private[ _-]?key|password|secret|mnemonic|authorization)\b[\"']?\s*[:=]\s*[\"']?)[^\s\"',;&}]+",
    re.IGNORECASE,
)
_SHORTEST = 8
_hidden: set[str] = set()


def hide(secret: str | SecretStr) -> None:
    """Never let this value into the log again, wherever it appears; a key of 32 bytes looks like any hash."""
    value = secret.get_secret_value() if isinstance(secret, SecretStr) else secret
    if len(value) >= _SHORTEST:
        _hidden.update({value, value.removeprefix("0x")})


def mask_event(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """structlog processor: the event without secrets. Comes last before the renderer."""
    return {name: MASK if _is_secret(name) else masked(value) for name, value in event.items()}


@lru_cache(maxsize=1_024)
def _is_secret(field: str) -> bool:
    return _SECRET_NAME.search(field) is not None


def masked(value: object) -> object:
    """`value` with what is secret in it replaced, through mappings, lists and tuples."""
    if isinstance(value, str):
        return masked_text(value)
    if isinstance(value, Mapping):
        return {
            name: MASK if isinstance(name, str) and _SECRET_NAME.search(name) else masked(inner)
            for name, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [masked(inner) for inner in value]
    if isinstance(value, bool | int | float | None):
        return value
    return masked_text(str(value))


def masked_text(text: str) -> str:
    """`text` without the passwords of addresses, without `password=…`, and without each value given to `hide`."""
    if ":" in text or "=" in text:  # most texts have neither, and every line of the log comes through here
        text = _URL_PASSWORD.sub(rf"\g<head>{MASK}", text)
        text = _NAMED_IN_TEXT.sub(rf"\g<head>{MASK}", text)
    for value in _hidden:
        text = text.replace(value, MASK)
    return text
