/** A small venue on a real socket: scripted answers over HTTP, and a stream whose n-th connection plays the n-th script. */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import { TraderClient } from "../src/index.ts";
import { CONFIG, HASH, SWAPPER } from "./samples.ts";

export type Answer = { status?: number; headers?: Record<string, string>; body?: unknown };
export type Asked = { method: string; path: string; body: string };
/** A client's message on the stream. */
// biome-ignore lint/suspicious/noExplicitAny: whatever it has
export type Said = Record<string, any>;
/** What one connection hears; `isDead` makes it answer nothing any more. */
export type Line = { said: Said[]; next: (type: string) => Promise<Said>; isDead: boolean };
/** The problem with which a message is answered, or its promise; nothing where it is not refused. */
export type Refusal = (said: Said) => unknown;
/** Played once the subscription is answered. */
export type Script = (socket: WebSocket, subscribed: Said, line: Line) => unknown;

export { HASH, RECEIPTS, SWAPPER, TOKENS, VENUE } from "./samples.ts";
/** Closes the connection without an answer. */
export const HANGS_UP: Answer = { status: 0 };

/** Runs `use` with a trader whose requests are answered by `answer`; GET /config is answered here. */
export async function withVenue(
  answer: (asked: Asked, times: number) => Answer | Promise<Answer>,
  use: (trader: TraderClient, asked: Asked[], apiUrl: string) => Promise<void>,
  scripts: Script[] = [],
  refuses: Refusal = () => undefined,
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
    if (script) play(socket, script, refuses);
    else socket.terminate();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const apiUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1/`;
  try {
    await use(new TraderClient({ apiUrl, account: SWAPPER, tries: 3 }), asked, apiUrl);
  } finally {
    for (const socket of stream.clients) socket.terminate();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

/** Says hello, answers as the venue does (what it does not know it refuses), and plays the script. */
function play(socket: WebSocket, script: Script, refuses: Refusal): void {
  const began = performance.now();
  const waiting: [type: string, resolve: (said: Said) => void][] = [];
  const line: Line = {
    said: [],
    next: (type) => new Promise((resolve) => waiting.push([type, resolve])),
    isDead: false,
  };
  socket.send(JSON.stringify({ type: "hello", challenge: HASH, cursor: "1-0", server_time: 1_800_000_000_000 }));
  socket.on("message", async (message) => {
    const said: Said = JSON.parse(String(message));
    line.said.push(said);
    if (line.said.length - (performance.now() - began) / 10 > 400) return socket.close(1008, "too many messages");
    if (line.isDead) return;
    const isKnown = ["login", "subscribe", "bid", "decline"].includes(said.type);
    const refusal = isKnown ? await refuses(said) : problem(422, "invalid_request").body;
    const answer = refusal ? { ok: false, problem: refusal } : { ok: true, result: { cursor: "1-0" } };
    socket.send(JSON.stringify({ type: "reply", id: said.id, ...answer }));
    if (said.type === "subscribe" && !refusal) void script(socket, said, line);
    for (const [type, resolve] of waiting) if (type === said.type) resolve(said);
  });
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
