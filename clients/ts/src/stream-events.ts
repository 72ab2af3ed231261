/** The stream's events, by kind. What is not known here is an event all the same. */

import type { Address, Hex } from "viem";
import { ProtocolError } from "./errors.ts";
import type { components } from "./openapi.ts";
import type { AuctionOpened } from "./types.ts";

type Wire = components["schemas"]["Event"];

/** The kinds that this version knows. */
export type EventKind = components["schemas"]["EventKind"];

/** One numbered change. `at` is in unix milliseconds; `cursor` resumes behind it; a newer venue may tell other kinds. */
export type Event = Omit<Wire, "kind" | "data"> & {
  kind: EventKind | (string & {});
  data: Record<string, unknown>;
};

/** Why, as a stable code, and in words. */
type Why = { reason: string; detail: string };

/** What `data` has, at least. Amounts are decimal strings. */
type EventData = {
  "intent.accepted": unknown;
  "intent.awarded": Why & { bid_hash: Hex; solver: Address; amount_out: string; fee: string; exclusive_until: number };
  "intent.submitted": Why & { bid_hash: Hex };
  "intent.settled": Why & {
    bid_hash: Hex;
    solver: Address;
    amount_out: string;
    fee: string;
    tx_hash: Hex;
    block_number: number;
  };
  "intent.final": Why & { block_number: number };
  "intent.reopened": Why;
  "intent.unfilled": Why & { next_auction_in_s: number | null };
  "intent.expired": Why;
  "intent.cancelled": Why;
  "auction.opened": Omit<AuctionOpened, "auction_id" | "server_time" | "ms_left">;
  "auction.closed": { winner: Hex | null; reason: string; bids: number; secret: Hex };
  "bid.decided": { bid_hash: Hex; fate: components["schemas"]["BidFate"]; detail: string; amount_out: string };
  "fill.failed": Why & { bid_hash: Hex; solver: Address; fault: string; step: string; tx_hash: Hex; call_data?: Hex };
  "solver.changed": { signing_key: Address; active: boolean; endpoint_set: boolean };
};

/** An event of one kind, with what its `data` has. */
export type EventOf<Kind extends EventKind> = Event & {
  kind: Kind;
  data: Kind extends keyof EventData ? EventData[Kind] : unknown;
};

/** Whether the event is of that kind: behind it TypeScript knows its `data`. */
export function isKind<Kind extends EventKind>(event: Event, kind: Kind): event is EventOf<Kind> {
  return event.kind === kind;
}

/** The auction that an `auction.opened` tells of. Anything else is a `ProtocolError`. */
export function auctionOf(event: Event): AuctionOpened {
  const { auction_id, server_time, ms_left } = event;
  const isWhole = auction_id && server_time !== undefined && ms_left !== undefined && "intents" in event.data;
  if (!isKind(event, "auction.opened") || !isWhole)
    throw new ProtocolError(`event ${event.cursor}: expected an opened auction, got ${event.kind}`);
  return { ...event.data, auction_id, server_time, ms_left };
}
