import { type CidBytes, fromCid } from "@copse/ipld";
import { buildGenesisState, type GenesisMiner } from "@copse/state";
import { AttoFil } from "@copse/types";
import type { Sender } from "./messages.ts";
import type { MintedMiner, MintedPower } from "./miners.ts";

/** The state a minted chain begins and stays with. */
export interface MintedState {
  readonly root: CidBytes;
  /** Every block of it. */
  readonly blocks: readonly (readonly [CidBytes, Uint8Array])[];
}

const sectorSize = 32 * 2 ** 30;

/** Miners with their workers and power, and the accounts that send. */
export function genesisState(networkName: string, power: MintedPower, senders: readonly Sender[]): MintedState {
  const miner = ({ id, worker, power: held }: MintedMiner): GenesisMiner => {
    return { id, worker, rawBytePower: held, qualityAdjPower: held, sectorSize };
  };
  const { root, blocks } = buildGenesisState({
    networkName,
    miners: power.miners.map(miner),
    accounts: senders.map(({ address }) => ({ address, balance: AttoFil.fromFil(1_000_000n) })),
  });
  return { root: fromCid(root), blocks };
}
