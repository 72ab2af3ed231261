/** Auctions that wait to be priced: a bounded line, from which the oldest fall out first. */

import type { AuctionOpened } from "./types.ts";

const TELL_MS = 1_000;

export type BacklogOptions = {
  /** Auctions that may wait. */
  most: number;
  /** Auctions that are priced at a time. */
  workers: number;
  /** Price and answer one. `closesAt` is when it takes no more bids, by performance.now(); then `closed` is aborted. */
  answer: (auction: AuctionOpened, closed: AbortSignal, closesAt: number) => Promise<void>;
  /** One fell out, while it still takes bids. */
  drop: (auction: AuctionOpened) => void;
  warn: (message: string) => void;
};

type Opening = { auction: AuctionOpened; closesAt: number };

/** What falls out is told of once a second, as `auction.shed`, with how many. */
export class Backlog {
  readonly #options: BacklogOptions;
  readonly #waiting: Opening[] = [];
  readonly #open = new Set<AbortController>();
  #busy = 0;
  #shed = 0;
  #telling: ReturnType<typeof setTimeout> | undefined;

  constructor(options: BacklogOptions) {
    this.#options = options;
  }

  /** Hear of an auction. */
  push(auction: AuctionOpened): void {
    this.#waiting.push({ auction, closesAt: performance.now() + auction.ms_left });
    if (this.#waiting.length > this.#options.most) {
      const oldest = this.#waiting.shift();
      this.#count();
      if (oldest && performance.now() < oldest.closesAt) this.#options.drop(oldest.auction);
    }
    this.#work();
  }

  /** Let go of everything. */
  stop(): void {
    this.#waiting.length = 0;
    for (const each of this.#open) each.abort();
    this.#tell();
  }

  #work(): void {
    while (this.#busy < this.#options.workers) {
      const opening = this.#waiting.shift();
      if (!opening) return;
      this.#busy += 1;
      const done = () => {
        this.#busy -= 1;
        this.#work();
      };
      // A turn of the event loop lies between two, so that what came meanwhile is heard before the next is priced.
      void this.#answer(opening).finally(() => setTimeout(done));
    }
  }

  /** One that hangs is let go of at the auction's close. */
  async #answer({ auction, closesAt }: Opening): Promise<void> {
    const left = closesAt - performance.now();
    if (left <= 0) return this.#count();
    const open = new AbortController();
    this.#open.add(open);
    const closed = new Promise<void>((resolve) => {
      open.signal.addEventListener("abort", () => resolve(), { once: true });
    });
    const close = setTimeout(() => open.abort(), left);
    await Promise.race([this.#options.answer(auction, open.signal, closesAt), closed]);
    clearTimeout(close);
    this.#open.delete(open);
  }

  #count(): void {
    this.#shed += 1;
    this.#telling ??= setTimeout(() => this.#tell(), TELL_MS);
  }

  #tell(): void {
    clearTimeout(this.#telling);
    this.#telling = undefined;
    const { most, workers, warn } = this.#options;
    if (this.#shed > 0) warn(`auction.shed count=${this.#shed} backlog=${most} workers=${workers}`);
    this.#shed = 0;
  }
}
