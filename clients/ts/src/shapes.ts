/** What an answer must look like to be taken for what its type says. Fields beyond that are for newer clients. */

import { type Address, type Hex, isAddress, maxUint256 } from "viem";
import type { components } from "./openapi.ts";
import type { IntentOutcome, Problem } from "./types.ts";

type Schemas = components["schemas"];

/** Where a value is not a `T`: what was expected, after the path to it; nothing where it is one. */
export type Shape<T> = ((value: unknown, path: string) => string | undefined) & { readonly of?: T };

/** The fields of a JSON object, which an array is not. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function leaf<T>(expected: string, holds: (value: unknown) => boolean): Shape<T> {
  return (value, path) => (holds(value) ? undefined : `${path}: expected ${expected}`);
}

function hexOf(expected: string, pattern: RegExp): Shape<Hex> {
  return leaf(expected, (value) => typeof value === "string" && pattern.test(value));
}

function oneOf<T extends string>(...names: T[]): Shape<T> {
  return leaf(names.join(" or "), (value) => names.some((name) => name === value));
}

/** Also where the field is missing, as at a venue that does not know it yet. */
function orNull<T>(shape: Shape<T>): Shape<T | null> {
  return (value, path) => (value === null || value === undefined ? undefined : shape(value, path));
}

function listOf<T>(shape: Shape<T>): Shape<T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) return `${path}: expected a list`;
    for (const [place, each] of value.entries()) {
      const found = shape(each, `${path}.${place}`);
      if (found) return found;
    }
    return undefined;
  };
}

function object<T>(fields: { [Name in keyof T]-?: Shape<T[Name]> }): Shape<T> {
  return (value, path) => {
    if (!isRecord(value)) return `${path}: expected an object`;
    for (const [name, shape] of Object.entries<Shape<unknown>>(fields)) {
      const found = shape(value[name], `${path}.${name}`);
      if (found) return found;
    }
    return undefined;
  };
}

const whole: Shape<number> = leaf("a whole number", (value) => Number.isSafeInteger(value) && Number(value) >= 0);
const flag: Shape<boolean> = leaf("true or false", (value) => typeof value === "boolean");
const text: Shape<string> = leaf("a text", (value) => typeof value === "string");
const record: Shape<Record<string, unknown>> = leaf("an object", isRecord);
const bytes = hexOf("hex digits after 0x", /^0x([0-9a-fA-F]{2})*$/);
const hash = hexOf("32 bytes in hex", /^0x[0-9a-fA-F]{64}$/);
const address: Shape<Address> = leaf("an address", (value) => typeof value === "string" && isAddress(value));
const uint256: Shape<string> = leaf(
  "a decimal string below 2^256",
  (value) => typeof value === "string" && /^[0-9]{1,78}$/.test(value) && BigInt(value) <= maxUint256,
);

const state = oneOf("open", "awarded", "submitted", "settled", "cancelled", "expired");
const call = object<Schemas["Call"]>({ chain_id: whole, to: address, data: bytes, value: uint256 });

/** RFC 9457. */
export const PROBLEM = object<
  Pick<Problem, "title" | "status" | "code" | "detail"> & { errors: Problem["errors"] | null }
>({
  title: text,
  status: whole,
  code: text,
  detail: text,
  errors: orNull(listOf(record)),
}) as Shape<Problem>;

export const CONFIG = object<Schemas["ConfigView"]>({
  chain_id: whole,
  settlement: address,
  registry: address,
  permit2: address,
  wrapped_native: address,
  domain: record,
  permit2_domain: record,
  intent_types: record,
  house_fee_bps: whole,
  max_fee_bps: whole,
  max_partner_fee_bps: whole,
  auction_window_ms: whole,
  auction_min_ms: whole,
  award_validity_s: whole,
  deadline_max_s: whole,
  open_intents_max: whole,
  body_max_bytes: whole,
  batch_max: whole,
  batch_body_max_bytes: whole,
  receipt_signer: address,
  stream_url: text,
  paused: orNull(text),
});

export const TOKENS = listOf(
  object<Schemas["TokenView"]>({
    address,
    symbol: text,
    name: text,
    decimals: whole,
    gas_fee: orNull(uint256),
  }),
);

const intent = object<Schemas["Intent"]>({
  chain_id: whole,
  spender: address,
  swapper: address,
  token_in: address,
  amount_in: uint256,
  token_out: address,
  min_amount_out: uint256,
  receiver: address,
  nonce: uint256,
  deadline: whole,
  valid_from: whole,
  open_after: whole,
  partner: address,
  partner_fee_bps: whole,
  app_data: hash,
});

const source = object<Schemas["QuoteSource"]>({
  kind: oneOf("pools", "solver"),
  solver: orNull(address),
  amount_out: uint256,
  age_ms: whole,
  block_number: orNull(whole),
});

export const QUOTE = object<Schemas["QuoteView"]>({
  amount_out: uint256,
  min_amount_out: uint256,
  fee: uint256,
  sources: listOf(source),
  permit2: object<Schemas["Permit2Standing"]>({
    balance: uint256,
    allowance: uint256,
    is_enough: flag,
    approve: orNull(call),
    permit: orNull(record),
  }),
  warnings: listOf(text),
  intent_hash: hash,
  intent,
  typed_data: record,
});

const fill = object<Schemas["FillView"]>({
  bid_hash: hash,
  solver: address,
  amount_out: uint256,
  fee: uint256,
  tx_hash: hash,
  block_number: whole,
  block_hash: hash,
  confirmations: whole,
  final: flag,
});

export const INTENT = object<Schemas["IntentView"]>({
  intent_hash: hash,
  intent,
  state,
  version: whole,
  created_at: whole,
  auction_id: orNull(hash),
  fill: orNull(fill),
});

export const INTENTS = object<Schemas["IntentPage"]>({ intents: listOf(INTENT), next: orNull(text) });

export const STATUS = object<Schemas["IntentStatus"]>({
  intent_hash: hash,
  state,
  reason: text,
  detail: text,
  best_amount_out: orNull(uint256),
  attempts: whole,
  next_auction_at: orNull(whole),
});

export const RECEIPT = object<Schemas["Receipt"]>({
  intent_hash: hash,
  state,
  created: flag,
  accepted_at: whole,
  auction_id: hash,
  signature: bytes,
});

export const OUTCOMES = object<Schemas["IntentOutcomes"]>({
  outcomes: listOf(object<IntentOutcome>({ receipt: orNull(RECEIPT), problem: orNull(PROBLEM) })),
});

export const CANCEL_RECEIPT = object<Schemas["CancelReceipt"]>({
  intent_hash: hash,
  state,
  not_after: whole,
  signature: bytes,
  exposure: text,
  spend_nonce: call,
});
