import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { type Hex, hashTypedData, type TypedDataDefinition } from "viem";
import {
  cancelReceiptTypedData,
  cancelTypedData,
  type Intent,
  intentTypedData,
  receiptTypedData,
  type Venue,
} from "../src/index.ts";

type Message = Record<string, Hex>;
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
};

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
  [message.acceptedAt, message.notAfter].every((time) => Number.isSafeInteger(Number(time ?? 0)));

for (const [kind, typedData] of Object.entries(KINDS)) {
  const ofKind = vectors.filter((vector) => vector.kind === kind && isOnTheWire(vector));
  test(`${ofKind.length} vectors of ${kind} have the digests that the contracts take`, () => {
    assert.ok(ofKind.length > 0);
    for (const { name, message, digest, ...venue } of ofKind)
      assert.equal(hashTypedData(typedData(message, venue)), digest, name);
  });
}
