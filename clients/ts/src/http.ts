/** One HTTP exchange with the venue, repeated after what may pass, answered with the JSON or a typed error. */

import { type Address, isAddressEqual } from "viem";
import { backoff, sleep } from "./backoff.ts";
import { ApiError, NetworkError, ProtocolError } from "./errors.ts";
import { CONFIG, PROBLEM, type Shape } from "./shapes.ts";
import type { Config, Problem } from "./types.ts";

const MAY_PASS = [429, 502, 503, 504];
const LONGEST_WAIT_MS = 30_000;

export type HttpOptions = {
  /** The venue's address, such as http://127.0.0.1:3001; with /api/v1 behind it, it is the same. */
  apiUrl: string;
  /** Of one try; 5,000 by default. */
  timeoutMs?: number;
  /** With growing waits between them, or as long as the venue says with Retry-After; 6 by default, about 3 seconds. */
  tries?: number;
  /** The chain where you mean to trade, known from elsewhere than the venue; another in its config is a `ProtocolError`. */
  chainId?: number;
  /** The Settlement there, likewise. Name both wherever the money is real. */
  settlement?: Address;
};

/** Every route may be repeated, so every one is retried. */
export class HttpApi {
  readonly #base: string;
  readonly #timeoutMs: number;
  readonly #tries: number;
  readonly #pinned: Pick<HttpOptions, "chainId" | "settlement">;

  constructor({ apiUrl, timeoutMs = 5_000, tries = 6, ...pinned }: HttpOptions) {
    this.#base = `${apiUrl.replace(/(\/api\/v1)?\/*$/, "")}/api/v1`;
    this.#timeoutMs = timeoutMs;
    this.#tries = tries;
    this.#pinned = pinned;
  }

  /** GET /config. A `ProtocolError` where it is not of the chain and the Settlement that were named. */
  async config(signal?: AbortSignal): Promise<Config> {
    const config = await this.get("/config", CONFIG, signal);
    const { chainId = config.chain_id, settlement = config.settlement } = this.#pinned;
    if (chainId !== config.chain_id)
      throw new ProtocolError(`GET /config: expected the chain_id ${chainId}, got ${config.chain_id}`);
    if (!isAddressEqual(settlement, config.settlement))
      throw new ProtocolError(`GET /config: expected the settlement ${settlement}, got ${config.settlement}`);
    return config;
  }

  /** GET. Throws `ApiError`, `NetworkError`, `ProtocolError`, or the signal's reason. */
  get<Answer>(path: string, shape: Shape<Answer>, signal?: AbortSignal): Promise<Answer> {
    return this.#exchange(path, shape, { method: "GET" }, signal);
  }

  /** POST as JSON. Throws `ApiError`, `NetworkError`, `ProtocolError`. */
  post<Answer>(path: string, body: unknown, shape: Shape<Answer>): Promise<Answer> {
    const headers = { "content-type": "application/json" };
    return this.#exchange(path, shape, { method: "POST", headers, body: JSON.stringify(body) });
  }

  async #exchange<Answer>(
    path: string,
    shape: Shape<Answer>,
    init: RequestInit,
    signal?: AbortSignal,
  ): Promise<Answer> {
    for (let tried = 1; ; tried++) {
      try {
        return await this.#once(path, shape, init, signal);
      } catch (error) {
        signal?.throwIfAborted();
        const wait = pause(error, tried);
        if (tried >= this.#tries || wait > LONGEST_WAIT_MS) throw error;
        await sleep(wait, signal);
      }
    }
  }

  async #once<Answer>(path: string, shape: Shape<Answer>, init: RequestInit, signal?: AbortSignal): Promise<Answer> {
    const what = `${init.method} ${path}`;
    const ends = AbortSignal.timeout(this.#timeoutMs);
    let response: Response;
    let text: string;
    try {
      const until = signal ? AbortSignal.any([signal, ends]) : ends;
      // Elsewhere is another venue: what is signed for this one is not handed on.
      response = await fetch(this.#base + path, { ...init, redirect: "manual", signal: until });
      text = await response.text();
    } catch (cause) {
      throw new NetworkError(`${what}: ${ends.aborted ? `no answer within ${this.#timeoutMs} ms` : cause}`, { cause });
    }
    const { status, type } = response;
    if (type === "opaqueredirect" || (status >= 300 && status < 400)) {
      const where = response.headers.get("location") ?? "another address"; // a browser does not tell
      throw new ProtocolError(`${what}: a redirect to ${where}, which is not followed; is apiUrl right?`);
    }
    const body = parsed(text);
    if (response.ok) {
      const found = shape(body, "body");
      if (found) throw new ProtocolError(`${what}: ${status} with an unknown body: ${found}`);
      return body as Answer;
    }
    if (PROBLEM(body, "body") === undefined)
      throw new ApiError(body as Problem, Number(response.headers.get("retry-after") ?? Number.NaN) || undefined);
    if (MAY_PASS.includes(status)) throw new NetworkError(`${what}: status ${status}`);
    throw new ProtocolError(`${what}: ${status} with an unknown body`);
  }
}

/** Milliseconds until the next try; endless where another would end the same. */
function pause(error: unknown, tried: number): number {
  if (error instanceof NetworkError) return backoff(tried);
  if (!(error instanceof ApiError) || !MAY_PASS.includes(error.status)) return Number.POSITIVE_INFINITY;
  if (error.retryAfter !== undefined) return error.retryAfter * 1_000;
  // A 429 without it, `too_many_open_intents`, does not pass by itself.
  return error.status === 429 ? Number.POSITIVE_INFINITY : backoff(tried);
}

/** The value of a JSON text; undefined where it is none. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
