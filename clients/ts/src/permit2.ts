import {
  type Account,
  type Address,
  type Chain,
  erc20Abi,
  type Hex,
  maxUint256,
  type Transport,
  type WalletClient,
} from "viem";
import { readContract, waitForTransactionReceipt, writeContract } from "viem/actions";
import { IntendlyError } from "./errors.ts";
import { PERMIT2 } from "./typed-data.ts";

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
