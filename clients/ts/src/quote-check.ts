/** What is checked of a quote: nothing in it is to be signed or sent on the venue's word alone. */

import { maxUint256 } from "viem";
import { asJson, tokenPermitTypedData } from "./eip712-json.ts";
import { ProtocolError } from "./errors.ts";
import { approvalCall, isSameCall } from "./permit2.ts";
import { isRecord } from "./shapes.ts";
import { intentHash, intentTypedData } from "./typed-data.ts";
import type { Intent, Quote, QuoteRequest } from "./types.ts";

/** How far block time, which deadlines are counted from, may be from this machine's clock. */
const CLOCKS_S = 60;
const BPS = 10_000n;

/**
 * The quote with `intent` in the place of its own, and typed data built here. `now` in unix seconds.
 *
 * A `ProtocolError` where the venue's differ, or where the minimum, the deadline, or what gives Permit2 its leave is not
 * what was asked for.
 */
export function checkedQuote(told: Quote, asked: QuoteRequest, intent: Intent, now: number): Quote {
  if (intentHash(told.intent) !== intentHash(intent) || told.intent_hash.toLowerCase() !== intentHash(intent))
    throw refusal("the intent in the answer is not what was asked for");
  checkAmounts(told, asked.slippage_bps);
  if (intent.deadline < now - CLOCKS_S || intent.deadline > now + asked.ttl_s + CLOCKS_S) {
    const left = Math.round(intent.deadline - now);
    throw refusal(`expected a deadline in ${asked.ttl_s} s, got one in ${left} s by this machine's clock`);
  }
  const typed_data = asJson(intentTypedData(intent));
  if (!isSame(typed_data, told.typed_data)) throw refusal("typed_data is not the intent's");
  const { approve, permit } = told.permit2;
  if (approve) {
    const amount = BigInt(`0x0${approve.data.slice(2).slice(-64)}`); // all else in the call has one right value
    if (
      amount < BigInt(intent.amount_in) ||
      !isSameCall(approve, approvalCall(intent.chain_id, intent.token_in, amount))
    )
      throw refusal("permit2.approve is not an approval of Permit2 for what is sold");
  }
  const permit2 = { ...told.permit2, permit: permit && checkedPermit(permit, intent) };
  return { ...told, intent, typed_data, permit2 };
}

function checkAmounts({ sources, amount_out, min_amount_out }: Quote, slippageBps: number): void {
  const [best, amounts] = [BigInt(amount_out), sources.map((source) => BigInt(source.amount_out))];
  if (best === 0n || !amounts.includes(best) || amounts.some((each) => each > best))
    throw refusal(`amount_out is ${best}, which is not the best of its sources`);
  const kept = (best * (BPS - BigInt(slippageBps))) / BPS;
  const [least, given] = [kept > 1n ? kept : 1n, BigInt(min_amount_out)];
  // The fee hangs on the minimum, and is rounded too: one unit may be lost by that.
  if (given < 1n || given < least - 1n || given > least)
    throw refusal(`expected a minimum of ${least}, ${slippageBps} bps below amount_out, got ${given}`);
}

/** Only the token's name and version, its nonce, the value and the deadline are for the venue to say. */
function checkedPermit(told: Record<string, unknown>, intent: Intent): Record<string, unknown> {
  const { domain, message } = told;
  const [name, version] = isRecord(domain) ? [domain.name, domain.version] : [];
  const [value, nonce, deadline] = isRecord(message)
    ? [message.value, message.nonce, message.deadline].map(amountOf)
    : [];
  const refused = () => refusal("permit2.permit is not one for Permit2 of what is sold, as long as the intent at most");
  if (typeof name !== "string" || typeof version !== "string") throw refused();
  if (value === undefined || nonce === undefined || deadline === undefined) throw refused();
  const token = { name, version, chainId: intent.chain_id, verifyingContract: intent.token_in };
  const own = asJson(tokenPermitTypedData(token, { owner: intent.swapper, value, nonce, deadline }));
  if (!isSame(own, told) || value < BigInt(intent.amount_in) || deadline > intent.deadline) throw refused();
  return own;
}

/** An integer of JSON, a number or a string; nothing where it is none of 256 bits. */
function amountOf(value: unknown): bigint | undefined {
  const text = typeof value === "number" ? String(value) : value;
  if (typeof text !== "string" || !/^[0-9]{1,78}$/.test(text)) return undefined;
  return BigInt(text) <= maxUint256 ? BigInt(text) : undefined;
}

/** Whether JSON says the same: integers may be strings, and hex digits of either case. */
function isSame(own: unknown, told: unknown): boolean {
  if (typeof own !== "object" || own === null) return plain(own) === plain(told);
  if (typeof told !== "object" || told === null || Array.isArray(own) !== Array.isArray(told)) return false;
  const [mine, theirs] = [Object.entries(own), new Map(Object.entries(told))];
  return (
    mine.length === theirs.size && mine.every(([name, each]) => theirs.has(name) && isSame(each, theirs.get(name)))
  );
}

function plain(value: unknown): unknown {
  if (typeof value === "number") return String(value);
  return typeof value === "string" && value.startsWith("0x") ? value.toLowerCase() : value;
}

function refusal(why: string): ProtocolError {
  return new ProtocolError(`POST /quotes: ${why}; do not sign it`);
}
