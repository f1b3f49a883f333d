import { type CidBytes, cidOf } from "@copse/ipld";
import { utf8 } from "@copse/primitives";
import type { Sender } from "./messages.ts";
import type { MintedPower } from "./miners.ts";

/** The state a minted chain begins and stays with. */
export interface GenesisState {
  readonly root: CidBytes;
  readonly blocks: readonly (readonly [CidBytes, Uint8Array])[];
}

export function genesisState(name: string, _power: MintedPower, _senders: readonly Sender[]): GenesisState {
  return { root: cidOf(utf8(name)), blocks: [] };
}
