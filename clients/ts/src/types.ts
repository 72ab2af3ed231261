/** The API's messages as they travel: amounts are decimal strings in the token's smallest unit, bytes 0x-prefixed hex. */

import type { components } from "./openapi.ts";

type Schemas = components["schemas"];

/** A transaction to send. `value` in wei. */
export type Call = Schemas["Call"];
export type CancelReceipt = Schemas["CancelReceipt"];
export type Config = Schemas["ConfigView"];
export type Intent = Schemas["Intent"];
export type IntentOutcome = Schemas["IntentOutcome"];
export type IntentPage = Schemas["IntentPage"];
export type IntentStatus = Schemas["IntentStatus"];
export type IntentView = Schemas["IntentView"];
export type Problem = Schemas["Problem"];
export type Quote = Schemas["QuoteView"];
export type QuoteRequest = Schemas["QuoteRequest"];
export type Receipt = Schemas["Receipt"];
export type SignedIntent = Schemas["SignedIntent"];
export type Token = Schemas["TokenView"];
