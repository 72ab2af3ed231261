/** One HTTP exchange with the venue, repeated after what may pass, answered with the JSON or a typed error. */

import { backoff, sleep } from "./backoff.ts";
import { ApiError, NetworkError, ProtocolError } from "./errors.ts";
import type { Problem } from "./types.ts";

const MAY_PASS = [429, 502, 503, 504];
const LONGEST_WAIT_MS = 30_000;

export type HttpOptions = {
  /** The venue's address, such as http://127.0.0.1:3001; with /api/v1 behind it, it is the same. */
  apiUrl: string;
  /** Of one try; 5,000 by default. */
  timeoutMs?: number;
  /** With growing waits between them, or as long as the venue says with Retry-After; 6 by default, about 3 seconds. */
  tries?: number;
};

/** Every route may be repeated, so every one is retried. */
export class HttpApi {
  readonly #base: string;
  readonly #timeoutMs: number;
  readonly #tries: number;

  constructor({ apiUrl, timeoutMs = 5_000, tries = 6 }: HttpOptions) {
    this.#base = `${apiUrl.replace(/(\/api\/v1)?\/*$/, "")}/api/v1`;
    this.#timeoutMs = timeoutMs;
    this.#tries = tries;
  }

  /** GET. Throws `ApiError`, `NetworkError`, `ProtocolError`, or the signal's reason. */
  get<Answer>(path: string, signal?: AbortSignal): Promise<Answer> {
    return this.#exchange(path, { method: "GET" }, signal);
  }

  /** POST as JSON. Throws `ApiError`, `NetworkError`, `ProtocolError`. */
  post<Answer>(path: string, body: unknown): Promise<Answer> {
    const headers = { "content-type": "application/json" };
    return this.#exchange(path, { method: "POST", headers, body: JSON.stringify(body) });
  }

  async #exchange<Answer>(path: string, init: RequestInit, signal?: AbortSignal): Promise<Answer> {
    for (let tried = 1; ; tried++) {
      try {
        return await this.#once(path, init, signal);
      } catch (error) {
        signal?.throwIfAborted();
        const wait = pause(error, tried);
        if (tried >= this.#tries || wait > LONGEST_WAIT_MS) throw error;
        await sleep(wait, signal);
      }
    }
  }

  async #once<Answer>(path: string, init: RequestInit, signal?: AbortSignal): Promise<Answer> {
    const what = `${init.method} ${path}`;
    const ends = AbortSignal.timeout(this.#timeoutMs);
    let response: Response;
    let text: string;
    try {
      response = await fetch(this.#base + path, { ...init, signal: signal ? AbortSignal.any([signal, ends]) : ends });
      text = await response.text();
    } catch (cause) {
      throw new NetworkError(`${what}: ${ends.aborted ? `no answer within ${this.#timeoutMs} ms` : cause}`, { cause });
    }
    const body = parsed(text);
    if (response.ok && body !== undefined) return body as Answer;
    if (isProblem(body))
      throw new ApiError(body, Number(response.headers.get("retry-after") ?? Number.NaN) || undefined);
    if (MAY_PASS.includes(response.status)) throw new NetworkError(`${what}: status ${response.status}`);
    throw new ProtocolError(`${what}: ${response.status} with an unknown body`);
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

function isProblem(body: unknown): body is Problem {
  return typeof body === "object" && body !== null && "code" in body && "status" in body;
}
