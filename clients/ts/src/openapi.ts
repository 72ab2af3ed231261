// Generated from docs/openapi.json and docs/stream.json by `npm run generate`.
import type { Hex } from "viem";
export type paths = Record<string, never>;
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * AuctionBid
         * @description A bid as anyone may see it after the close. The calldata of a loser is never shown.
         */
        AuctionBid: {
            bid_hash: Hex;
            bid: components["schemas"]["Bid"];
            signature: Hex;
            received_at: number;
            fate: components["schemas"]["BidFate"];
            /** @default  */
            fate_detail: string;
        };
        /**
         * AuctionIntent
         * @description An intent as solvers see it: without its signature, with the fee that a bid must carry.
         */
        AuctionIntent: {
            intent_hash: Hex;
            intent: components["schemas"]["Intent"];
            /**
             * Format: uint256
             * @description in token_out, on top of amount_out; sign exactly this in the bid's leg
             */
            fee: string;
        };
        /**
         * AuctionState
         * @description An auction takes bids while `open`; `closing` means that its winner is being decided.
         * @enum {string}
         */
        AuctionState: "open" | "closing" | "closed";
        /**
         * AuctionView
         * @description GET /auctions/{id}. Bids, seed and secret stay hidden until the close.
         */
        AuctionView: {
            auction_id: Hex;
            state: components["schemas"]["AuctionState"];
            intents: components["schemas"]["AuctionIntent"][];
            roster: Hex[];
            /**
             * @description once it is closed, in the roster's order
             * @default []
             */
            answers: components["schemas"]["RosterAnswer"][];
            opened_at: number;
            closes_at: number;
            /** @default null */
            closed_at: number | null;
            secret_hash: Hex;
            /** @default null */
            secret: Hex | null;
            /**
             * @description the winning bid's hash
             * @default null
             */
            winner: Hex | null;
            /** @default [] */
            bids: components["schemas"]["AuctionBid"][];
        };
        /**
         * Bid
         * @description A solver's promise to fill the legs together or not at all (design: What is signed).
         */
        Bid: {
            legs: components["schemas"]["Leg"][];
            auction_id: Hex;
            /** Format: eip55-address */
            solver: Hex;
            /** Format: eip55-address */
            executor: Hex;
            valid_until: number;
            /** @description keccak256 of the data handed to the executor */
            call_data_hash: Hex;
            /** @description of the callback */
            gas_limit: number;
            /**
             * Format: uint256
             * @default 0
             */
            penalty: string;
        };
        /**
         * BidAccepted
         * @description The answer to a bid: it is in the auction, until another of the same solver replaces it.
         */
        BidAccepted: {
            bid_hash: Hex;
            auction_id: Hex;
            /** @description false when the same bid was in already */
            created: boolean;
        };
        /**
         * BidFate
         * @description What became of a bid. `live` until the close.
         * @enum {string}
         */
        BidFate: "live" | "won" | "lost" | "below_minimum" | "ineligible";
        /**
         * BidOutcome
         * @description What became of one of several bids.
         */
        BidOutcome: {
            /** @default null */
            accepted: components["schemas"]["BidAccepted"] | null;
            /** @default null */
            problem: components["schemas"]["Problem"] | null;
        };
        /**
         * BidOutcomes
         * @description The answer to POST /bids with a list, in its order.
         */
        BidOutcomes: {
            outcomes: components["schemas"]["BidOutcome"][];
        };
        /**
         * Call
         * @description A transaction that somebody may send: `value` in wei.
         */
        Call: {
            chain_id: number;
            /** Format: eip55-address */
            to: Hex;
            data: Hex;
            /**
             * Format: uint256
             * @default 0
             */
            value: string;
        };
        /**
         * Cancel
         * @description The body of POST /intents/{hash}/cancel: the swapper's signature over the EIP-712 struct Cancel(intentHash).
         */
        Cancel: {
            signature: Hex;
        };
        /**
         * CancelReceipt
         * @description The answer to a cancel: no award of this venue fills the intent after `not_after`.
         *
         *     `signature` is the venue's (`receipt_signer`) over CancelReceipt(intentHash,notAfter). What the swapper signed stays
         *     valid on chain until its deadline: to make it void there too, at the price of gas, send `spend_nonce`.
         */
        CancelReceipt: {
            intent_hash: Hex;
            state: components["schemas"]["IntentState"];
            /** @description block time */
            not_after: number;
            signature: Hex;
            /** @description what can still happen with the signed intent, in words */
            exposure: string;
            spend_nonce: components["schemas"]["Call"];
        };
        /**
         * ConfigView
         * @description GET /config: what a client must know to sign, and the limits that it is held to.
         */
        ConfigView: {
            chain_id: number;
            /** Format: eip55-address */
            settlement: Hex;
            /** Format: eip55-address */
            registry: Hex;
            /** Format: eip55-address */
            permit2: Hex;
            /** Format: eip55-address */
            wrapped_native: Hex;
            /** @description Settlement's EIP-712 domain */
            domain: {
                [key: string]: unknown;
            };
            permit2_domain: {
                [key: string]: unknown;
            };
            /** @description the EIP-712 types of what the swapper signs */
            intent_types: {
                [key: string]: unknown;
            };
            house_fee_bps: number;
            max_fee_bps: number;
            max_partner_fee_bps: number;
            auction_window_ms: number;
            auction_min_ms: number;
            award_validity_s: number;
            deadline_max_s: number;
            open_intents_max: number;
            body_max_bytes: number;
            /** @description members of one POST /intents/batch, and of a list at POST /bids */
            batch_max: number;
            batch_body_max_bytes: number;
            /**
             * Format: eip55-address
             * @description signs the receipts of intents and cancels
             */
            receipt_signer: Hex;
            stream_url: string;
            /**
             * @description why nothing new is taken now, in the operator's words
             * @default null
             */
            paused: string | null;
        };
        /**
         * FillView
         * @description A fill as the chain tells it.
         */
        FillView: {
            bid_hash: Hex;
            /** Format: eip55-address */
            solver: Hex;
            /** Format: uint256 */
            amount_out: string;
            /** Format: uint256 */
            fee: string;
            tx_hash: Hex;
            block_number: number;
            block_hash: Hex;
            confirmations: number;
            final: boolean;
        };
        /**
         * Intent
         * @description What a swapper wants, all of it signed: at least `min_amount_out` of `token_out` at `receiver`, by `deadline`.
         *
         *     Amounts are in the token's smallest unit; times are unix seconds of block time.
         */
        Intent: {
            chain_id: number;
            /**
             * Format: eip55-address
             * @description Settlement's address
             */
            spender: Hex;
            /** Format: eip55-address */
            swapper: Hex;
            /** Format: eip55-address */
            token_in: Hex;
            /** Format: uint256 */
            amount_in: string;
            /** Format: eip55-address */
            token_out: Hex;
            /** Format: uint256 */
            min_amount_out: string;
            /** Format: eip55-address */
            receiver: Hex;
            /**
             * Format: uint256
             * @description Permit2's unordered nonce
             */
            nonce: string;
            deadline: number;
            /** @default 0 */
            valid_from: number;
            /** @description after it anyone may fill; the deadline means never */
            open_after: number;
            /**
             * Format: eip55-address
             * @default 0x0000000000000000000000000000000000000000
             */
            partner: Hex;
            /** @default 0 */
            partner_fee_bps: number;
            /** @default 0x0000000000000000000000000000000000000000000000000000000000000000 */
            app_data: Hex;
        };
        /**
         * IntentOutcome
         * @description What became of one member of a batch: its receipt, or the problem that it would have got alone.
         */
        IntentOutcome: {
            /** @default null */
            receipt: components["schemas"]["Receipt"] | null;
            /** @default null */
            problem: components["schemas"]["Problem"] | null;
        };
        /**
         * IntentOutcomes
         * @description The answer to POST /intents/batch, in the order of the members.
         */
        IntentOutcomes: {
            outcomes: components["schemas"]["IntentOutcome"][];
        };
        /**
         * IntentPage
         * @description One page of GET /intents, newest first. `next` is the cursor of the next one.
         */
        IntentPage: {
            intents: components["schemas"]["IntentView"][];
            /** @default null */
            next: string | null;
        };
        /**
         * IntentState
         * @description An intent's life (design: An intent's life).
         * @enum {string}
         */
        IntentState: "open" | "awarded" | "submitted" | "settled" | "cancelled" | "expired";
        /**
         * IntentStatus
         * @description GET /intents/{hash}/status: the state and, in words, why the intent is not filled.
         */
        IntentStatus: {
            intent_hash: Hex;
            state: components["schemas"]["IntentState"];
            /** @description a stable code */
            reason: string;
            /** @description the same in words */
            detail: string;
            /**
             * @description of the last closed auction's bids
             * @default null
             */
            best_amount_out: string | null;
            /** @description auctions held so far */
            attempts: number;
            /**
             * @description unix milliseconds
             * @default null
             */
            next_auction_at: number | null;
        };
        /**
         * IntentView
         * @description GET /intents/{hash}: the intent, where it stands, and its fill when there is one. Never its signature.
         */
        IntentView: {
            intent_hash: Hex;
            intent: components["schemas"]["Intent"];
            state: components["schemas"]["IntentState"];
            version: number;
            /** @description unix milliseconds */
            created_at: number;
            /** @default null */
            auction_id: Hex | null;
            /** @default null */
            fill: components["schemas"]["FillView"] | null;
        };
        /**
         * Leg
         * @description One intent within a bid: `amount_out` reaches the receiver after `fee` was paid on top, both in token_out.
         */
        Leg: {
            intent_hash: Hex;
            /** Format: uint256 */
            amount_out: string;
            /** Format: uint256 */
            fee: string;
        };
        /**
         * Permit2Standing
         * @description Whether Permit2 may take the input, and what gives it that leave: either of `approve` and `permit` is enough.
         *
         *     `permit` is the typed data of an EIP-2612 permit of the token, for eth_signTypedData_v4, where the token has one;
         *     whoever has its signature may send it to the token.
         */
        Permit2Standing: {
            /** Format: uint256 */
            balance: string;
            /** Format: uint256 */
            allowance: string;
            is_enough: boolean;
            /** @default null */
            approve: components["schemas"]["Call"] | null;
            /** @default null */
            permit: {
                [key: string]: unknown;
            } | null;
        };
        /**
         * Problem
         * @description RFC 9457 problem details. `code` is stable; `errors` names each field at fault.
         */
        Problem: {
            type: string;
            title: string;
            status: number;
            code: string;
            detail: string;
            /** @default [] */
            errors: {
                [key: string]: unknown;
            }[];
            /** @default  */
            request_id: string;
        } & {
            [key: string]: unknown;
        };
        /**
         * QuoteKind
         * @description Who says what an amount would yield.
         * @enum {string}
         */
        QuoteKind: "pools" | "solver";
        /**
         * QuoteRequest
         * @description The body of POST /quotes. Amounts in the token's smallest unit, `ttl_s` in seconds.
         */
        QuoteRequest: {
            /** Format: eip55-address */
            swapper: Hex;
            /** Format: eip55-address */
            token_in: Hex;
            /** Format: uint256 */
            amount_in: string;
            /** Format: eip55-address */
            token_out: Hex;
            /**
             * @description the swapper where it is left out
             * @default null
             */
            receiver: Hex | null;
            /** @default 50 */
            slippage_bps: number;
            /**
             * @description from now to the suggested intent's deadline
             * @default 600
             */
            ttl_s: number;
        };
        /**
         * QuoteSource
         * @description One indication. `amount_out` is what the receiver would get, after the fee; nobody is bound by it.
         */
        QuoteSource: {
            kind: components["schemas"]["QuoteKind"];
            /** @default null */
            solver: Hex | null;
            /** Format: uint256 */
            amount_out: string;
            /** @description how old it is at the answer */
            age_ms: number;
            /**
             * @description of the pools' state
             * @default null
             */
            block_number: number | null;
        };
        /**
         * QuoteView
         * @description The answer to POST /quotes: what the solvers and pools would give now, and an intent that asks for it.
         *
         *     `intent` is unsigned; `typed_data` is the same for eth_signTypedData_v4. Sign it, POST both to /intents.
         */
        QuoteView: {
            /**
             * Format: uint256
             * @description the best indication: what the receiver would get, after the fee
             */
            amount_out: string;
            /**
             * Format: uint256
             * @description amount_out less slippage_bps; what the intent asks for
             */
            min_amount_out: string;
            /**
             * Format: uint256
             * @description in token_out, on top of amount_out
             */
            fee: string;
            /** @description the best first */
            sources: components["schemas"]["QuoteSource"][];
            permit2: components["schemas"]["Permit2Standing"];
            /**
             * @description what would keep the intent from being filled, in words
             * @default []
             */
            warnings: string[];
            intent_hash: Hex;
            intent: components["schemas"]["Intent"];
            typed_data: {
                [key: string]: unknown;
            };
        };
        /**
         * Receipt
         * @description The answer to POST /intents: the intent is committed.
         *
         *     `signature` is the venue's (GET /config names its `receipt_signer`) over the EIP-712 struct IntentReceipt, under
         *     Settlement's domain: with it a swapper proves that an intent was accepted and when.
         */
        Receipt: {
            intent_hash: Hex;
            state: components["schemas"]["IntentState"];
            /** @description false when the same intent was accepted before */
            created: boolean;
            /** @description when it was committed, by the database's clock */
            accepted_at: number;
            /** @description its first auction, which opens at valid_from or at once */
            auction_id: Hex;
            signature: Hex;
        };
        /**
         * RosterAnswer
         * @description What a solver on an auction's roster answered: `bid`, `declined`, `failed`, null where it did not in time.
         *
         *     `refusal` says of one that failed what was wrong: its bid's code (docs/errors.md), or `not_asked`, `no_answer`,
         *     `not_a_bid_response`, `not_its_bids`. A later bid that was taken stands in its place.
         */
        RosterAnswer: {
            /** Format: eip55-address */
            solver: Hex;
            /** @default null */
            answer: ("bid" | "declined" | "failed") | null;
            /** @default null */
            refusal: string | null;
        };
        /**
         * SignedBid
         * @description A bid with the executor's calldata and the signature of the solver's registered key.
         */
        SignedBid: {
            bid: components["schemas"]["Bid"];
            /**
             * @description handed to the executor
             * @default 0x
             */
            data: Hex;
            signature: Hex;
        };
        /**
         * SignedIntent
         * @description An intent with its swapper's signature over `intent.hash`.
         */
        SignedIntent: {
            intent: components["schemas"]["Intent"];
            signature: Hex;
        };
        /**
         * SolverPage
         * @description One page of GET /solvers, by address. `next` is the cursor of the next one.
         */
        SolverPage: {
            solvers: components["schemas"]["SolverView"][];
            /** @default null */
            next: Hex | null;
        };
        /**
         * SolverView
         * @description A registered solver, as the indexed registry has it.
         */
        SolverView: {
            /** Format: eip55-address */
            address: Hex;
            /** Format: eip55-address */
            signing_key: Hex;
            active: boolean;
            /** @enum {string} */
            asked_over: "http" | "stream";
        };
        /**
         * TokenView
         * @description A token that the venue trades. `gas_fee` is what one fill's gas costs in it, in its smallest unit.
         */
        TokenView: {
            /** Format: eip55-address */
            address: Hex;
            symbol: string;
            name: string;
            decimals: number;
            /** @default null */
            gas_fee: string | null;
        };
        /**
         * Tokens
         * @description Every token, by symbol.
         */
        Tokens: components["schemas"]["TokenView"][];
        /**
         * AuctionOpened
         * @description A sealed auction that takes bids now. `ms_left` is counted from `server_time` (unix milliseconds).
         */
        AuctionOpened: {
            /** Auction Id */
            auction_id: Hex;
            /** Intents */
            intents: components["schemas"]["AuctionIntent"][];
            /**
             * Opened At
             * @description unix milliseconds, the server's clock
             */
            opened_at: number;
            /**
             * Closes At
             * @description unix milliseconds, the server's clock
             */
            closes_at: number;
            /**
             * Secret Hash
             * @description commits to the secret that breaks ties
             */
            secret_hash: Hex;
            /** Server Time */
            server_time: number;
            /** Ms Left */
            ms_left: number;
        };
        ClientMessage: components["schemas"]["Login"] | components["schemas"]["Subscribe"] | components["schemas"]["PlaceBid"] | components["schemas"]["Decline"] | components["schemas"]["Ping"];
        /**
         * Decline
         * @description The logged-in solver will not bid in this auction, so that it need not be waited for.
         */
        Decline: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "decline";
            /** Id */
            id: number;
            /** Auction Id */
            auction_id: Hex;
        };
        /**
         * Event
         * @description One numbered change. `cursor` is `epoch-number`: hand it back as `after` to resume behind it.
         */
        Event: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "event";
            /** Cursor */
            cursor: string;
            kind: components["schemas"]["EventKind"];
            /**
             * At
             * @description unix milliseconds of the change's commit
             */
            at: number;
            /** Intent Hash */
            intent_hash?: Hex;
            /** Auction Id */
            auction_id?: Hex;
            /**
             * Swapper
             * Format: eip55-address
             */
            swapper?: Hex;
            /**
             * Solver
             * Format: eip55-address
             * @description set: told to this solver only
             */
            solver?: Hex;
            /** Data */
            data?: {
                [key: string]: unknown;
            };
            /**
             * Server Time
             * @description unix milliseconds at sending (auction messages)
             */
            server_time?: number;
            /**
             * Ms Left
             * @description until the close (auction messages)
             */
            ms_left?: number;
        };
        /**
         * EventKind
         * @description Every event that the stream carries.
         * @enum {string}
         */
        EventKind: "intent.accepted" | "intent.awarded" | "intent.submitted" | "intent.settled" | "intent.final" | "intent.reopened" | "intent.unfilled" | "intent.expired" | "intent.cancelled" | "auction.opened" | "auction.closed" | "bid.decided" | "fill.failed" | "solver.changed";
        /**
         * Hello
         * @description The server's first frame: the challenge that a `Login` signs, and the cursor of the newest event.
         */
        Hello: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "hello";
            /** Challenge */
            challenge: Hex;
            /** Cursor */
            cursor: string;
            /**
             * Server Time
             * @description unix milliseconds
             */
            server_time: number;
        };
        /**
         * Login
         * @description A solver proves its key: `signature` is over StreamLogin(solver, challenge, expires_at).
         */
        Login: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "login";
            /** Id */
            id: number;
            /**
             * Solver
             * Format: eip55-address
             */
            solver: Hex;
            /**
             * Expires At
             * @description at most 300 seconds ahead
             */
            expires_at: number;
            /** Signature */
            signature: Hex;
        };
        /**
         * Ping
         * @description Shows that the line lives, to a program that can't see the server's own pings; the reply has `server_time`.
         */
        Ping: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "ping";
            /** Id */
            id: number;
        };
        /**
         * PlaceBid
         * @description A bid, answered like POST /bids.
         */
        PlaceBid: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "bid";
            /** Id */
            id: number;
            signed_bid: components["schemas"]["SignedBid"];
        };
        /**
         * Reply
         * @description The answer to the request of the same `id`: `result` or `problem`.
         */
        Reply: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "reply";
            /** Id */
            id: number;
            /** Ok */
            ok: boolean;
            /** Result */
            result?: {
                [key: string]: unknown;
            };
            problem?: components["schemas"]["Problem"];
        };
        ServerMessage: components["schemas"]["Hello"] | components["schemas"]["Reply"] | components["schemas"]["Event"];
        /**
         * Subscribe
         * @description Adds to what this connection hears. With `after`, events behind that cursor come first, without a gap.
         */
        Subscribe: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "subscribe";
            /** Id */
            id: number;
            /**
             * Intents
             * @default []
             */
            intents: Hex[];
            /**
             * Swappers
             * @default []
             */
            swappers: Hex[];
            /**
             * Auctions
             * @description every auction.opened and auction.closed
             * @default false
             */
            auctions: boolean;
            /**
             * Solver
             * @description auctions, and the fate of this solver's bids; after a Login
             * @default false
             */
            solver: boolean;
            /** After */
            after?: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
