/** The stream's events, in their order, each once, across reconnects. */

import type { Address, Hex } from "viem";
import { backoff, sleep } from "./backoff.ts";
import { ApiError } from "./errors.ts";
import { parsed } from "./http.ts";
import type { Problem } from "./types.ts";

const OPEN_MS = 5_000;

/** One numbered change. `at` is in unix milliseconds; `cursor` resumes behind it. */
export type Event = {
  type: "event";
  cursor: string;
  kind: string;
  at: number;
  intent_hash: Hex | null;
  auction_id: Hex | null;
  swapper: Address | null;
  data: Record<string, unknown>;
};

/** What is heard: these intents, all of these swappers, the auctions. */
export type Interest = { intents?: Hex[]; swappers?: Address[]; auctions?: boolean };

/** `after`: a cursor to begin behind, in the place of now. `signal` ends the events. */
export type EventOptions = { after?: string; signal?: AbortSignal };

type Hello = { type: "hello"; cursor: string };
type Reply = { type: "reply"; ok: boolean; problem: Problem };
type Frame = Hello | Reply | Event;

/** Throws `ApiError` when the subscription is refused; with code `cursor_gone`, read the state anew. */
export async function* events(
  url: string,
  interest: Interest,
  options: EventOptions = {},
): AsyncGenerator<Event, void> {
  const { signal } = options;
  let cursor = options.after;
  const subscribe = (hello: Hello) => {
    cursor ??= hello.cursor;
    return { type: "subscribe", id: 1, ...interest, after: cursor };
  };
  let failures = 0;
  while (!signal?.aborted) {
    for await (const frame of frames(url, subscribe, signal)) {
      if (frame.type === "reply" && !frame.ok) throw new ApiError(frame.problem);
      if (frame.type === "reply") failures = 0;
      if (frame.type !== "event") continue;
      cursor = frame.cursor;
      yield frame;
    }
    failures += 1;
    await sleep(backoff(failures), signal).catch(() => {});
  }
}

/** What one connection says, until it is lost or closed. */
async function* frames(
  url: string,
  greet: (hello: Hello) => object,
  signal?: AbortSignal,
): AsyncGenerator<Frame, void> {
  const heard: Frame[] = [];
  let isOver = false;
  let wake = () => {};
  const socket = new WebSocket(url);
  const end = () => {
    isOver = true;
    wake();
    socket.close();
  };
  const late = setTimeout(end, OPEN_MS);
  socket.onclose = end;
  socket.onmessage = ({ data }) => {
    const frame = parsed(data) as Frame | undefined;
    if (!frame) return;
    if (frame.type === "hello") {
      clearTimeout(late);
      socket.send(JSON.stringify(greet(frame)));
    }
    heard.push(frame);
    wake();
  };
  signal?.addEventListener("abort", end, { once: true });
  try {
    while (!isOver || heard.length > 0) {
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      yield* heard.splice(0);
      if (!isOver && heard.length === 0) await woken;
    }
  } finally {
    clearTimeout(late);
    signal?.removeEventListener("abort", end);
    end();
  }
}
