import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { keccak256, recoverTypedDataAddress, zeroAddress } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import {
  type AuctionOpened,
  bidTypedData,
  type Event,
  type Offer,
  Solver,
  type SolverOptions,
  streamLoginTypedData,
} from "../src/index.ts";
import { Line as SolverLine } from "../src/solver-line.ts";
import { StreamConnection } from "../src/stream-connection.ts";
import { HASH, type Line, problem, type Refusal, type Said, type Script, SWAPPER, VENUE, withVenue } from "./venue.ts";

const EXECUTOR = `0x${"ee".repeat(20)}` as const;
const OFFER: Offer = { amountsOut: [7n], executor: EXECUTOR, data: "0x1234", gasLimit: 120_000 };
const CLOSES_AT = 1_800_000_002_500;
const auctionId = (number: number) => `0x${number.toString(16).padStart(64, "0")}` as const;

/** An auction.opened with that number. */
function opened(number: number, ms_left = 2_000): string {
  const intents = [{ intent_hash: HASH, fee: "3", intent: {} }];
  const data = { intents, opened_at: CLOSES_AT - 2_000, closes_at: CLOSES_AT, secret_hash: HASH };
  const clock = { server_time: CLOSES_AT - ms_left, ms_left };
  const auction_id = auctionId(number);
  return JSON.stringify({
    type: "event",
    cursor: `1-${number}`,
    kind: "auction.opened",
    at: 1,
    auction_id,
    data,
    ...clock,
  });
}

class Scripted extends Solver {
  readonly told: Event[] = [];
  readonly #price: Solver["price"];

  constructor(price: Solver["price"], options: SolverOptions) {
    super(options);
    this.#price = price;
  }

  price(auction: AuctionOpened, signal: AbortSignal) {
    return this.#price(auction, signal);
  }

  override async heard(event: Event) {
    this.told.push(event);
    throw new Error("a mistake in heard");
  }
}

/** A solver that runs until the last script is played; what it logged, and what it was told of its bids. */
async function solve(
  price: Solver["price"],
  scripts: Script[],
  options: Partial<SolverOptions> = {},
  refuses?: Refusal,
  begin = (_: Solver) => {},
): Promise<{ logged: string[]; told: Event[] }> {
  const logged: string[] = [];
  const note = (message: string) => logged.push(message);
  const log = { info: note, warn: note, error: note };
  let told: Event[] = [];
  let end = (_: unknown) => {};
  let fail = (_: unknown) => {};
  const isPlayed = new Promise((resolve, reject) => {
    end = resolve;
    fail = reject;
  });
  const watched = scripts.map(
    (script, place): Script =>
      async (...given) => {
        await Promise.resolve(script(...given)).catch(fail);
        if (place === scripts.length - 1) end(undefined);
      },
  );
  await withVenue(
    () => ({}),
    async (_, __, apiUrl) => {
      const stop = new AbortController();
      const solver = new Scripted(price, { apiUrl, account: SWAPPER, log, ...options });
      begin(solver);
      const running = solver.run({ signal: stop.signal });
      await Promise.race([running, isPlayed]);
      stop.abort();
      await running;
      told = solver.told;
    },
    watched,
    refuses,
  );
  return { logged, told };
}

const of = (line: Line, type: string) => line.said.filter((said) => said.type === type);

test("a solver logs in, bids by the auction's terms, and hears what became of it", async () => {
  const bid_decided = {
    kind: "bid.decided",
    auction_id: auctionId(4),
    data: { fate: "won", detail: "", bid_hash: HASH },
  };
  const { told, logged } = await solve(
    () => OFFER,
    [
      async (socket, subscribed, line) => {
        assert.deepEqual([subscribed.solver, subscribed.after], [true, undefined]);
        const [login] = of(line, "login");
        const { solver, expires_at, signature } = login as Said;
        assert.deepEqual([solver, expires_at], [SWAPPER.address, 1_800_000_120]);
        const typed = streamLoginTypedData({ solver, expires_at, challenge: HASH }, VENUE);
        assert.equal(await recoverTypedDataAddress({ ...typed, signature }), SWAPPER.address);
        const next = line.next("bid");
        socket.send(opened(4));
        const { signed_bid } = await next;
        assert.deepEqual(signed_bid.bid, {
          legs: [{ intent_hash: HASH, amount_out: "7", fee: "3" }],
          auction_id: auctionId(4),
          solver: SWAPPER.address,
          executor: EXECUTOR,
          valid_until: 1_800_000_014,
          call_data_hash: keccak256("0x1234"),
          gas_limit: 120_000,
          penalty: "0",
        });
        const data = bidTypedData(signed_bid.bid, VENUE);
        assert.equal(await recoverTypedDataAddress({ ...data, signature: signed_bid.signature }), SWAPPER.address);
        socket.send(JSON.stringify({ type: "event", cursor: "1-5", at: 1, ...bid_decided }));
        socket.send(JSON.stringify({ type: "event", cursor: "1-6", at: 1, kind: "solver.changed", data: {} }));
        const more = line.next("bid");
        socket.send(opened(7));
        await more; // a mistake in `heard`, and an event that it has no use for, hinder nothing
      },
    ],
  );
  assert.deepEqual(
    told.map(({ cursor }) => cursor),
    ["1-5"],
  );
  assert.ok(logged.some((line) => line.startsWith("event.failed")));
});

test("it declines, with a price that throws or an offer that is none, and one that hangs holds up nobody", async () => {
  const price = ({ auction_id }: AuctionOpened) => {
    if (auction_id === auctionId(1)) return undefined;
    if (auction_id === auctionId(2)) throw new Error("no price");
    if (auction_id === auctionId(3)) return Promise.resolve({ ...OFFER, amountsOut: [7n, 8n] });
    if (auction_id === auctionId(4)) return new Promise<never>(() => {});
    return { ...OFFER, executor: zeroAddress };
  };
  const script: Script = async (socket, _, line) => {
    for (const number of [1, 2, 3]) {
      const next = line.next("decline");
      socket.send(opened(number));
      assert.equal((await next).auction_id, auctionId(number));
    }
    const bid = line.next("bid");
    socket.send(opened(4, 50));
    socket.send(opened(5));
    assert.equal((await bid).signed_bid.bid.auction_id, auctionId(5));
  };
  const { logged } = await solve(price, [script], { workers: 1 });
  assert.equal(logged.filter((line) => line.startsWith("auction.price_failed")).length, 2);
});

test("beyond its backlog the oldest auctions are declined, the newest priced, and it says how many", async () => {
  const COUNT = 40;
  const priced: string[] = [];
  let release = () => {};
  const price = async ({ auction_id }: AuctionOpened) => {
    priced.push(auction_id);
    if (priced.length === 1) await new Promise<void>((resolve) => (release = resolve));
    return OFFER;
  };
  let declined: string[] = [];
  const script: Script = async (socket, _, line) => {
    for (let number = 1; number <= COUNT; number++) socket.send(opened(number, 30_000));
    while (of(line, "decline").length < COUNT - 1 - 8) await line.next("decline");
    release();
    while (of(line, "bid").length < 1 + 8) await line.next("bid");
    declined = of(line, "decline").map(({ auction_id }) => auction_id);
  };
  const { logged } = await solve(price, [script], { workers: 1, backlog: 8 });
  const newest = Array.from({ length: 8 }, (_, place) => auctionId(COUNT - 7 + place));
  assert.deepEqual(priced, [auctionId(1), ...newest]);
  assert.deepEqual(
    declined,
    Array.from({ length: COUNT - 9 }, (_, place) => auctionId(place + 2)),
  );
  assert.ok(logged.includes(`auction.shed count=${COUNT - 9} backlog=8 workers=1`));
});

test("a price that never waits lets it hear what came meanwhile, and shed it", async () => {
  const slow = () => {
    for (const until = performance.now() + 30; performance.now() < until; );
    return undefined;
  };
  const script: Script = async (socket, _, line) => {
    for (let number = 1; number <= 60; number++) socket.send(opened(number, 30_000));
    while (of(line, "decline").length < 60) await line.next("decline");
  };
  const { logged } = await solve(slow, [script], { backlog: 4 });
  assert.ok(logged.some((line) => line.startsWith("auction.shed count=")));
});

test("a bid that was not answered is sent again on the next connection, which resumes", async () => {
  const first: Script = async (socket, _, line) => {
    line.isDead = true;
    socket.send(opened(4));
    while (of(line, "bid").length === 0) await once(socket, "message");
    socket.close(1001);
  };
  const second: Script = async (socket, { after }, line) => {
    assert.equal(after, "1-4");
    assert.equal(of(line, "login").length, 1);
    while (of(line, "bid").length === 0) await line.next("bid");
    const next = line.next("bid");
    socket.send(opened(5));
    await next; // so the answer to the first is there
  };
  const { logged } = await solve(() => OFFER, [first, second]);
  assert.equal(logged.filter((line) => line.startsWith("auction.answered")).length, 2);
  assert.ok(!logged.some((line) => line.startsWith("bid.unanswered") && line.includes(auctionId(4))));
});

test("a log-in that does not count yet, and a past that is gone, are no reason to give up", async () => {
  let logins = 0;
  const subscribed: unknown[] = [];
  const refuses: Refusal = ({ type, after }) => {
    if (type === "login" && ++logins === 1) return problem(401, "login_invalid").body;
    if (type === "subscribe") subscribed.push(after);
    return type === "subscribe" && after ? problem(410, "cursor_gone").body : undefined;
  };
  const isRefused: Script = () => assert.fail();
  const isLetIn: Script = (socket) => {
    socket.send(opened(4));
    socket.close(4401, "log in again");
  };
  const isNew: Script = async (socket, _, line) => {
    socket.send(opened(0)); // it is open already, with a number from before
    const auctions = () => of(line, "bid").map(({ signed_bid }) => signed_bid.bid.auction_id);
    while (!auctions().includes(auctionId(0))) await line.next("bid");
  };
  const { logged } = await solve(() => OFFER, [isRefused, isLetIn, isRefused, isNew], {}, refuses);
  assert.deepEqual(subscribed, [undefined, "1-4", undefined]);
  const lost = logged.filter((line) => line.startsWith("stream.lost"));
  for (const [place, why] of ["login_invalid", "login_again", "cursor_gone"].entries())
    assert.match(lost[place] ?? "", new RegExp(why));
});

test("a refused bid is told of, and a stopped solver ends at once though its price hangs", async () => {
  const refuses: Refusal = ({ type }) => (type === "bid" ? problem(409, "auction_closed").body : undefined);
  let isAborted = false;
  const price = ({ auction_id }: AuctionOpened, signal: AbortSignal) => {
    if (auction_id === auctionId(4)) return OFFER;
    signal.addEventListener("abort", () => (isAborted = true));
    return new Promise<never>(() => {});
  };
  const script: Script = async (socket, _, line) => {
    const bid = line.next("bid");
    socket.send(opened(4));
    await bid;
    socket.send(opened(5, 60_000));
    await wait(50);
  };
  const { logged } = await solve(price, [script], {}, refuses);
  assert.ok(isAborted);
  assert.ok(logged.some((line) => /^bid.refused .* code=auction_closed/.test(line)));
});

test("a new account takes over without a bid lost: one on its way, one kept, those that follow", async () => {
  const account = privateKeyToAccount(`0x${"77".repeat(32)}`);
  let key: string = SWAPPER.address;
  const taken: [number, string][] = [];
  const answers: (() => void)[] = [];
  const refuses: Refusal = async (said) => {
    if (said.type === "login") {
      const { solver, expires_at, signature } = said;
      const typed = streamLoginTypedData({ solver, expires_at, challenge: HASH }, VENUE);
      const by = await recoverTypedDataAddress({ ...typed, signature });
      return by === key ? undefined : problem(401, "login_invalid").body;
    }
    if (said.type !== "bid") return undefined;
    const { bid, signature } = said.signed_bid;
    const by = await recoverTypedDataAddress({ ...bidTypedData(bid, VENUE), signature });
    if (by !== key) return problem(422, "signature_invalid").body;
    taken.push([Number(BigInt(bid.auction_id)), by]);
    answers.shift()?.();
    return undefined;
  };
  const isTaken = () => new Promise<void>((resolve) => answers.push(resolve));
  const first: Script = async (socket, _, line) => {
    let next = isTaken();
    socket.send(opened(1));
    await next;
    key = account.address;
    next = isTaken();
    socket.send(opened(3)); // refused, and sent again by the new one
    await next;
    line.isDead = true;
    socket.send(opened(5));
    while (of(line, "bid").length < 4) await once(socket, "message");
    socket.close(4401, "log in again");
  };
  const second: Script = async (socket, _, line) => {
    while (taken.length < 3) await line.next("bid"); // that of 5
    const next = isTaken();
    socket.send(opened(7));
    await next;
  };
  const { logged } = await solve(
    () => OFFER,
    [first, second],
    {},
    refuses,
    (solver) => solver.useAccount(account),
  );
  assert.deepEqual(taken, [
    [1, SWAPPER.address],
    [3, account.address],
    [5, account.address],
    [7, account.address],
  ]);
  assert.ok(!logged.some((line) => line.includes("refused")));
});

test("what the venue never answers is waited for until the close, and then forgotten, on a line that goes on", async () => {
  const script: Script = (_, __, line) => (line.isDead = true);
  await withVenue(
    () => ({}),
    async (trader) => {
      const { stream_url } = await trader.config();
      const connection = new StreamConnection(stream_url, { heartbeatMs: 10_000, queueMax: 10 });
      await connection.hello;
      await connection.request({ type: "subscribe", intents: [], swappers: [], auctions: true, solver: false });
      const line = new SolverLine();
      line.use(connection);
      assert.equal(await line.say({ type: "decline", auction_id: auctionId(4) }, 50), false);
      assert.deepEqual([connection.unanswered, connection.loss], [0, undefined]);
      connection.close();
    },
    [script],
  );
});
