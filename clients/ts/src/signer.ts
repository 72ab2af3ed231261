import type { Account, Address, Chain, Hex, LocalAccount, Transport, TypedDataDefinition, WalletClient } from "viem";

/** Who signs: an account of viem's, or a wallet client that has one. */
export type Signer =
  | Pick<LocalAccount, "address" | "signTypedData">
  | WalletClient<Transport, Chain | undefined, Account>;

export function addressOf(signer: Signer): Address {
  return "account" in signer ? signer.account.address : signer.address;
}

export function sign(signer: Signer, data: TypedDataDefinition): Promise<Hex> {
  return "account" in signer ? signer.signTypedData({ ...data, account: signer.account }) : signer.signTypedData(data);
}
