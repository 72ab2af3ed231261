import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import {
  ApiError,
  auctionOf,
  CursorGoneError,
  type Event,
  type EventOptions,
  isKind,
  ProtocolError,
  StreamLostError,
  TraderClient,
} from "../src/index.ts";
import { StreamConnection } from "../src/stream-connection.ts";
import { frameOf } from "../src/stream-frames.ts";
import { event, HASH, problem, type Script, SWAPPER, withVenue } from "./venue.ts";

/** What a trader hears of connections that play these scripts, until `count` events. */
async function heard(count: number, scripts: Script[], options: EventOptions = {}): Promise<string[]> {
  const told: string[] = [];
  await withVenue(
    () => ({}),
    async (trader) => {
      for await (const { cursor } of trader.events({ swappers: [SWAPPER.address] }, options))
        if (told.push(cursor) === count) break;
    },
    scripts,
  );
  return told;
}

const closes =
  (code: number): Script =>
  (socket) =>
    socket.close(code, "why");

const REASONS: [number, string][] = [
  [1000, "lost"],
  [1001, "going_away"],
  [1008, "policy"],
  [1009, "too_big"],
  [1013, "try_again"],
  [4401, "login_again"],
  [4408, "too_slow"],
  [4999, "lost"],
];
for (const [code, reason] of REASONS) {
  test(`a connection that is closed with ${code} is ${reason}, and opened again`, async () => {
    const stop = new AbortController();
    const losses: [StreamLostError, number][] = [];
    const onLost = (...loss: [StreamLostError, number]) => {
      losses.push(loss);
      if (code === 1008 || code === 1009) stop.abort(); // it would be waited for too long
    };
    const resumed = await heard(1, [closes(code), (socket) => socket.send(event("1-1"))], {
      signal: stop.signal,
      onLost,
    });
    const [[loss, waitMs] = assert.fail()] = losses;
    assert.deepEqual([loss.code, loss.reason], [code, reason]);
    assert.match(loss.message, /why/);
    assert.ok(waitMs <= 5_000 && waitMs >= (stop.signal.aborted ? 2_500 : 50));
    assert.deepEqual(resumed, stop.signal.aborted ? [] : ["1-1"]);
  });
}

test("a venue that takes no connection is asked again, later and later", async () => {
  const stop = new AbortController();
  const losses: [string, number][] = [];
  const onLost = ({ reason }: StreamLostError, waitMs: number) => {
    if (losses.push([reason, waitMs]) === 3) stop.abort();
  };
  for await (const _ of traderOf("ws://127.0.0.1:9/").events({}, { signal: stop.signal, onLost })) assert.fail();
  const [first, , third] = losses.map(([, waitMs]) => waitMs);
  assert.ok(losses.every(([reason]) => reason === "refused"));
  assert.ok(Number(first) <= 100 && Number(third) >= 200);
});

test("each event is told once, whatever else is said", async () => {
  const noise = ["", "5", "null", "[]", '{"type":"event"}', '{"type":"event","cursor":"x","kind":"a","data":{}}'];
  const more = ['{"type":"news","id":1}', '{"type":"reply","id":999,"ok":true}', '{"type":"event","cursor":"1-1"}'];
  const unknown = JSON.stringify({ type: "event", cursor: "1-5", kind: "solver.promoted", data: {}, extra: 1 });
  const first: Script = (socket) => {
    for (const frame of [event("1-4"), ...noise, ...more, unknown, event("1-5"), event("1-3")]) socket.send(frame);
    socket.send(Buffer.from("binary"));
    socket.send(event("1-9007199254740992"));
    socket.terminate();
  };
  const second: Script = (socket, { after }) => {
    assert.equal(after, "1-9007199254740992");
    for (const number of ["9007199254740992", "9007199254740993"]) socket.send(event(`1-${number}`));
  };
  const told = await heard(4, [first, second]);
  assert.deepEqual(told, ["1-4", "1-5", "1-9007199254740992", "1-9007199254740993"]);
});

test("a line that answers nothing is given up, one that is merely quiet is not", async () => {
  const losses: StreamLostError[] = [];
  const dead: Script = (socket, _, line) => {
    line.isDead = true;
    socket.pause();
  };
  const quiet: Script = async (socket, _, line) => {
    for (let beats = 0; beats < 5; beats++) await line.next("ping");
    socket.send(event("1-1"));
  };
  await heard(1, [dead, quiet], { heartbeatMs: 20, onLost: (loss) => losses.push(loss) });
  assert.deepEqual(
    losses.map(({ reason }) => reason),
    ["silent"],
  );
});

test("who reads slowly misses nothing: it hangs up, reads what waits, and resumes", async () => {
  const losses: string[] = [];
  const told: string[] = [];
  const all = Array.from({ length: 25 }, (_, place) => `1-${place + 1}`);
  const behind: Script = (socket, { after }) => {
    for (const cursor of all.slice(Number(after.split("-")[1]))) socket.send(event(cursor));
  };
  await withVenue(
    () => ({}),
    async (trader) => {
      const options = { queueMax: 10, onLost: ({ reason }: StreamLostError) => losses.push(reason) };
      for await (const { cursor } of trader.events({}, options)) {
        told.push(cursor);
        if (told.length === all.length) break;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    [behind, behind, behind, behind, behind, behind],
  );
  assert.deepEqual(told, all);
  assert.ok(losses.length > 0 && losses.every((reason) => reason === "behind"));
});

test("an abort ends the events at once, wherever they are", async () => {
  const stop = new AbortController();
  const scripts: Script[] = [(socket) => [event("1-1"), event("1-2")].map((frame) => socket.send(frame))];
  await withVenue(
    () => ({}),
    async (trader) => {
      const told = [];
      for await (const one of trader.events({}, { signal: stop.signal })) {
        told.push(one);
        stop.abort(); // the second waits already, or is on its way
      }
      assert.equal(told.length, 1);
      for await (const _ of trader.events({}, { signal: stop.signal })) assert.fail();
    },
    scripts,
  );
});

test("an abort ends a connection that is not open yet", async () => {
  const stop = new AbortController();
  const server = createServer().on("upgrade", (_, socket) => {
    socket.resume();
    stop.abort(); // it is answered nothing
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  try {
    for await (const _ of traderOf(`ws://127.0.0.1:${port}/`).events({}, { signal: stop.signal })) assert.fail();
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

/** One whose venue has its stream there. */
function traderOf(stream_url: string): TraderClient {
  const trader = new TraderClient({ apiUrl: "http://127.0.0.1:9", account: SWAPPER });
  trader.knownConfig = async () => ({ stream_url }) as Awaited<ReturnType<typeof trader.knownConfig>>;
  return trader;
}

/** A stream that refuses the subscription with these, in turn. */
async function refusedWith(...answers: ReturnType<typeof problem>[]): Promise<Event | Error | undefined> {
  let result: Event | Error | undefined;
  const scripts = answers.map((): Script => () => {});
  await withVenue(
    () => ({}),
    async (trader) => {
      const { value } = await trader
        .events({})
        .next()
        .catch((error) => ({ value: error }));
      result = value;
    },
    [...scripts, (socket) => socket.send(event("1-1"))],
    () => answers.shift()?.body,
  );
  return result;
}

test("a subscription that is refused is an error, one that may pass is tried again", async () => {
  const gone = await refusedWith(problem(410, "cursor_gone"));
  assert.ok(gone instanceof CursorGoneError && gone instanceof ApiError && gone.code === "cursor_gone");
  const refused = await refusedWith(problem(422, "invalid_request"));
  assert.ok(refused instanceof ApiError && refused.errors[0]?.field === "nonce");
  const passing = await refusedWith(problem(503, "unavailable"));
  assert.ok(passing && "cursor" in passing);
});

test("an address that is none is told of", async () => {
  await assert.rejects(traderOf("venue").events({}).next(), ProtocolError);
});

test("an event is narrowed by its kind, an auction is taken from it", () => {
  const told = {
    type: "event",
    cursor: "1-1",
    kind: "auction.opened",
    at: 1,
    auction_id: HASH,
    server_time: 1,
    ms_left: 2,
    data: { intents: [], opened_at: 1, closes_at: 3, secret_hash: HASH },
  };
  const opened = frameOf(JSON.stringify(told)) as Event;
  assert.equal(isKind(opened, "auction.opened") && opened.data.closes_at, 3);
  assert.equal(auctionOf(opened).ms_left, 2);
  for (const other of [{ kind: "auction.closed" }, { ms_left: undefined }, { data: {} }])
    assert.throws(() => auctionOf({ ...opened, ...other } as Event), ProtocolError);
});

test("it says no more at a time than the venue takes", () =>
  withVenue(
    () => ({}),
    async (trader) => {
      const { stream_url } = await trader.knownConfig();
      const connection = new StreamConnection(stream_url, { heartbeatMs: 10_000, queueMax: 1 });
      await connection.hello;
      const decline = { type: "decline", auction_id: HASH } as const;
      await Promise.all(Array.from({ length: 405 }, () => connection.request(decline)));
      connection.close();
      await assert.rejects(connection.request(decline), StreamLostError);
    },
    [() => {}],
  ));

test("nothing is left of all these streams that would keep a program from ending", async () => {
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout");
  for (let waited = 0; timers().length > 0 && waited < 100; waited++) await new Promise(setImmediate);
  assert.deepEqual(timers(), []);
});
