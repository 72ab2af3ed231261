export { type IntentTerms, type QuoteTerms, type Signer, TraderClient, type TraderOptions } from "./client.ts";
export { asJson } from "./eip712-json.ts";
export * from "./errors.ts";
export { approvePermit2, spendNonce } from "./permit2.ts";
export type { WaitOptions } from "./settlement-wait.ts";
export type { Event, EventOptions, Interest } from "./stream.ts";
export * from "./typed-data.ts";
export type * from "./types.ts";
