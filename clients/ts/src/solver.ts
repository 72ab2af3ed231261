/** A solver that is asked over the stream: a subclass prices auctions, this class logs in, signs, bids, declines. */

import { type Address, type Hex, keccak256, recoverTypedDataAddress } from "viem";
import { ApiError, IntendlyError } from "./errors.ts";
import { HttpApi, type HttpOptions } from "./http.ts";
import { addressOf, type Signer, sign } from "./signer.ts";
import { Backlog } from "./solver-backlog.ts";
import { Line } from "./solver-line.ts";
import { events } from "./stream.ts";
import type { StreamConnection } from "./stream-connection.ts";
import { auctionOf, type Event, isKind } from "./stream-events.ts";
import type { Request } from "./stream-frames.ts";
import type { StreamLostError } from "./stream-loss.ts";
import { bidTypedData, streamLoginTypedData } from "./typed-data.ts";
import type { AuctionOpened, Bid, Config, Hello, SignedBid } from "./types.ts";

const LOGIN_S = 120;
const TOLD = ["bid.decided", "fill.failed", "intent.settled", "intent.reopened", "solver.changed"];

/** What a solver would do for an auction. */
export type Offer = {
  /** What each intent's receiver gets, in the auction's order and in token_out's smallest unit; the fee comes on top. */
  amountsOut: bigint[];
  executor: Address;
  /** Handed to the executor; nothing by default. */
  data?: Hex;
  /** Of the executor's callback, from 21,000 to 4,000,000. */
  gasLimit: number;
  /** Seconds after the close for which it is good; as long as the venue lets it be by default. */
  validForS?: number;
};

export type SolverOptions = HttpOptions & {
  /** Has the signing key that the registry knows. */
  account: Signer;
  /** The address registered there; the account's own by default. */
  solver?: Address;
  /** Auctions that may wait to be priced, 64 by default; beyond it the oldest are declined. */
  backlog?: number;
  /** Auctions that are priced at a time, where `price` waits for something; 4 by default. */
  workers?: number;
  /** Where it says what it does; the console by default. */
  log?: Pick<Console, "info" | "warn" | "error">;
};

type Priced = Offer | null | undefined;

/** Subclass it, implement `price`, and `run` it. */
export abstract class Solver {
  readonly address: Address;
  readonly #options: SolverOptions;
  #accounts: Signer[];
  readonly #log: NonNullable<SolverOptions["log"]>;

  constructor(options: SolverOptions) {
    this.address = options.solver ?? addressOf(options.account);
    this.#options = options;
    this.#accounts = [options.account];
    this.#log = options.log ?? console;
  }

  /**
   * The best offer for the auction, or nothing to decline. One that throws is logged, and declines.
   *
   * Answer at once: the auction closes as soon as everyone has answered. `signal` is aborted at its close.
   */
  abstract price(auction: AuctionOpened, signal: AbortSignal): Priced | Promise<Priced>;

  /** What became of a bid of this solver; docs/solvers.md has the kinds of events. Does nothing here. */
  heard(_event: Event): void | Promise<void> {}

  /**
   * Sign with this account from when the venue knows it as the solver's; until then with the one before.
   *
   * To be called before SolverRegistry is told of it, so that no auction is missed.
   */
  useAccount(account: Signer): void {
    this.#accounts = [...this.#accounts, account];
  }

  /**
   * Hear auctions and answer them, until `signal` is aborted; it reconnects, logs in anew and resumes by itself.
   *
   * Throws what keeps it from the venue's config at the start (`ApiError`, `NetworkError`, `ProtocolError`), and what the
   * account throws that is to sign a log-in.
   */
  async run({ signal }: { signal?: AbortSignal } = {}): Promise<void> {
    if (signal?.aborted) return;
    const { account: _, backlog: most = 64, workers = 4, ...options } = this.#options;
    const config = await new HttpApi(options).config(signal);
    const line = new Line();
    const backlog = new Backlog({
      most,
      workers,
      answer: (auction, closed, closesAt) => this.#answer(auction, closed, closesAt, config, line),
      drop: ({ auction_id }) => line.mention({ type: "decline", auction_id }),
      warn: (message) => this.#log.warn(message),
    });
    const session = {
      login: (connection: StreamConnection, hello: Hello) => this.#login(connection, hello, config),
      onOpen: (connection: StreamConnection) => {
        line.use(connection);
        this.#log.info(`stream.subscribed solver=${this.address}`);
      },
    };
    const onLost = (loss: StreamLostError, waitMs: number) =>
      this.#log.warn(`stream.lost wait_ms=${Math.round(waitMs)} reason=${quoted(loss.message)}`);
    try {
      for await (const event of events(config.stream_url, {}, { ...(signal && { signal }), onLost }, session))
        void this.#hear(event, backlog);
    } finally {
      backlog.stop();
      line.stop();
    }
  }

  async #login(connection: StreamConnection, { challenge, server_time }: Hello, config: Config): Promise<void> {
    // By the server's clock, so that one of ours that is off does not lock us out.
    const login = { solver: this.address, expires_at: Math.floor(server_time / 1_000) + LOGIN_S };
    const accounts = this.#accounts;
    for (const [place, account] of accounts.entries()) {
      const signature = await sign(account, streamLoginTypedData({ ...login, challenge }, config));
      try {
        await connection.request({ type: "login", ...login, signature });
        this.#accounts = this.#accounts.slice(place); // those before it are not the solver's any more
        return;
      } catch (error) {
        if (!isCode(error, "login_invalid") || account === accounts.at(-1)) throw error;
      }
    }
  }

  async #hear(event: Event, backlog: Backlog): Promise<void> {
    try {
      if (isKind(event, "auction.opened")) backlog.push(auctionOf(event));
      else if (TOLD.includes(event.kind)) {
        this.#log.info(`${event.kind} auction_id=${event.auction_id ?? "-"} ${fieldsOf(event)}`);
        if (event.kind !== "solver.changed") await this.heard(event);
      }
    } catch (error) {
      this.#log.error(`event.failed kind=${event.kind} cursor=${event.cursor}`, error);
    }
  }

  async #answer(auction: AuctionOpened, closed: AbortSignal, closesAt: number, config: Config, line: Line) {
    const [began, auction_id] = [performance.now(), auction.auction_id];
    const bid = await this.#bid(auction, closed, config);
    const took = Math.round(performance.now() - began);
    const amounts = bid?.bid.legs.map((leg) => leg.amount_out).join() ?? "-";
    const said = `auction_id=${auction_id} bid=${bid ? "yes" : "no"} amounts_out=${amounts} took_ms=${took}`;
    if (closed.aborted) return this.#log.warn(`auction.late ${said}`);
    this.#log.info(`auction.answered ${said} ms_left=${Math.round(closesAt - performance.now())}`);
    const kind = bid ? "bid" : "decline";
    const say = (request: Request) => line.say(request, closesAt - performance.now());
    // While it is on its way the next one is priced.
    void (bid ? this.#sayBid(bid, say, config) : say({ type: "decline", auction_id })).then(
      (isTold) => !isTold && this.#log.warn(`${kind}.unanswered auction_id=${auction_id}`),
      (error) => {
        const code = error instanceof ApiError ? error.code : "unsent";
        this.#log.warn(`${kind}.refused auction_id=${auction_id} code=${code} why=${quoted(error.message)}`);
      },
    );
  }

  /** Where the registration has changed meanwhile, and its key is not the solver's any more, by the others in turn. */
  async #sayBid(signed: SignedBid, say: (request: Request) => Promise<boolean>, config: Config): Promise<boolean> {
    const data = bidTypedData(signed.bid, config);
    const refused = new Set<Address>();
    for (let signed_bid = signed; ; ) {
      try {
        return await say({ type: "bid", signed_bid });
      } catch (error) {
        if (!isCode(error, "signature_invalid")) throw error;
        refused.add(await recoverTypedDataAddress({ ...data, signature: signed_bid.signature }));
        const other = this.#accounts.find((account) => !refused.has(addressOf(account)));
        if (!other) throw error;
        refused.add(addressOf(other));
        signed_bid = { ...signed, signature: await sign(other, data) };
      }
    }
  }

  async #bid(auction: AuctionOpened, closed: AbortSignal, config: Config): Promise<SignedBid | undefined> {
    try {
      const offer = await this.price(auction, closed);
      return offer ? await this.#sign(offer, auction, config) : undefined;
    } catch (error) {
      if (!closed.aborted) this.#log.error(`auction.price_failed auction_id=${auction.auction_id}`, error);
      return undefined;
    }
  }

  async #sign(offer: Offer, auction: AuctionOpened, config: Config): Promise<SignedBid> {
    const { amountsOut, executor, data = "0x", gasLimit, validForS = config.award_validity_s } = offer;
    if (amountsOut.length !== auction.intents.length)
      throw new IntendlyError(`amountsOut: expected ${auction.intents.length} amounts, got ${amountsOut.length}`);
    const bid: Bid = {
      legs: auction.intents.map(({ intent_hash, fee }, place) => {
        return { intent_hash, amount_out: String(amountsOut[place]), fee };
      }),
      auction_id: auction.auction_id,
      solver: this.address,
      executor,
      valid_until: Math.floor(auction.closes_at / 1_000) + Math.min(validForS, config.award_validity_s),
      call_data_hash: keccak256(data),
      gas_limit: gasLimit,
      penalty: "0",
    };
    const [account = this.#options.account] = this.#accounts;
    return { bid, data, signature: await sign(account, bidTypedData(bid, config)) };
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof ApiError && error.code === code;
}

/** In one line. */
function quoted(value: unknown): string {
  return JSON.stringify(String(value));
}

/** Failing calldata is long: whoever wants all of it overrides `heard`. */
function fieldsOf({ data }: Event): string {
  const fields = Object.entries(data).sort(([one], [other]) => (one < other ? -1 : 1));
  return fields.map(([name, value]) => `${name}=${quoted(value).slice(0, 200)}`).join(" ");
}
