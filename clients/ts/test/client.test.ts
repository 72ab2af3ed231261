import assert from "node:assert/strict";
import { test } from "node:test";
import { createWalletClient, http, recoverTypedDataAddress, zeroHash } from "viem";
import {
  ApiError,
  type Event,
  IntentNotFilledError,
  intentHash,
  intentTypedData,
  NetworkError,
  ProtocolError,
  receiptTypedData,
  type SignedIntent,
  TraderClient,
  WaitTimeoutError,
} from "../src/index.ts";
import { cancelReceipt, standing, view } from "./samples.ts";
import {
  type Answer,
  type Asked,
  event,
  HANGS_UP,
  HASH,
  problem,
  RECEIPTS,
  SWAPPER,
  TOKENS,
  VENUE,
  withVenue,
} from "./venue.ts";

const TERMS = { tokenIn: TOKENS.in, amountIn: 10n ** 18n, tokenOut: TOKENS.out, minAmountOut: 3_000n * 10n ** 6n };

async function receiptFor(signed: SignedIntent, signer = RECEIPTS) {
  const receipt = { intent_hash: intentHash(signed.intent), accepted_at: 1_800_000_000, auction_id: zeroHash };
  return {
    ...receipt,
    created: true,
    state: "open",
    signature: await signer.signTypedData(receiptTypedData(receipt, VENUE)),
  };
}

const acceptedBy =
  (signer: typeof RECEIPTS) =>
  async ({ body }: Asked): Promise<Answer> => ({
    status: 202,
    body: await receiptFor(JSON.parse(body), signer),
  });

const accepts = acceptedBy(RECEIPTS);

test("an intent is built, signed by an account or a wallet, and submitted", async () => {
  await withVenue(accepts, async (trader) => {
    const [intent, other] = [await trader.buildIntent(TERMS), await trader.buildIntent(TERMS)];
    assert.notEqual(intent.nonce, other.nonce);
    assert.deepEqual([intent.swapper, intent.receiver], [SWAPPER.address, SWAPPER.address]);
    assert.equal(intent.open_after, intent.deadline);
    const signed = await trader.signIntent(intent);
    assert.equal(
      await recoverTypedDataAddress({ ...intentTypedData(intent), signature: signed.signature }),
      SWAPPER.address,
    );
    const wallet = createWalletClient({ account: SWAPPER, transport: http("http://127.0.0.1:9") });
    const byWallet = new TraderClient({ apiUrl: "http://127.0.0.1:9", account: wallet });
    assert.deepEqual(await byWallet.signIntent(intent), signed);
    assert.equal((await trader.submit(signed)).intent_hash, intentHash(intent));
  });
});

test("a receipt of another key, or about another intent, is refused", async () => {
  const forged = acceptedBy(SWAPPER);
  await withVenue(forged, async (trader) => {
    const signed = await trader.signIntent(await trader.buildIntent(TERMS));
    await assert.rejects(
      trader.submit(signed),
      (error) => error instanceof ProtocolError && /not the venue's key/.test(error.message),
    );
  });
  let first: Answer | undefined;
  const stale = async (asked: Asked) => (first ??= await accepts(asked));
  await withVenue(stale, async (trader) => {
    await trader.submit(await trader.signIntent(await trader.buildIntent(TERMS)));
    const second = await trader.signIntent(await trader.buildIntent(TERMS));
    await assert.rejects(trader.submit(second), ProtocolError);
  });
});

test("a cancel's receipt is checked too", async () => {
  const answer = async (_: Asked, times: number) => {
    const receipt = await cancelReceipt();
    return { body: times === 1 ? receipt : { ...receipt, not_after: 1 } };
  };
  await withVenue(answer, async (trader) => {
    assert.equal((await trader.cancel(HASH)).not_after, 1_800_000_000);
    await assert.rejects(trader.cancel(HASH), ProtocolError);
  });
});

test("a batch has an outcome for each member, or is refused", async () => {
  const answer = async ({ body }: Asked) => {
    const [one] = JSON.parse(body).intents;
    return {
      body: {
        outcomes: [
          { receipt: await receiptFor(one), problem: null },
          { receipt: null, problem: problem(422, "x").body },
        ],
      },
    };
  };
  await withVenue(answer, async (trader) => {
    const signed = [
      await trader.signIntent(await trader.buildIntent(TERMS)),
      await trader.signIntent(await trader.buildIntent(TERMS)),
    ];
    const [first, second] = await trader.submitBatch(signed);
    assert.deepEqual([first?.receipt?.created, second?.problem?.code], [true, "x"]);
    await assert.rejects(trader.submitBatch(signed.slice(1)), ProtocolError);
  });
});

test("what may pass is tried again, as late as Retry-After says", async () => {
  const answers = [HANGS_UP, problem(429, "rate_limited", { "retry-after": "1" }), { body: [] }];
  await withVenue(
    (_, times) => answers[times - 1] as Answer,
    async (trader, asked) => {
      const began = performance.now();
      assert.deepEqual(await trader.tokens(), []);
      assert.ok(performance.now() - began >= 990);
      assert.equal(asked.length, 3);
    },
  );
});

const REFUSALS: [string, Answer, number, new (...rest: never[]) => Error][] = [
  ["a refusal", problem(422, "nonce_spent"), 1, ApiError],
  ["a 429 that no wait mends", problem(429, "too_many_open_intents"), 1, ApiError],
  ["a wait that is too long", problem(429, "rate_limited", { "retry-after": "900" }), 1, ApiError],
  ["a venue that stays away", problem(503, "unavailable"), 3, ApiError],
  ["a gateway's page", { status: 502, body: "<html>" }, 3, NetworkError],
  ["a page that is no JSON", { body: "<html>" }, 1, ProtocolError],
  ["a network that fails", HANGS_UP, 3, NetworkError],
];
for (const [what, answer, times, kind] of REFUSALS) {
  test(`${what} is tried ${times} times, and is a ${kind.name}`, () =>
    withVenue(
      () => answer,
      async (trader, asked) => {
        await assert.rejects(trader.get(HASH), kind);
        assert.equal(asked.length, times);
      },
    ));
}

test("a refusal says what, which field, and the request's id", () =>
  withVenue(
    () => problem(422, "nonce_spent"),
    async (trader) => {
      const error = await trader.get(HASH).catch((error) => error);
      assert.deepEqual([error.name, error.code, error.requestId], ["ApiError", "nonce_spent", "r-1"]);
      assert.equal(error.errors[0].field, "nonce");
    },
  ));

test("the stream goes on behind the last cursor after a lost connection", () =>
  withVenue(
    () => ({}),
    async (trader) => {
      const heard: Event[] = [];
      for await (const one of trader.events({ swappers: [SWAPPER.address] })) {
        heard.push(one);
        if (heard.length === 3) break;
      }
      assert.deepEqual(
        heard.map((one) => one.cursor),
        ["1-4", "1-7", "1-9"],
      );
    },
    [
      (socket, { after }) => {
        assert.equal(after, "1-0");
        for (const frame of [event("1-4"), "no JSON", event("1-7")]) socket.send(frame);
        socket.close();
      },
      (socket, { after }) => socket.send(event(after === "1-7" ? "1-9" : "1-0")),
    ],
  ));

test("a wait is woken by the stream", () => {
  let state = "submitted";
  return withVenue(
    () => ({ body: view(state) }),
    async (trader, asked) => {
      const patience = { pollMs: 60_000, timeoutMs: 20_000 }; // so that nothing else wakes it
      assert.equal((await trader.waitUntilSettled(HASH, patience)).state, "settled");
      assert.equal(asked.length, 2);
    },
    [
      (socket) => {
        state = "settled";
        socket.send(event("1-1"));
      },
    ],
  );
});

test("a wait without a stream asks, and outlives a failure", () => {
  const answers = [{ body: view("open") }, HANGS_UP, HANGS_UP, HANGS_UP, { body: view("settled") }];
  return withVenue(
    (_, times) => answers[times - 1] as Answer,
    async (trader) => assert.equal((await trader.waitUntilSettled(HASH)).state, "settled"),
  );
});

const stands =
  (state: string) =>
  ({ path }: Asked) => ({ body: path.endsWith("/status") ? standing(state) : view(state) });

test("a wait ends with the intent, with its time, or with its signal, and says why", async () => {
  await withVenue(stands("expired"), (trader) => assert.rejects(trader.waitUntilSettled(HASH), IntentNotFilledError));
  await withVenue(stands("open"), async (trader) => {
    const late = trader.waitUntilSettled(HASH, { timeoutMs: 200 });
    await assert.rejects(
      late,
      (error) => error instanceof WaitTimeoutError && /it is open: nobody bid/.test(error.message),
    );
    const signal = AbortSignal.timeout(200);
    await assert.rejects(trader.waitUntilSettled(HASH, { signal }), { name: "TimeoutError" });
  });
});
