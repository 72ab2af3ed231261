/** What a trader does at a venue: ask, sign, submit, follow, cancel. The words are those of the Python SDK's client. */

import {
  type Address,
  type Hex,
  isAddressEqual,
  recoverTypedDataAddress,
  type TypedDataDefinition,
  toHex,
  zeroAddress,
  zeroHash,
} from "viem";
import { ProtocolError } from "./errors.ts";
import { HttpApi, type HttpOptions } from "./http.ts";
import { spentNonce } from "./permit2.ts";
import { checkedQuote } from "./quote-check.ts";
import { readIntent, type WaitOptions, waitUntilSettled } from "./settlement-wait.ts";
import { CANCEL_RECEIPT, INTENTS, OUTCOMES, QUOTE, RECEIPT, STATUS, TOKENS } from "./shapes.ts";
import { addressOf, type Signer, sign } from "./signer.ts";
import { type EventOptions, events, type Interest } from "./stream.ts";
import type { Event } from "./stream-events.ts";
import {
  cancelReceiptTypedData,
  cancelTypedData,
  intentHash,
  intentTypedData,
  receiptTypedData,
} from "./typed-data.ts";
import type {
  CancelReceipt,
  Config,
  Intent,
  IntentOutcome,
  IntentPage,
  IntentStatus,
  IntentView,
  Quote,
  QuoteRequest,
  Receipt,
  SignedIntent,
  Token,
} from "./types.ts";

export type TraderOptions = HttpOptions & { account: Signer };

/** What is sold, and the least that is taken for it. Amounts in the token's smallest unit. */
export type IntentTerms = {
  tokenIn: Address;
  amountIn: bigint;
  tokenOut: Address;
  minAmountOut: bigint;
  /** Unix seconds of block time; ten minutes from now by default. */
  deadline?: number;
  /** The account itself by default. */
  receiver?: Address;
  /** Unix seconds of block time; at once by default. */
  validFrom?: number;
  /** After it anyone may fill; the deadline by default, which means never. */
  openAfter?: number;
  partner?: Address;
  partnerFeeBps?: number;
  appData?: Hex;
  /** Permit2's, which have no order; random by default. */
  nonce?: bigint;
};

export type QuoteTerms = {
  tokenIn: Address;
  amountIn: bigint;
  tokenOut: Address;
  receiver?: Address;
  /** From the best indication down to the intent's minimum; 50 by default. */
  slippageBps?: number;
  /** From now to the intent's deadline; 600 by default. */
  ttlS?: number;
};

/** Every method throws `ApiError`, `NetworkError` or `ProtocolError`, and what the wallet throws. */
export class TraderClient {
  readonly address: Address;
  readonly #sign: (data: TypedDataDefinition) => Promise<Hex>;
  readonly #api: HttpApi;
  #known: Promise<Config> | undefined;

  constructor({ account, ...options }: TraderOptions) {
    this.address = addressOf(account);
    this.#sign = (data) => sign(account, data);
    this.#api = new HttpApi(options);
  }

  /** The chain, the addresses and the limits, as they are now. */
  config(): Promise<Config> {
    return this.#api.config();
  }

  /** `config()`, asked once. */
  knownConfig(): Promise<Config> {
    this.#known ??= this.config().catch((error) => {
      this.#known = undefined;
      throw error;
    });
    return this.#known;
  }

  /** The tokens that the venue trades. */
  tokens(): Promise<Token[]> {
    return this.#api.get("/tokens", TOKENS);
  }

  /**
   * What the solvers and pools would give now, and an unsigned intent that asks for it. Nobody is bound by it.
   *
   * A `ProtocolError` where what it would have you sign or send is not what was asked for. The intent, `typed_data` and
   * `permit2.permit` are built here.
   */
  async quote(terms: QuoteTerms): Promise<Quote> {
    const request: QuoteRequest = {
      swapper: this.address,
      token_in: terms.tokenIn,
      amount_in: terms.amountIn.toString(),
      token_out: terms.tokenOut,
      receiver: terms.receiver ?? this.address,
      slippage_bps: terms.slippageBps ?? 50,
      ttl_s: terms.ttlS ?? 600,
    };
    await this.knownConfig(); // before anyone is asked
    const told = await this.#api.post("/quotes", request, QUOTE);
    const { nonce, deadline } = told.intent; // these and the minimum are for the venue to choose
    const chosen = { minAmountOut: BigInt(told.min_amount_out), nonce: BigInt(nonce), deadline };
    return checkedQuote(told, request, await this.buildIntent({ ...terms, ...chosen }), Date.now() / 1_000);
  }

  /** An intent, its state, and its fill when there is one. What it asks for is checked by its hash. */
  get(intentHash: Hex): Promise<IntentView> {
    return readIntent(this.#api, intentHash);
  }

  /** Why the intent is not filled, in words. */
  status(intentHash: Hex): Promise<IntentStatus> {
    return this.#api.get(`/intents/${intentHash}/status`, STATUS);
  }

  /** One page of this account's intents, newest first. `after` is the last page's `next`. */
  list(after?: string): Promise<IntentPage> {
    const query = new URLSearchParams({ swapper: this.address, ...(after && { after }) });
    return this.#api.get(`/intents?${query}`, INTENTS);
  }

  /** An intent of this account. */
  async buildIntent(terms: IntentTerms): Promise<Intent> {
    const config = await this.knownConfig();
    const deadline = terms.deadline ?? Math.floor(Date.now() / 1_000) + 600;
    return {
      chain_id: config.chain_id,
      spender: config.settlement,
      swapper: this.address,
      token_in: terms.tokenIn,
      amount_in: terms.amountIn.toString(),
      token_out: terms.tokenOut,
      min_amount_out: terms.minAmountOut.toString(),
      receiver: terms.receiver ?? this.address,
      nonce: (terms.nonce ?? BigInt(toHex(crypto.getRandomValues(new Uint8Array(32))))).toString(),
      deadline,
      valid_from: terms.validFrom ?? 0,
      open_after: terms.openAfter ?? deadline,
      partner: terms.partner ?? zeroAddress,
      partner_fee_bps: terms.partnerFeeBps ?? 0,
      app_data: terms.appData ?? zeroHash,
    };
  }

  /** Sign what Permit2 verifies. Nothing is sent. */
  async signIntent(intent: Intent): Promise<SignedIntent> {
    return { intent, signature: await this.#sign(intentTypedData(intent)) };
  }

  /**
   * POST an intent. The receipt means that it is committed; the same one again is safe and says so.
   *
   * The receipt is the venue's signed word: one that is not signed by it is a `ProtocolError`.
   */
  async submit(signed: SignedIntent): Promise<Receipt> {
    const config = await this.knownConfig(); // before the intent is accepted
    const receipt = await this.#api.post("/intents", signed, RECEIPT);
    await checkReceipt(receipt, intentHash(signed.intent), receiptTypedData(receipt, config), config);
    return receipt;
  }

  /** POST several, `batch_max` at most; each one's outcome, in their order. One that is refused does not hinder others. */
  async submitBatch(signed: SignedIntent[]): Promise<IntentOutcome[]> {
    const config = await this.knownConfig();
    const { outcomes } = await this.#api.post("/intents/batch", { intents: signed }, OUTCOMES);
    if (outcomes.length !== signed.length)
      throw new ProtocolError(`expected ${signed.length} outcomes, got ${outcomes.length}`);
    for (const [place, one] of signed.entries()) {
      const receipt = outcomes[place]?.receipt;
      if (receipt) await checkReceipt(receipt, intentHash(one.intent), receiptTypedData(receipt, config), config);
    }
    return outcomes;
  }

  /**
   * Cancel an open intent, named by itself or its hash, free of charge. The same again is safe.
   *
   * The receipt is the venue's signed word that no award of it fills the intent after `not_after`; one that is not
   * signed by it is a `ProtocolError`. So is a `spend_nonce` that does not void one of Permit2's nonces; that it is this
   * intent's is checked where the intent itself is given. `state` and `exposure` are not signed. The code of an
   * `ApiError` says why not: `award_live`, `intent_ended`, ...
   */
  async cancel(intent: Intent | Hex): Promise<CancelReceipt> {
    const hash = typeof intent === "string" ? intent : intentHash(intent);
    const config = await this.knownConfig();
    const signature = await this.#sign(cancelTypedData(hash, config));
    const receipt = await this.#api.post(`/intents/${hash}/cancel`, { signature }, CANCEL_RECEIPT);
    await checkReceipt(receipt, hash, cancelReceiptTypedData(receipt, config), config);
    const nonce = spentNonce(receipt.spend_nonce);
    if (nonce === undefined || receipt.spend_nonce.chain_id !== config.chain_id)
      throw new ProtocolError("spend_nonce is not a call that voids one of Permit2's nonces; do not send it");
    if (typeof intent !== "string" && nonce !== BigInt(intent.nonce))
      throw new ProtocolError("spend_nonce is about another nonce than the intent's; do not send it");
    return receipt;
  }

  /** The stream's events about `interest`, in their order, each once, across reconnects, until `signal` is aborted. */
  async *events(interest: Interest, options?: EventOptions): AsyncGenerator<Event, void> {
    const { stream_url } = await this.knownConfig();
    yield* events(stream_url, interest, options);
  }

  /**
   * The intent with its fill, once it is mined.
   *
   * Throws `IntentNotFilledError` when it ended without one, `WaitTimeoutError` when time is up, both with why; and the
   * reason of `signal` when that is aborted.
   */
  async waitUntilSettled(intentHash: Hex, options?: WaitOptions): Promise<IntentView> {
    const { stream_url } = await this.knownConfig();
    return waitUntilSettled(this.#api, stream_url, intentHash, options);
  }
}

async function checkReceipt(
  receipt: { intent_hash: Hex; signature: Hex },
  intentHash: Hex,
  data: TypedDataDefinition,
  config: Config,
): Promise<void> {
  if (receipt.intent_hash !== intentHash)
    throw new ProtocolError(`the receipt for ${intentHash} is about ${receipt.intent_hash}`);
  const signer = await recoverTypedDataAddress({
    ...data,
    signature: receipt.signature,
  }).catch((cause) => {
    throw new ProtocolError(`the receipt for ${intentHash} is not signed`, { cause });
  });
  if (!isAddressEqual(signer, config.receipt_signer))
    throw new ProtocolError(`the receipt for ${intentHash} is signed by ${signer}, which is not the venue's key`);
}
