/** Typed data as JSON, for `eth_signTypedData_v4` and every library that takes its form. */

import { type Address, getTypesForEIP712Domain, serializeTypedData, type TypedDataDefinition } from "viem";
import { PERMIT2 } from "./typed-data.ts";

const PERMIT_TYPES = {
  Permit: [
    { name: "owner", type: "address" },
    { name: "spender", type: "address" },
    { name: "value", type: "uint256" },
    { name: "nonce", type: "uint256" },
    { name: "deadline", type: "uint256" },
  ],
};

/** The payload that a wallet takes. Integers of 256 bits are decimal strings. */
export function asJson({ domain = {}, types, primaryType, message }: TypedDataDefinition): Record<string, unknown> {
  const all = { EIP712Domain: getTypesForEIP712Domain({ domain }), ...types };
  return JSON.parse(serializeTypedData({ domain, types: all, primaryType, message } as TypedDataDefinition));
}

/** EIP-2612: what lets Permit2 take `value` of the token of this domain from its owner until `deadline`, unix seconds. */
export function tokenPermitTypedData(
  domain: { name: string; version: string; chainId: number; verifyingContract: Address },
  permit: { owner: Address; value: bigint; nonce: bigint; deadline: bigint },
): TypedDataDefinition {
  return { domain, types: PERMIT_TYPES, primaryType: "Permit", message: { ...permit, spender: PERMIT2 } };
}
