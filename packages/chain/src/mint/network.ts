import { devnet, type Network } from "@copse/types";
import { type DrandChain, upgradesAt } from "@copse/types/networks";
import type { CID } from "multiformats/cid";

/** Heights at which a minted chain changes its rules: FIP-0115's base fee begins, so that both formulas are seen. */
export const mintedFireHorse = 60;

/** What differs between minted networks. */
export interface MintedNetworkParts {
  readonly name: string;
  readonly genesisCid: CID;
  /** Unit: seconds since 1970. */
  readonly genesisTime: number;
  /** Unit: seconds. */
  readonly blockDelay: number;
  readonly beacon: DrandChain;
  /** Network version from genesis on, for ever; unless told 27, then 28. */
  readonly version?: number | undefined;
}

/** The rules of a minted chain: a devnet, by default of network version 27, then 28, with a beacon of its own. */
export function mintedNetwork(parts: MintedNetworkParts): Network {
  const { name, genesisCid, genesisTime, blockDelay, beacon, version } = parts;
  return {
    ...devnet,
    name,
    p2pName: name,
    genesisCid,
    genesisTime,
    blockDelay,
    genesisVersion: version ?? 27,
    upgrades: version === undefined ? upgradesAt({ FireHorse: mintedFireHorse }) : [],
    drand: [{ start: 0, beacon }],
  };
}
