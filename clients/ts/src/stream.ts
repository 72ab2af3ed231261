/** The stream's events, in their order, each once, across reconnects. */

import type { Address, Hex } from "viem";
import { backoff, sleep } from "./backoff.ts";
import { ApiError, CursorGoneError } from "./errors.ts";
import { StreamConnection } from "./stream-connection.ts";
import type { Event } from "./stream-events.ts";
import { positionOf } from "./stream-frames.ts";
import { StreamLostError, waitsAfter } from "./stream-loss.ts";
import type { Hello } from "./types.ts";

const STEADY_MS = 5_000;

/** What is heard: these intents, up to 500; all of these swappers, up to 100; the auctions. */
export type Interest = { intents?: Hex[]; swappers?: Address[]; auctions?: boolean };

export type EventOptions = {
  /** A cursor to begin behind, in the place of now. */
  after?: string;
  /** Ends the events, at once. */
  signal?: AbortSignal;
  /** How often a line on which nothing comes is asked whether it lives; given up after 3 of them. 10,000 by default. */
  heartbeatMs?: number;
  /** Events that may wait to be read, 1,000 by default. With more the client hangs up, and resumes once they are read. */
  queueMax?: number;
  /** Told of each lost connection, and in how many milliseconds the next try comes. */
  onLost?: (loss: StreamLostError, waitMs: number) => void;
};

/** A solver's part: it logs in on every connection, and talks on it. */
export type SolverSession = {
  login: (connection: StreamConnection, hello: Hello) => Promise<void>;
  onOpen: (connection: StreamConnection) => void;
};

/**
 * Comes back after every loss, with growing waits, and resumes behind the last event.
 *
 * Throws `CursorGoneError` when the venue's numbers begin anew: read the state, then begin without `after`. Throws
 * `ApiError` when the subscription is refused for good. A solver needs no past, and its log-in may yet count: its
 * session goes on after both.
 */
export async function* events(
  url: string,
  interest: Interest,
  { after, signal, heartbeatMs = 10_000, queueMax = 1_000, onLost }: EventOptions = {},
  solver?: SolverSession,
): AsyncGenerator<Event, void> {
  let cursor = after;
  let failures = 0;
  while (!signal?.aborted) {
    const connection = new StreamConnection(url, { heartbeatMs, queueMax });
    const abort = () => connection.close();
    signal?.addEventListener("abort", abort, { once: true });
    let steady = Number.POSITIVE_INFINITY;
    let loss: StreamLostError;
    try {
      const hello = await connection.hello;
      if (solver) await solver.login(connection, hello);
      // Without a cursor a solver is told of the auctions that are open already, with their own, older numbers.
      const isFresh = solver !== undefined && cursor === undefined;
      if (!isFresh) cursor ??= hello.cursor;
      const { intents = [], swappers = [], auctions = false } = interest;
      const wanted = { type: "subscribe", intents, swappers, auctions, solver: solver !== undefined } as const;
      const told = await connection.request(cursor === undefined ? wanted : { ...wanted, after: cursor });
      cursor ??= typeof told.cursor === "string" ? told.cursor : hello.cursor;
      connection.ready();
      steady = performance.now() + STEADY_MS;
      solver?.onOpen(connection);
      for await (const event of connection) {
        const isNew = isBehind(cursor, event.cursor);
        if (!isNew && !(isFresh && event.kind === "auction.opened")) continue;
        if (isNew) cursor = event.cursor;
        failures = 0;
        yield event;
      }
      loss = connection.loss ?? new StreamLostError("lost", "");
    } catch (error) {
      if (signal?.aborted) return;
      loss = passing(error, solver !== undefined);
      if (error instanceof CursorGoneError) cursor = undefined;
    } finally {
      signal?.removeEventListener("abort", abort);
      connection.close();
    }
    if (signal?.aborted) return;
    failures = performance.now() > steady ? 1 : failures + 1;
    const waitMs = backoff(failures, ...waitsAfter(loss));
    onLost?.(loss, waitMs);
    await sleep(waitMs, signal).catch(() => {});
  }
}

/** Whether an event has yet to be told: another epoch's always has. */
function isBehind(cursor: string, next: string): boolean {
  const [epoch, number] = positionOf(cursor);
  const [nextEpoch, nextNumber] = positionOf(next);
  return epoch !== nextEpoch || number < nextNumber;
}

/** What is no reason to give up, as a loss; anything else is thrown. */
function passing(error: unknown, isSolver: boolean): StreamLostError {
  if (error instanceof StreamLostError) return error;
  if (error instanceof ApiError && (error.status >= 500 || (isSolver && [401, 410].includes(error.status))))
    return new StreamLostError("refused", error.message, undefined, { cause: error });
  throw error;
}
