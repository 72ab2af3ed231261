/** What the server says, as far as it can be used. Anything else is passed over: a newer venue may say more. */

import { parsed } from "./http.ts";
import { isRecord } from "./shapes.ts";
import type { Event } from "./stream-events.ts";
import type { Decline, Hello, Login, PlaceBid, Reply, Subscribe } from "./types.ts";

export type Frame = Hello | Reply | Event;

/** What a client asks, less the id that its connection gives it. */
export type Request = Omit<Login, "id"> | Omit<Subscribe, "id"> | Omit<PlaceBid, "id"> | Omit<Decline, "id">;

/** The frame in a message, or nothing where it is none that is known. */
export function frameOf(message: unknown): Frame | undefined {
  const frame = typeof message === "string" ? parsed(message) : undefined;
  return isRecord(frame) && CHECKS[String(frame.type)]?.(frame) ? (frame as Frame) : undefined;
}

/** `epoch-number` as two numbers; they may be greater than what a JavaScript number holds. */
export function positionOf(cursor: string): [epoch: bigint, number: bigint] {
  const [epoch = "", number = ""] = cursor.split("-");
  return [BigInt(epoch), BigInt(number)];
}

const CURSOR = /^[0-9]{1,18}-[0-9]{1,18}$/;
const isCursor = (value: unknown) => typeof value === "string" && CURSOR.test(value);

const CHECKS: Record<string, (frame: Record<string, unknown>) => boolean> = {
  hello: ({ cursor, challenge, server_time }) =>
    isCursor(cursor) && typeof challenge === "string" && typeof server_time === "number",
  reply: ({ id, ok }) => typeof id === "number" && typeof ok === "boolean",
  event: ({ cursor, kind, data }) => isCursor(cursor) && typeof kind === "string" && isRecord(data),
};
