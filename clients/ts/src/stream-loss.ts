/** Why a connection to the stream ends, and when to come back. */

import { NetworkError } from "./errors.ts";

/**
 * `going_away`: the server goes down. `try_again`: it cannot go on with this connection. `too_slow`: it was not read fast
 * enough. `login_again`: the solver's registration has changed. `policy`: too much was sent, or nothing at all.
 * `too_big`: a message was too long. `refused`: no connection, or the venue refused for now. `silent`: the line is dead.
 * `behind`: hung up here, since whoever reads the events is slower than they come. `lost`: anything else.
 */
export type LossReason =
  | "going_away"
  | "try_again"
  | "too_slow"
  | "login_again"
  | "policy"
  | "too_big"
  | "refused"
  | "silent"
  | "behind"
  | "lost";

/** A connection to the stream has ended. The client comes back by itself and resumes; `code` is WebSocket's, if any. */
export class StreamLostError extends NetworkError {
  readonly reason: LossReason;
  readonly code: number | undefined;

  constructor(reason: LossReason, detail: string, code?: number, options?: ErrorOptions) {
    super(`stream: ${reason}${code === undefined ? "" : ` (${code})`}${detail && `: ${detail}`}`, options);
    this.reason = reason;
    this.code = code;
  }
}

const REASONS: Record<number, LossReason> = {
  1001: "going_away",
  1008: "policy",
  1009: "too_big",
  1013: "try_again",
  4401: "login_again",
  4408: "too_slow",
};

/** Milliseconds before the first try to come back, and before any; 100 and 5,000 for what is not named. */
const WAITS: Partial<Record<LossReason, [first: number, most: number]>> = {
  going_away: [500, 5_000], // as all of the server's clients do, at once
  try_again: [500, 5_000],
  policy: [5_000, 60_000], // what is refused again and again is not to be asked more often
  too_big: [5_000, 60_000],
};

/** What a close frame tells; a code that is not known is a loss like any other. */
export function lossOf(code: number, detail: string): StreamLostError {
  return new StreamLostError(REASONS[code] ?? "lost", detail, code);
}

/** The least and the most that is waited after such a loss, for `backoff`. */
export function waitsAfter(loss: StreamLostError): [first: number, most: number] {
  return WAITS[loss.reason] ?? [100, 5_000];
}
