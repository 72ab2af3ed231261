"""Writes eip712.json, the vectors that every implementation is held to: `python -m tests.vectors.generate`.

Seeded, so that the file is the same each time. The digests are eth-account's, not the SDK's.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from eth_account.messages import encode_typed_data
from intendly_sdk import typed_data
from intendly_sdk.keccak import keccak
from intendly_sdk.primitives import Address, Hash32, HexBytes
from intendly_sdk.signatures import Signer

from tests.vectors.cases import SEED, cases

FILE = Path(__file__).parent / "eip712.json"
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
FORMS = ("full", "compact", "high_s")


def digest_by_eth_account(payload: dict[str, Any]) -> HexBytes:
    """The digest of typed data in eth_signTypedData_v4's form."""
    message = encode_typed_data(full_message=payload)
    return HexBytes(keccak(b"\x19" + message.version + message.header + message.body))


def _signed(digest: bytes, form: str) -> tuple[Address, HexBytes]:
    signer = Signer(keccak(b"signer" + digest))
    signature = signer.sign(Hash32(digest))
    r, s, v = signature[:32], signature[32:64], signature[64]
    if form == "compact":
        return signer.address, HexBytes(r + bytes((s[0] | (v - 27) << 7,)) + s[1:])
    if form == "high_s":
        high = ORDER - int.from_bytes(s, "big")
        return signer.address, HexBytes(r + high.to_bytes(32, "big") + bytes((55 - v,)))
    return signer.address, signature


def vectors() -> dict[str, Any]:
    """What the file holds."""
    found = []
    types: dict[str, Any] = {}
    for number, case in enumerate(cases()):
        name, chain_id, settlement, payload, encoded = case
        kind = payload["primaryType"]
        types.setdefault(kind, payload["types"])
        digest = digest_by_eth_account(payload)
        form = FORMS[number % len(FORMS)]
        signer, signature = _signed(digest, form)
        found.append(
            {
                "name": name,
                "kind": kind,
                "chain_id": chain_id,
                "settlement": str(settlement),
                "domain": payload["domain"],
                "message": payload["message"],
                "abi": str(HexBytes(encoded)),
                "digest": str(digest),
                "form": form,
                "signature": str(signature),
                "signer": str(signer),
            }
        )
    strings = {name: value for name, value in vars(typed_data).items() if name.endswith("_TYPE") and name[0] != "_"}
    hashes = {str(value).split("(")[0]: str(HexBytes(keccak(value.encode()))) for value in strings.values()}
    return {"seed": SEED, "count": len(found), "type_hashes": hashes, "types": types, "vectors": found}


def text() -> str:
    """The file, byte for byte."""
    return json.dumps(vectors(), indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(text())
