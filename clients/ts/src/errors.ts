/** One tree of errors: `error instanceof IntendlyError` is all of them. */

import type { Hex } from "viem";
import type { IntentStatus, Problem } from "./types.ts";

/** Whatever goes wrong in this package. */
export class IntendlyError extends Error {
  override get name(): string {
    return this.constructor.name;
  }
}

/** The venue could not be reached, or did not answer in time, also after the retries. */
export class NetworkError extends IntendlyError {}

/** The venue answered with what this version does not understand, or with what it has not signed. */
export class ProtocolError extends IntendlyError {}

/** The venue refused (RFC 9457). `code` is stable, `errors` names each field at fault, `requestId` is for its support. */
export class ApiError extends IntendlyError {
  readonly problem: Problem;
  readonly status: number;
  readonly code: string;
  readonly errors: Problem["errors"];
  readonly requestId: string;
  /** When to come back, in seconds, where the venue said so. */
  readonly retryAfter: number | undefined;

  constructor(problem: Problem, retryAfter?: number) {
    super(`${problem.status} ${problem.code}: ${problem.detail || problem.title}`);
    this.problem = problem;
    this.status = problem.status;
    this.code = problem.code;
    this.errors = problem.errors ?? [];
    this.requestId = problem.request_id ?? "";
    this.retryAfter = retryAfter;
  }
}

/** The venue has forgotten this cursor: its numbers begin anew. Read the state, then follow the stream from there. */
export class CursorGoneError extends ApiError {}

/** Not settled in time. It may still be. `status` says how far it is, where that is known. */
export class WaitTimeoutError extends IntendlyError {
  readonly intentHash: Hex;
  readonly status: IntentStatus | undefined;

  constructor(intentHash: Hex, timeoutMs: number, status?: IntentStatus) {
    const why = status ? `; it is ${status.state}: ${status.detail}` : "";
    super(`intent ${intentHash} was not settled within ${timeoutMs} ms${why}`);
    this.intentHash = intentHash;
    this.status = status;
  }
}

/** The intent ended without a fill: it expired, or was cancelled. `status` says why. */
export class IntentNotFilledError extends IntendlyError {
  readonly status: IntentStatus;

  constructor(status: IntentStatus) {
    super(`intent ${status.intent_hash} ${status.state}: ${status.detail}`);
    this.status = status;
  }
}
