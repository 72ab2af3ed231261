/** One connection to the stream: requests and their replies, events in their order, a line that is known to live. */

import { ApiError, CursorGoneError, ProtocolError } from "./errors.ts";
import type { Event } from "./stream-events.ts";
import { frameOf, type Request } from "./stream-frames.ts";
import { lossOf, StreamLostError } from "./stream-loss.ts";
import { Pace } from "./stream-pace.ts";
import type { Hello, Problem, Reply } from "./types.ts";

const OPEN_MS = 10_000;
const MESSAGE_MAX_BYTES = 131_072;
const COURTESIES_LEFT = 100;
const UNKNOWN: Problem = {
  type: "about:blank",
  title: "refused",
  status: 500,
  code: "unknown",
  detail: "refused without a reason",
  errors: [],
  request_id: "",
};

export type ConnectionOptions = {
  /** How often a line on which nothing comes is asked whether it lives, in milliseconds; it is given up after 3 of them. */
  heartbeatMs: number;
  /** Events that may wait to be read. With more the connection is closed, and what waits is read before it is opened anew. */
  queueMax: number;
};

type Answer = { resolve: (result: Record<string, unknown>) => void; reject: (error: Error) => void };

/**
 * Open until it is closed or lost; then `loss` says why, and every request rejects with it.
 *
 * A WebSocket tells a page nothing of the server's pings. So a line on which nothing came is asked, and any frame
 * shows that it lives.
 */
export class StreamConnection implements AsyncIterable<Event> {
  /** The server's first frame. */
  readonly hello: Promise<Hello>;
  readonly #options: ConnectionOptions;
  readonly #socket: WebSocket;
  readonly #heard: Event[] = [];
  readonly #asked = new Map<number, Answer>();
  readonly #pace = new Pace();
  readonly #unsent: string[] = [];
  readonly #late: ReturnType<typeof setTimeout>;
  #sending: ReturnType<typeof setTimeout> | undefined;
  #heart: ReturnType<typeof setInterval> | undefined;
  #ids = 0;
  #beatsUnheard = 0;
  #isGreeted = false;
  #loss: StreamLostError | undefined;
  #greeted: (hello: Hello) => void = () => {};
  #failed: (loss: StreamLostError) => void = () => {};
  #wake = () => {};

  /** Throws `ProtocolError` where the address is none of a stream. */
  constructor(url: string, options: ConnectionOptions) {
    this.#options = options;
    try {
      this.#socket = new WebSocket(url);
    } catch (cause) {
      throw new ProtocolError(`stream_url: expected ws:// or wss:// and a host, got ${url}`, { cause });
    }
    this.hello = new Promise((resolve, reject) => {
      this.#greeted = (hello) => {
        this.#isGreeted = true;
        resolve(hello);
      };
      this.#failed = reject;
    });
    this.hello.catch(() => {});
    this.#late = setTimeout(() => this.#end(new StreamLostError("refused", `no answer in ${OPEN_MS} ms`)), OPEN_MS);
    this.#socket.onmessage = ({ data }) => this.#hear(data);
    this.#socket.onclose = ({ code, reason }) => {
      const isRefused = code === 1006 && !this.#isGreeted; // a page is not told why
      this.#end(isRefused ? new StreamLostError("refused", "no connection", code) : lossOf(code, reason));
    };
  }

  /** Why it has ended; undefined while it has not. */
  get loss(): StreamLostError | undefined {
    return this.#loss;
  }

  /** It was subscribed in time. From here on a dead line is noticed by its silence. */
  ready(): void {
    if (this.#loss) return;
    clearTimeout(this.#late);
    this.#heart ??= setInterval(() => this.#beat(), this.#options.heartbeatMs);
  }

  /**
   * Ask, and wait for the answer, until `signal` is aborted: then its reason is thrown, and nobody waits any more.
   *
   * Throws `ApiError`, `StreamLostError`, and `ProtocolError` for a message too long to send.
   */
  async request(request: Request, signal?: AbortSignal): Promise<Record<string, unknown>> {
    const id = ++this.#ids;
    const message = JSON.stringify({ ...request, id });
    if (message.length > MESSAGE_MAX_BYTES)
      throw new ProtocolError(`${request.type}: expected at most ${MESSAGE_MAX_BYTES} bytes, got ${message.length}`);
    if (this.#loss) throw this.#loss;
    signal?.throwIfAborted();
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { resolve, reject });
      const giveUp = () => this.#asked.delete(id) && reject(signal?.reason);
      signal?.addEventListener("abort", giveUp, { once: true });
      this.#send(message);
    });
  }

  /** Requests that wait for their answers. */
  get unanswered(): number {
    return this.#asked.size;
  }

  /** Whether there is room for what need not be said: the venue takes only so many messages a second. */
  get hasRoom(): boolean {
    return this.#pace.left > COURTESIES_LEFT;
  }

  /** The events, until the connection is over and those that wait are read. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Event, void> {
    for (;;) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      const next = this.#heard.shift();
      if (next) yield next;
      else if (this.#loss) return;
      else await woken;
    }
  }

  /** Close it; events that wait are dropped. Harmless where it is over. */
  close(): void {
    this.#heard.length = 0;
    this.#end(new StreamLostError("lost", "closed"));
  }

  #hear(message: unknown): void {
    this.#beatsUnheard = 0;
    const frame = frameOf(message);
    if (frame?.type === "hello") this.#greeted(frame);
    else if (frame?.type === "reply") this.#answered(frame);
    else if (frame && this.#heard.length < this.#options.queueMax) {
      this.#heard.push(frame);
      this.#wake();
    } else if (frame) this.#end(new StreamLostError("behind", `${this.#heard.length} events wait to be read`));
  }

  #answered({ id, ok, result, problem = UNKNOWN }: Reply): void {
    const answer = this.#asked.get(id);
    this.#asked.delete(id);
    if (ok) answer?.resolve(result ?? {});
    else answer?.reject(problem.status === 410 ? new CursorGoneError(problem) : new ApiError(problem));
  }

  #send(message: string): void {
    this.#unsent.push(message);
    this.#flush();
  }

  /** Sends what waits, as fast as the venue takes it. */
  #flush(): void {
    clearTimeout(this.#sending);
    while (this.#unsent.length > 0 && this.#pace.take()) this.#socket.send(this.#unsent.shift() ?? "");
    if (this.#unsent.length > 0) this.#sending = setTimeout(() => this.#flush(), 20);
  }

  #beat(): void {
    this.#beatsUnheard += 1;
    if (this.#beatsUnheard > 2) {
      const ms = this.#beatsUnheard * this.#options.heartbeatMs;
      this.#end(new StreamLostError("silent", `nothing was heard for ${ms} ms`));
    } else if (this.#beatsUnheard > 1) this.#send(JSON.stringify({ type: "ping", id: ++this.#ids }));
  }

  #end(loss: StreamLostError): void {
    if (this.#loss) return;
    this.#loss = loss;
    clearTimeout(this.#late);
    clearTimeout(this.#sending);
    clearInterval(this.#heart);
    this.#socket.onmessage = null;
    this.#socket.onclose = null;
    this.#socket.close(); // of a dead line the answer would never come: it is not waited for
    this.#failed(loss);
    for (const { reject } of this.#asked.values()) reject(loss);
    this.#asked.clear();
    this.#wake();
  }
}
