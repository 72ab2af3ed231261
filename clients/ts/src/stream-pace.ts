/** How fast a client may talk: the venue takes 100 messages a second and 400 at once, and hangs up on more. */
const PER_MS = 0.09;
const AT_ONCE = 300;

/** A bucket that stays within it. */
export class Pace {
  #left = AT_ONCE;
  #at = performance.now();

  /** Take one place, if there is one. */
  take(): boolean {
    const isFree = this.left >= 1;
    if (isFree) this.#left -= 1;
    return isFree;
  }

  /** Places that are free now. */
  get left(): number {
    const now = performance.now();
    this.#left = Math.min(AT_ONCE, this.#left + (now - this.#at) * PER_MS);
    this.#at = now;
    return this.#left;
  }
}
