/** The API's messages as they travel: amounts are decimal strings in the token's smallest unit, bytes 0x-prefixed hex. */

import type { Hex } from "viem";
import type { components } from "./openapi.ts";

type Schemas = components["schemas"];

export type AuctionIntent = Schemas["AuctionIntent"];
export type AuctionOpened = Schemas["AuctionOpened"];
/** Who won, signed by the auctioneer; void after `exclusive_until`, unix seconds. */
export type Award = { bid_hash: Hex; transcript_root: Hex; exclusive_until: number };
export type Bid = Schemas["Bid"];
/** A transaction to send. `value` in wei. */
export type Call = Schemas["Call"];
export type CancelReceipt = Schemas["CancelReceipt"];
export type Config = Schemas["ConfigView"];
export type Decline = Schemas["Decline"];
export type Hello = Schemas["Hello"];
export type Intent = Schemas["Intent"];
export type IntentOutcome = Schemas["IntentOutcome"];
export type IntentPage = Schemas["IntentPage"];
export type IntentStatus = Schemas["IntentStatus"];
export type IntentView = Schemas["IntentView"];
export type Login = Schemas["Login"];
export type PlaceBid = Schemas["PlaceBid"];
export type Problem = Schemas["Problem"];
export type Quote = Schemas["QuoteView"];
export type QuoteRequest = Schemas["QuoteRequest"];
export type Receipt = Schemas["Receipt"];
export type Reply = Schemas["Reply"];
export type SignedBid = Schemas["SignedBid"];
export type SignedIntent = Schemas["SignedIntent"];
export type Subscribe = Schemas["Subscribe"];
export type Token = Schemas["TokenView"];
