import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { type Hex, hashTypedData, type TypedDataDefinition } from "viem";
import {
  awardTypedData,
  type Bid,
  bidHash,
  bidTypedData,
  cancelReceiptTypedData,
  cancelTypedData,
  type Intent,
  intentTypedData,
  receiptTypedData,
  streamLoginTypedData,
  type Venue,
} from "../src/index.ts";

// biome-ignore lint/suspicious/noExplicitAny: the vectors' JSON
type Message = Record<string, any>;
type Vector = { name: string; kind: string; chain_id: number; settlement: Hex; message: Message; digest: Hex };
const file = new URL("../../../tests/vectors/eip712.json", import.meta.url);
const { vectors }: { vectors: Vector[] } = JSON.parse(readFileSync(file, "utf8"));

const KINDS: Record<string, (message: Message, venue: Venue) => TypedDataDefinition> = {
  PermitWitnessTransferFrom: (message, venue) => intentTypedData(intentOf(message, venue.chain_id)),
  Cancel: ({ intentHash }, venue) => cancelTypedData(intentHash as Hex, venue),
  IntentReceipt: (m, venue) =>
    receiptTypedData(
      { intent_hash: m.intentHash as Hex, accepted_at: Number(m.acceptedAt), auction_id: m.auctionId as Hex },
      venue,
    ),
  CancelReceipt: (m, venue) =>
    cancelReceiptTypedData({ intent_hash: m.intentHash as Hex, not_after: Number(m.notAfter) }, venue),
  Bid: (message, venue) => bidTypedData(bidOf(message), venue),
  Award: (m, venue) =>
    awardTypedData(
      { bid_hash: m.bidHash, transcript_root: m.transcriptRoot, exclusive_until: Number(m.exclusiveUntil) },
      venue,
    ),
  StreamLogin: ({ solver, challenge, expiresAt }, venue) =>
    streamLoginTypedData({ solver, challenge, expires_at: Number(expiresAt) }, venue),
};

function bidOf(message: Message): Bid {
  return {
    legs: message.legs.map((leg: Message) => ({
      intent_hash: leg.intentHash,
      amount_out: leg.amountOut,
      fee: leg.fee,
    })),
    auction_id: message.auctionId,
    solver: message.solver,
    executor: message.executor,
    valid_until: Number(message.validUntil),
    call_data_hash: message.callDataHash,
    gas_limit: Number(message.gasLimit),
    penalty: message.penalty,
  };
}

// biome-ignore lint/suspicious/noExplicitAny: the vectors' JSON
function intentOf({ permitted, witness, ...permit }: any, chain_id: number): Intent {
  return {
    chain_id,
    spender: permit.spender,
    swapper: witness.swapper,
    token_in: permitted.token,
    amount_in: permitted.amount,
    token_out: witness.tokenOut,
    min_amount_out: witness.minAmountOut,
    receiver: witness.receiver,
    nonce: permit.nonce,
    deadline: Number(permit.deadline),
    valid_from: Number(witness.validFrom),
    open_after: Number(witness.openAfter),
    partner: witness.partner,
    partner_fee_bps: Number(witness.partnerFeeBps),
    app_data: witness.appData,
  };
}

/** Times are JSON numbers on the wire, up to 2^53 - 1; the structs hold more. */
const isOnTheWire = ({ message }: Vector) =>
  [message.acceptedAt, message.notAfter, message.exclusiveUntil, message.expiresAt, message.validUntil].every((time) =>
    Number.isSafeInteger(Number(time ?? 0)),
  );

for (const [kind, typedData] of Object.entries(KINDS)) {
  const ofKind = vectors.filter((vector) => vector.kind === kind && isOnTheWire(vector));
  test(`${ofKind.length} vectors of ${kind} have the digests that the contracts take`, () => {
    assert.ok(ofKind.length > 0);
    for (const { name, message, digest, ...venue } of ofKind)
      assert.equal(hashTypedData(typedData(message, venue)), digest, name);
    if (kind === "Bid")
      for (const { message, digest, ...venue } of ofKind) assert.equal(bidHash(bidOf(message), venue), digest);
  });
}
