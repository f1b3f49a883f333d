import { fromCid } from "@copse/ipld";
import type { Network } from "@copse/types";
import type { LinkRules } from "./link-types.ts";

/**
 * What linking needs to know of a network: plain data, ready for a worker.
 *
 * @example
 * linkRules(mainnet).blockDelay // => 30
 */
export function linkRules(network: Network): LinkRules {
  return {
    genesis: fromCid(network.genesisCid).slice(),
    genesisTime: network.genesisTime,
    blockDelay: network.blockDelay,
    pins: network.checkpoints.map(({ height, cid }) => ({ height, block: fromCid(cid).slice() })),
  };
}
