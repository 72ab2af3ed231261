/** What a solver says, on whichever connection there is. */

import type { StreamConnection } from "./stream-connection.ts";
import type { Request } from "./stream-frames.ts";
import { StreamLostError } from "./stream-loss.ts";

export class Line {
  #connection: StreamConnection | undefined;
  readonly #waiting = new Set<(connection: StreamConnection | undefined) => void>();
  #isOver = false;

  /** Talk on this one from now on. */
  use(connection: StreamConnection): void {
    this.#connection = connection;
    for (const resolve of this.#waiting) resolve(connection);
    this.#waiting.clear();
  }

  /**
   * Say it, and wait for the answer; where the connection is lost before that, say it again on the next one.
   *
   * False where none came in `ms` milliseconds. Throws `ApiError`.
   */
  async say(request: Request, ms: number): Promise<boolean> {
    const until = new AbortController();
    const timer = setTimeout(() => until.abort(), ms);
    try {
      for (;;) {
        const connection = await this.#next(until.signal);
        if (!connection) return false;
        try {
          await connection.request(request, until.signal);
          return true;
        } catch (error) {
          if (until.signal.aborted) return false;
          if (!(error instanceof StreamLostError)) throw error;
          if (this.#connection === connection) this.#connection = undefined;
        }
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Say it if there is a connection with room for it, and go on. */
  mention(request: Request): void {
    if (this.#connection?.hasRoom) this.#connection.request(request).catch(() => {});
  }

  /** Say nothing more. */
  stop(): void {
    this.#isOver = true;
    for (const resolve of this.#waiting) resolve(undefined);
    this.#waiting.clear();
  }

  /** The connection, or the next one; nothing where `until` is aborted before there is one. */
  #next(until: AbortSignal): Promise<StreamConnection | undefined> | StreamConnection {
    if (this.#connection) return this.#connection;
    return new Promise((resolve) => {
      if (this.#isOver) return resolve(undefined);
      this.#waiting.add(resolve);
      const giveUp = () => {
        this.#waiting.delete(resolve);
        resolve(undefined);
      };
      until.addEventListener("abort", giveUp, { once: true });
      if (until.aborted) giveUp();
    });
  }
}
