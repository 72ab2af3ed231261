/** What is signed, as EIP-712 typed data in viem's form. tests/vectors/eip712.json holds it to the contracts. */

import { type Address, type Hex, hashTypedData, type TypedDataDefinition, type TypedDataParameter } from "viem";
import type { Award, Bid, CancelReceipt, Config, Intent, Login, Receipt } from "./types.ts";

export const PERMIT2: Address = "0x000000000022D473030F116dDEE9F6B43aC78BA3";

/** Where the venue's own signatures count: one chain, and one Settlement on it. */
export type Venue = Pick<Config, "chain_id" | "settlement">;

const INTENT_TYPES = {
  PermitWitnessTransferFrom: fields(
    "TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,Intent witness",
  ),
  Intent: fields(
    "address swapper,address tokenOut,uint256 minAmountOut,address receiver,uint256 validFrom,uint256 openAfter," +
      "address partner,uint256 partnerFeeBps,bytes32 appData",
  ),
  TokenPermissions: fields("address token,uint256 amount"),
};

/** What a swapper signs: Permit2's PermitWitnessTransferFrom, with the intent as its witness. */
export function intentTypedData(intent: Intent): TypedDataDefinition {
  return {
    domain: { name: "Permit2", chainId: intent.chain_id, verifyingContract: PERMIT2 },
    types: INTENT_TYPES,
    primaryType: "PermitWitnessTransferFrom",
    message: {
      permitted: { token: intent.token_in, amount: BigInt(intent.amount_in) },
      spender: intent.spender,
      nonce: BigInt(intent.nonce),
      deadline: BigInt(intent.deadline),
      witness: {
        swapper: intent.swapper,
        tokenOut: intent.token_out,
        minAmountOut: BigInt(intent.min_amount_out),
        receiver: intent.receiver,
        validFrom: BigInt(intent.valid_from),
        openAfter: BigInt(intent.open_after),
        partner: intent.partner,
        partnerFeeBps: BigInt(intent.partner_fee_bps),
        appData: intent.app_data,
      },
    },
  };
}

/** intent_hash: the digest that the swapper signs, and the intent's name everywhere. */
export function intentHash(intent: Intent): Hex {
  return hashTypedData(intentTypedData(intent));
}

/** What a swapper signs to cancel, free of charge. */
export function cancelTypedData(intentHash: Hex, venue: Venue): TypedDataDefinition {
  const types = { Cancel: fields("bytes32 intentHash") };
  return { domain: domainOf(venue), types, primaryType: "Cancel", message: { intentHash } };
}

/** What the venue signs to say that an intent is committed. */
export function receiptTypedData(
  receipt: Pick<Receipt, "intent_hash" | "accepted_at" | "auction_id">,
  venue: Venue,
): TypedDataDefinition {
  const { intent_hash: intentHash, accepted_at, auction_id: auctionId } = receipt;
  const types = { IntentReceipt: fields("bytes32 intentHash,uint256 acceptedAt,bytes32 auctionId") };
  const message = { intentHash, acceptedAt: BigInt(accepted_at), auctionId };
  return { domain: domainOf(venue), types, primaryType: "IntentReceipt", message };
}

/** What the venue signs to say that no award of it fills the intent after `not_after`. */
export function cancelReceiptTypedData(
  receipt: Pick<CancelReceipt, "intent_hash" | "not_after">,
  venue: Venue,
): TypedDataDefinition {
  const types = { CancelReceipt: fields("bytes32 intentHash,uint256 notAfter") };
  const message = { intentHash: receipt.intent_hash, notAfter: BigInt(receipt.not_after) };
  return { domain: domainOf(venue), types, primaryType: "CancelReceipt", message };
}

/** What a solver signs to bid. */
export function bidTypedData(bid: Bid, venue: Venue): TypedDataDefinition {
  const types = {
    Bid: fields(
      "Leg[] legs,bytes32 auctionId,address solver,address executor,uint256 validUntil,bytes32 callDataHash," +
        "uint256 gasLimit,uint256 penalty",
    ),
    Leg: fields("bytes32 intentHash,uint256 amountOut,uint256 fee"),
  };
  const message = {
    legs: bid.legs.map((leg) => ({
      intentHash: leg.intent_hash,
      amountOut: BigInt(leg.amount_out),
      fee: BigInt(leg.fee),
    })),
    auctionId: bid.auction_id,
    solver: bid.solver,
    executor: bid.executor,
    validUntil: BigInt(bid.valid_until),
    callDataHash: bid.call_data_hash,
    gasLimit: BigInt(bid.gas_limit),
    penalty: BigInt(bid.penalty),
  };
  return { domain: domainOf(venue), types, primaryType: "Bid", message };
}

/** bid_hash: the digest that the solver signs. */
export function bidHash(bid: Bid, venue: Venue): Hex {
  return hashTypedData(bidTypedData(bid, venue));
}

/** What the auctioneer signs: who won. The contract checks it. */
export function awardTypedData(award: Award, venue: Venue): TypedDataDefinition {
  const types = { Award: fields("bytes32 bidHash,bytes32 transcriptRoot,uint256 exclusiveUntil") };
  const { bid_hash: bidHash, transcript_root: transcriptRoot, exclusive_until } = award;
  const message = { bidHash, transcriptRoot, exclusiveUntil: BigInt(exclusive_until) };
  return { domain: domainOf(venue), types, primaryType: "Award", message };
}

/** What a solver signs to log in to the stream, with the challenge of that connection's hello. */
export function streamLoginTypedData(
  login: Pick<Login, "solver" | "expires_at"> & { challenge: Hex },
  venue: Venue,
): TypedDataDefinition {
  const { solver, challenge, expires_at } = login;
  const types = { StreamLogin: fields("address solver,bytes32 challenge,uint256 expiresAt") };
  const message = { solver, challenge, expiresAt: BigInt(expires_at) };
  return { domain: domainOf(venue), types, primaryType: "StreamLogin", message };
}

function domainOf(venue: Venue) {
  return { name: "Intendly", version: "1", chainId: venue.chain_id, verifyingContract: venue.settlement };
}

/** The fields of an EIP-712 struct, from its type string. */
function fields(struct: string): TypedDataParameter[] {
  return struct.split(",").map((field) => {
    const [type = "", name = ""] = field.split(" ");
    return { name, type };
  });
}
