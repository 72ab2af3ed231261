/** A small venue on a real socket: scripted answers over HTTP, and a stream whose n-th connection plays the n-th script. */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import { TraderClient } from "../src/index.ts";
import { CONFIG, HASH, SWAPPER } from "./samples.ts";

export type Answer = { status?: number; headers?: Record<string, string>; body?: unknown };
export type Asked = { method: string; path: string; body: string };
export type Script = (socket: WebSocket, subscribed: { after: string }) => void;

export { HASH, RECEIPTS, SWAPPER, TOKENS, VENUE } from "./samples.ts";
/** Closes the connection without an answer. */
export const HANGS_UP: Answer = { status: 0 };

/** Runs `use` with a trader whose requests are answered by `answer`; GET /config is answered here. */
export async function withVenue(
  answer: (asked: Asked, times: number) => Answer | Promise<Answer>,
  use: (trader: TraderClient, asked: Asked[]) => Promise<void>,
  scripts: Script[] = [],
): Promise<void> {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    const told: Asked = { method: request.method ?? "", path: (request.url ?? "").replace("/api/v1", ""), body: "" };
    for await (const part of request) told.body += part;
    if (told.path === "/config") {
      const stream_url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1/stream`;
      response.end(JSON.stringify({ ...CONFIG, stream_url }));
      return;
    }
    asked.push(told);
    const { status = 200, headers, body } = await answer(told, asked.filter(({ path }) => path === told.path).length);
    if (status === 0) request.socket.destroy();
    else response.writeHead(status, headers).end(typeof body === "string" ? body : JSON.stringify(body));
  });
  const stream = new WebSocketServer({ server });
  stream.on("connection", (socket) => {
    const script = scripts.shift();
    if (!script) return socket.terminate();
    socket.send(JSON.stringify({ type: "hello", cursor: "1-0" }));
    socket.once("message", (request) => {
      const subscribed = JSON.parse(String(request));
      socket.send(JSON.stringify({ type: "reply", id: subscribed.id, ok: true }));
      script(socket, subscribed);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const apiUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1/`;
  try {
    await use(new TraderClient({ apiUrl, account: SWAPPER, tries: 3 }), asked);
  } finally {
    for (const socket of stream.clients) socket.terminate();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

/** An event about HASH. */
export function event(cursor: string): string {
  return JSON.stringify({ type: "event", cursor, kind: "intent.settled", at: 1, intent_hash: HASH, data: {} });
}

/** A problem, as the venue tells it. */
export function problem(status: number, code: string, headers: Record<string, string> = {}): Answer {
  const errors = [{ field: "nonce", expected: "one that is not spent" }];
  return { status, headers, body: { type: "x", title: code, status, code, detail: "why", errors, request_id: "r-1" } };
}
