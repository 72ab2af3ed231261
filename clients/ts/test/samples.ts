/** What an honest venue answers. */

import { zeroAddress, zeroHash } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import {
  asJson,
  type Call,
  type CancelReceipt,
  type Config,
  cancelReceiptTypedData,
  type Intent,
  type IntentStatus,
  type IntentView,
  intentHash,
  intentTypedData,
  PERMIT2,
  type Quote,
  type QuoteRequest,
  spendNonce,
} from "../src/index.ts";

export const SWAPPER = privateKeyToAccount(`0x${"11".repeat(32)}`);
export const RECEIPTS = privateKeyToAccount(`0x${"22".repeat(32)}`);
export const VENUE = { chain_id: 31_337, settlement: `0x${"5e".repeat(20)}` } as const;
export const TOKENS = { in: `0x${"01".repeat(20)}`, out: `0x${"02".repeat(20)}` } as const;

export const CONFIG: Config = {
  ...VENUE,
  registry: TOKENS.in,
  permit2: PERMIT2,
  wrapped_native: TOKENS.in,
  domain: {},
  permit2_domain: {},
  intent_types: {},
  house_fee_bps: 5,
  max_fee_bps: 100,
  max_partner_fee_bps: 100,
  auction_window_ms: 2_000,
  auction_min_ms: 300,
  award_validity_s: 12,
  deadline_max_s: 86_400,
  open_intents_max: 200,
  body_max_bytes: 65_536,
  batch_max: 500,
  batch_body_max_bytes: 2_097_152,
  receipt_signer: RECEIPTS.address,
  stream_url: "ws://127.0.0.1:9/api/v1/stream",
  paused: null,
};

export const INTENT: Intent = {
  ...{ chain_id: VENUE.chain_id, spender: VENUE.settlement, swapper: SWAPPER.address, receiver: SWAPPER.address },
  ...{ token_in: TOKENS.in, amount_in: "1000000000000000000", token_out: TOKENS.out, min_amount_out: "3000000000" },
  ...{ nonce: "7", deadline: 1_800_000_600, valid_from: 0, open_after: 1_800_000_600 },
  ...{ partner: zeroAddress, partner_fee_bps: 0, app_data: zeroHash },
};
export const HASH = intentHash(INTENT);

export function view(state: string): IntentView {
  const place = { version: 1, created_at: 1, auction_id: null, fill: null };
  return { intent_hash: HASH, intent: INTENT, state: state as IntentView["state"], ...place };
}

export function standing(state: string): IntentStatus {
  const why = { reason: "no_bid", detail: "nobody bid", attempts: 1 };
  return {
    intent_hash: HASH,
    state: state as IntentStatus["state"],
    ...why,
    best_amount_out: null,
    next_auction_at: null,
  };
}

/** The receipt for the cancel of `INTENT`. */
export async function cancelReceipt(spend: Call = spendNonce(INTENT)): Promise<CancelReceipt> {
  const receipt = { intent_hash: HASH, not_after: 1_800_000_000 };
  const signature = await RECEIPTS.signTypedData(cancelReceiptTypedData(receipt, VENUE));
  return { ...receipt, state: "cancelled", signature, exposure: "nobody can fill it", spend_nonce: spend };
}

/** The answer to what was asked: 3,010 of token_out, and the minimum that the slippage makes of it. */
export function quoteOf({ slippage_bps, ttl_s, ...asked }: QuoteRequest, changes: Partial<Intent> = {}): Quote {
  const [amount_out, deadline] = [3_010_000_000, Math.floor(Date.now() / 1_000) + ttl_s];
  const min_amount_out = Math.floor((amount_out * (10_000 - slippage_bps)) / 10_000).toString();
  const chosen = {
    ...asked,
    receiver: asked.receiver ?? asked.swapper,
    min_amount_out,
    deadline,
    open_after: deadline,
  };
  const intent = { ...INTENT, ...chosen, ...changes };
  const source = { kind: "pools", solver: null, age_ms: 1, block_number: 9 } as const;
  return {
    amount_out: amount_out.toString(),
    min_amount_out: intent.min_amount_out,
    fee: "1",
    sources: [
      { ...source, amount_out: amount_out.toString() },
      { ...source, amount_out: "5" },
    ],
    permit2: { balance: "0", allowance: "0", is_enough: true, approve: null, permit: null },
    warnings: [],
    intent_hash: intentHash(intent),
    intent,
    typed_data: asJson(intentTypedData(intent)),
  };
}
