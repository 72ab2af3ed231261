/** Waiting for a fill: an event about the intent makes the next question come at once. */

import type { Hex } from "viem";
import { sleep } from "./backoff.ts";
import {
  ApiError,
  IntendlyError,
  IntentNotFilledError,
  NetworkError,
  ProtocolError,
  WaitTimeoutError,
} from "./errors.ts";
import type { HttpApi } from "./http.ts";
import { INTENT, STATUS } from "./shapes.ts";
import { events } from "./stream.ts";
import { intentHash } from "./typed-data.ts";
import type { IntentStatus, IntentView } from "./types.ts";

/** `timeoutMs`: 60,000 by default. `pollMs`: how soon it asks where no event comes, 1,000 by default. */
export type WaitOptions = { timeoutMs?: number; pollMs?: number; signal?: AbortSignal };

export async function waitUntilSettled(
  api: HttpApi,
  streamUrl: string,
  hash: Hex,
  { timeoutMs = 60_000, pollMs = 1_000, signal }: WaitOptions = {},
): Promise<IntentView> {
  const done = new AbortController();
  const ends = setTimeout(() => done.abort(new WaitTimeoutError(hash, timeoutMs)), timeoutMs);
  const over = signal ? AbortSignal.any([signal, done.signal]) : done.signal;
  let wake = () => {};
  const listen = async () => {
    for await (const _ of events(streamUrl, { intents: [hash] }, { signal: over })) wake();
  };
  listen().catch(() => {}); // the questions go on without it
  try {
    for (;;) {
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const view = await ended(api, hash, over);
      if (view) return view;
      await Promise.race([woken, sleep(pollMs, over)]);
    }
  } catch (error) {
    if (!(error instanceof WaitTimeoutError)) throw error;
    throw new WaitTimeoutError(hash, timeoutMs, await standing(api, hash));
  } finally {
    clearTimeout(ends);
    done.abort();
  }
}

/** An intent, where it stands, and its fill. What it asks for is checked by its hash. */
export async function readIntent(api: HttpApi, asked: Hex, signal?: AbortSignal): Promise<IntentView> {
  const view = await api.get(`/intents/${asked}`, INTENT, signal);
  if ([view.intent_hash, intentHash(view.intent)].some((hash) => hash.toLowerCase() !== asked.toLowerCase()))
    throw new ProtocolError(`GET /intents/${asked}: the intent in the answer is another one`);
  return view;
}

/** The settled intent, or nothing yet. A network that fails, or a budget that is used up, is not an end. */
async function ended(api: HttpApi, hash: Hex, signal: AbortSignal): Promise<IntentView | undefined> {
  try {
    const view = await readIntent(api, hash, signal);
    if (view.state === "expired" || view.state === "cancelled") {
      throw new IntentNotFilledError(await api.get(`/intents/${hash}/status`, STATUS, signal));
    }
    return view.state === "settled" ? view : undefined;
  } catch (error) {
    if (error instanceof NetworkError || (error instanceof ApiError && [429, 503].includes(error.status)))
      return undefined;
    throw error;
  }
}

async function standing(api: HttpApi, hash: Hex): Promise<IntentStatus | undefined> {
  try {
    return await api.get(`/intents/${hash}/status`, STATUS);
  } catch (error) {
    if (error instanceof IntendlyError) return undefined;
    throw error;
  }
}
