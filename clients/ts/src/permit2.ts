import {
  type Account,
  type Address,
  type Chain,
  decodeFunctionData,
  encodeFunctionData,
  erc20Abi,
  type Hex,
  isAddressEqual,
  maxUint256,
  parseAbi,
  type Transport,
  type WalletClient,
} from "viem";
import { readContract, waitForTransactionReceipt, writeContract } from "viem/actions";
import { IntendlyError } from "./errors.ts";
import { PERMIT2 } from "./typed-data.ts";
import type { Call, Intent } from "./types.ts";

const SPEND = parseAbi(["function invalidateUnorderedNonces(uint256 wordPos, uint256 mask)"]);

/**
 * Lets Permit2 take up to `amount` of `token` from the wallet's account, in its smallest unit; without it, any amount.
 *
 * Returns the transaction's hash once it is mined, and nothing where the leave was there already. Throws when it
 * reverted, and what viem throws.
 */
export async function approvePermit2(
  wallet: WalletClient<Transport, Chain | undefined, Account>,
  token: Address,
  amount: bigint = maxUint256,
): Promise<Hex | undefined> {
  const erc20 = { address: token, abi: erc20Abi } as const;
  const owner = wallet.account.address;
  const allowed = await readContract(wallet, { ...erc20, functionName: "allowance", args: [owner, PERMIT2] });
  if (allowed >= amount) return undefined;
  const approval = { ...erc20, functionName: "approve", args: [PERMIT2, amount] } as const;
  const hash = await writeContract(wallet, { ...approval, account: wallet.account, chain: wallet.chain ?? null });
  const { status } = await waitForTransactionReceipt(wallet, { hash });
  if (status !== "success") throw new IntendlyError(`the approval of Permit2 for ${token} reverted in ${hash}`);
  return hash;
}

/** The transaction by which Permit2 may take up to `amount` of `token` from its sender, in its smallest unit. */
export function approvalCall(chainId: number, token: Address, amount: bigint): Call {
  const data = encodeFunctionData({ abi: erc20Abi, functionName: "approve", args: [PERMIT2, amount] });
  return { chain_id: chainId, to: token, data, value: "0" };
}

/** The transaction that makes void on chain what the intent's swapper signed with its nonce. */
export function spendNonce({ chain_id, nonce }: Pick<Intent, "chain_id" | "nonce">): Call {
  const args = [BigInt(nonce) >> 8n, 1n << (BigInt(nonce) & 0xffn)] as const;
  const data = encodeFunctionData({ abi: SPEND, functionName: "invalidateUnorderedNonces", args });
  return { chain_id, to: PERMIT2, data, value: "0" };
}

/** The nonce that `call` makes void; nothing where it is not a transaction that `spendNonce` makes. */
export function spentNonce(call: Call): bigint | undefined {
  try {
    const [word, mask] = decodeFunctionData({ abi: SPEND, data: call.data }).args;
    const nonce = (word << 8n) + BigInt(mask.toString(2).length - 1);
    const own = spendNonce({ chain_id: call.chain_id, nonce: nonce.toString() });
    return nonce <= maxUint256 && isSameCall(call, own) ? nonce : undefined;
  } catch {
    return undefined;
  }
}

export function isSameCall(one: Call, other: Call): boolean {
  const isSameAct = one.data.toLowerCase() === other.data.toLowerCase() && BigInt(one.value) === BigInt(other.value);
  return isSameAct && one.chain_id === other.chain_id && isAddressEqual(one.to, other.to);
}
