/** Venues that lie: what is signed or sent is what the trader asked for, or nothing. */

import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { encodeFunctionData, erc20Abi, type Hex, parseAbi } from "viem";
import { asJson as json, tokenPermitTypedData } from "../src/eip712-json.ts";
import {
  ApiError,
  type Call,
  type Intent,
  PERMIT2,
  ProtocolError,
  type Quote,
  spendNonce,
  TraderClient,
  type TraderOptions,
} from "../src/index.ts";
import { approvalCall } from "../src/permit2.ts";
import { CONFIG, cancelReceipt, HASH, INTENT, quoteOf, SWAPPER, standing, TOKENS, VENUE, view } from "./samples.ts";

type Answer = { status?: number; location?: string; body?: unknown };

/** Runs `use` with a trader at a venue that answers so; GET /config is honest unless `answer` has one. */
async function at(
  answer: (path: string, body: string) => Answer | undefined | Promise<Answer | undefined>,
  use: (trader: TraderClient, asked: string[]) => Promise<unknown>,
  pins: Partial<TraderOptions> = {},
): Promise<void> {
  const asked: string[] = [];
  const server = createServer(async (request, response) => {
    const path = (request.url ?? "").replace("/api/v1", "");
    asked.push(path);
    let said = "";
    for await (const part of request) said += part;
    const { status = 200, location, body } = (await answer(path, said)) ?? { body: CONFIG };
    response
      .writeHead(status, location ? { location } : {})
      .end(typeof body === "string" ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const apiUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    await use(new TraderClient({ apiUrl, account: SWAPPER, tries: 3, ...pins }), asked);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

const says = (text: string) => (error: unknown) => error instanceof ProtocolError && error.message.includes(text);

const TERMS = { tokenIn: TOKENS.in, amountIn: 10n ** 18n, tokenOut: TOKENS.out };
const OTHER = VENUE.settlement;

/** The trader's quote, where the venue answers with what `lie` makes of an honest one. */
async function quoted(lie: (honest: Quote) => unknown, changes: Partial<Intent> = {}): Promise<Quote> {
  let found: Quote | undefined;
  await at(
    (path, body) => (path === "/quotes" ? { body: lie(quoteOf(JSON.parse(body), changes)) } : undefined),
    async (trader) => {
      found = await trader.quote(TERMS);
    },
  );
  return found as Quote;
}

test("a quote is what was asked for, its typed data in our spelling", async () => {
  const found = await quoted((honest) => {
    const { deadline, ...message } = honest.typed_data.message as Record<string, string>;
    return { ...honest, typed_data: { ...honest.typed_data, message: { ...message, deadline: Number(deadline) } } };
  });
  assert.equal(found.amount_out, "3010000000");
  assert.equal((found.typed_data.message as Record<string, unknown>).deadline, found.intent.deadline.toString());
});

const LIES: [what: string, changes: Partial<Intent>][] = [
  ["receiver", { receiver: OTHER }],
  ["spender", { spender: TOKENS.in }],
  ["swapper", { swapper: OTHER }],
  ["chain", { chain_id: 1 }],
  ["token_in", { token_in: OTHER }],
  ["amount_in", { amount_in: "9" }],
  ["token_out", { token_out: OTHER }],
  ["partner", { partner: OTHER, partner_fee_bps: 100 }],
  ["app_data", { app_data: `0x${"01".repeat(32)}` }],
  ["valid_from", { valid_from: 9 }],
  ["open_after", { open_after: 9 }],
];
for (const [what, changes] of LIES) {
  test(`a quote with another ${what} is not handed on`, () =>
    assert.rejects(
      quoted((honest) => honest, changes),
      says("not what was asked for"),
    ));
}

test("a minimum, an amount or a deadline that does not follow from what was asked is not handed on", async () => {
  for (const min_amount_out of ["0", "1", "2994949998", "2994950001", "3010000000"])
    await assert.rejects(
      quoted((honest) => honest, { min_amount_out }),
      says("expected a minimum of 2994950000"),
    );
  assert.equal((await quoted((honest) => honest, { min_amount_out: "2994949999" })).min_amount_out, "2994949999");
  for (const amount_out of ["3009999999", "3010000001", "5"])
    await assert.rejects(
      quoted((honest) => ({ ...honest, amount_out })),
      says("not the best of its sources"),
    );
  await assert.rejects(
    quoted((honest) => ({ ...honest, sources: [] })),
    says("not the best of its sources"),
  );
  await assert.rejects(
    quoted(
      ({ sources: [one], ...honest }) => ({ ...honest, amount_out: "0", sources: [{ ...one, amount_out: "0" }] }),
      {
        min_amount_out: "1",
      },
    ),
    says("amount_out is 0"),
  );
  for (const deadline of [9, Math.floor(Date.now() / 1_000) + 10_000])
    await assert.rejects(
      quoted((honest) => honest, { deadline, open_after: deadline }),
      says("expected a deadline in 600 s"),
    );
});

test("a hash or typed data of another intent is not handed on", async () => {
  await assert.rejects(
    quoted((honest) => ({ ...honest, intent_hash: HASH })),
    says("not what was asked for"),
  );
  const lies: ((typed: Record<string, unknown>, message: object) => object)[] = [
    () => ({}),
    (typed) => ({ ...typed, primaryType: "TokenPermissions" }),
    (typed) => ({ ...typed, domain: null }),
    (typed) => ({ ...typed, types: [] }),
    (typed, message) => ({ ...typed, message: { ...message, spender: TOKENS.in } }),
    (typed, message) => ({ ...typed, message: { ...message, more: "1" } }),
  ];
  for (const lie of lies)
    await assert.rejects(
      quoted((honest) => ({ ...honest, typed_data: lie(honest.typed_data, honest.typed_data.message as object) })),
      says("typed_data is not the intent's"),
    );
});

const APPROVE = approvalCall(VENUE.chain_id, TOKENS.in, 10n ** 18n);
const transfer = encodeFunctionData({ abi: erc20Abi, functionName: "transfer", args: [PERMIT2, 10n ** 18n] });
const approveOther = encodeFunctionData({ abi: erc20Abi, functionName: "approve", args: [OTHER, 10n ** 18n] });

test("an approval of anything else is not handed on", async () => {
  const giving = (approve: Call) =>
    quoted((honest) => ({ ...honest, permit2: { ...honest.permit2, is_enough: false, approve } }));
  assert.deepEqual((await giving(APPROVE)).permit2.approve, APPROVE);
  const lies: Call[] = [
    { ...APPROVE, to: OTHER },
    { ...APPROVE, value: "1" },
    { ...APPROVE, chain_id: 1 },
    { ...APPROVE, data: transfer },
    { ...APPROVE, data: approveOther },
    { ...APPROVE, data: "0x" },
    { ...APPROVE, data: `${APPROVE.data}${"00".repeat(32)}` },
    approvalCall(VENUE.chain_id, TOKENS.in, 10n ** 18n - 1n),
  ];
  for (const lie of lies) await assert.rejects(giving(lie), says("permit2.approve"));
});

test("a permit for anything else is not handed on", async () => {
  const giving = (lie: (permit: ReturnType<typeof json>, deadline: number) => unknown) =>
    quoted((honest) => {
      const domain = { name: "0xT", version: "1", chainId: VENUE.chain_id, verifyingContract: TOKENS.in };
      const [owner, deadline] = [SWAPPER.address, honest.intent.deadline];
      const permit = json(
        tokenPermitTypedData(domain, { owner, value: 10n ** 18n, nonce: 3n, deadline: BigInt(deadline) }),
      );
      return { ...honest, permit2: { ...honest.permit2, is_enough: false, permit: lie(permit, deadline) } };
    });
  const message = (changes: object) => (permit: ReturnType<typeof json>) => ({
    ...permit,
    message: { ...(permit.message as object), ...changes },
  });
  const domain = (changes: object) => (permit: ReturnType<typeof json>) => ({
    ...permit,
    domain: { ...(permit.domain as object), ...changes },
  });
  const { permit } = (await giving((honest) => honest)).permit2;
  assert.equal(JSON.stringify(permit).includes(PERMIT2.toLowerCase()), true);
  const lies: Parameters<typeof giving>[0][] = [
    () => ({}),
    (honest) => ({ ...honest, message: null }),
    (honest) => ({ ...honest, primaryType: "PermitSingle" }),
    (honest) => ({ ...honest, types: {} }),
    domain({ verifyingContract: OTHER }),
    domain({ chainId: 1 }),
    domain({ salt: "0x" }),
    message({ owner: OTHER }),
    message({ spender: OTHER }),
    message({ value: "999999999999999999" }),
    message({ nonce: "0x3" }),
    message({ more: "1" }),
    (honest, deadline) => message({ deadline: String(deadline + 1) })(honest),
  ];
  for (const lie of lies) await assert.rejects(giving(lie), says("permit2.permit"));
});

test("at another venue than the one that was named nothing is signed", async () => {
  for (const pins of [{ chainId: 1 }, { settlement: TOKENS.in }, { chainId: 31_337, settlement: TOKENS.in }])
    await at(
      () => undefined,
      async (trader, asked) => {
        for (const use of [
          () => trader.config(),
          () => trader.quote(TERMS),
          () => trader.submit({ intent: INTENT, signature: "0x" }),
          () => trader.cancel(HASH),
        ])
          await assert.rejects(use(), says("GET /config: expected the"));
        assert.deepEqual([...new Set(asked)], ["/config"]);
      },
      pins,
    );
  const right = { chainId: VENUE.chain_id, settlement: VENUE.settlement.toUpperCase().replace("0X", "0x") as Hex };
  await at(
    () => undefined,
    async (trader) => assert.equal((await trader.config()).chain_id, 31_337),
    right,
  );
});

test("a redirect is not followed", () =>
  at(
    () => ({ body: CONFIG }),
    (elsewhere, heard) =>
      elsewhere.config().then(() =>
        at(
          (path) => (path === "/config" ? undefined : { status: 308, location: "http://127.0.0.1:9/api/v1/intents" }),
          async (trader, asked) => {
            const signed = await trader.signIntent(INTENT);
            await assert.rejects(trader.submit(signed), says("a redirect to http://127.0.0.1:9/api/v1/intents"));
            assert.deepEqual([asked, heard], [["/config", "/intents"], ["/config"]]);
          },
        ),
      ),
  ));

const SHAPES: unknown[] = [
  null,
  [],
  {},
  "text",
  "[",
  1,
  true,
  [null],
  { outcomes: null },
  { intents: [null] },
  { ...view("open"), intent: { ...INTENT, nonce: "1e5" } },
  { ...view("open"), intent: { ...INTENT, amount_in: "9".repeat(78) } },
  { ...view("open"), intent: { ...INTENT, receiver: "0x12" } },
  { ...view("open"), intent: { ...INTENT, deadline: -1.5 } },
  { ...view("open"), fill: {} },
  { ...standing("open"), best_amount_out: 5 },
];

test("an answer of another shape is a ProtocolError, whatever was asked", async () => {
  const signed = { intent: INTENT, signature: "0x" as Hex };
  const uses: [string, (trader: TraderClient) => Promise<unknown>][] = [
    ["config", (trader) => trader.config()],
    ["tokens", (trader) => trader.tokens()],
    ["quote", (trader) => trader.quote(TERMS)],
    ["get", (trader) => trader.get(HASH)],
    ["status", (trader) => trader.status(HASH)],
    ["list", (trader) => trader.list()],
    ["submit", (trader) => trader.submit(signed)],
    ["submitBatch", (trader) => trader.submitBatch([signed])],
    ["cancel", (trader) => trader.cancel(HASH)],
    ["waitUntilSettled", (trader) => trader.waitUntilSettled(HASH)],
  ];
  for (const [what, use] of uses)
    for (const body of SHAPES) {
      if (what === "tokens" && JSON.stringify(body) === "[]") continue;
      const answer = (path: string) => (path === "/config" && what !== "config" ? undefined : { body });
      await at(answer, (trader) =>
        assert.rejects(use(trader), ProtocolError, `${what} was answered with ${JSON.stringify(body)}`),
      );
    }
});

test("a refusal of another shape is a ProtocolError too", async () => {
  for (const body of [
    null,
    [],
    { code: 1, status: "x" },
    { title: "x", status: 422, code: "x", detail: "x", errors: 5 },
  ])
    await at(
      () => ({ status: 422, body }),
      (trader) => assert.rejects(trader.tokens(), ProtocolError),
    );
  await at(
    () => ({ status: 422, body: { title: "x", status: 422, code: "x", detail: "x" } }),
    (trader) => assert.rejects(trader.tokens(), ApiError),
  );
});

test("an answer about another intent is not handed on", async () => {
  const other = { ...INTENT, nonce: "8" };
  for (const body of [
    { ...view("open"), intent: other },
    { ...view("open"), intent_hash: `0x${"00".repeat(32)}` },
  ])
    await at(
      () => ({ body }),
      (trader) => assert.rejects(trader.get(HASH), says("another one")),
    );
});

test("what comes with a cancel voids one nonce, and the intent's where that is given", async () => {
  const cancelled = (spend: Call, intent: Intent | Hex = HASH) =>
    at(
      async (path) => (path === "/config" ? undefined : { body: await cancelReceipt(spend) }),
      (trader) => trader.cancel(intent),
    );
  const good = spendNonce(INTENT);
  await cancelled(good, INTENT);
  const mask = (word: bigint, bits: bigint) =>
    encodeFunctionData({ abi: parseAbi(["function invalidateUnorderedNonces(uint256,uint256)"]), args: [word, bits] });
  const lies: Call[] = [
    { ...good, to: OTHER },
    { ...good, value: "1" },
    { ...good, chain_id: 1 },
    { ...good, data: transfer },
    { ...good, data: "0x" },
    { ...good, data: mask(0n, 3n) },
    { ...good, data: mask(0n, 0n) },
    { ...good, data: mask(2n ** 255n, 1n) },
  ];
  for (const lie of lies) await assert.rejects(cancelled(lie), says("do not send it"));
  const other = spendNonce({ ...INTENT, nonce: "8" });
  await cancelled(other);
  await assert.rejects(cancelled(other, INTENT), says("another nonce"));
});
