import { TypesError } from "../errors.ts";
import { butterflynet } from "./butterflynet.ts";
import { calibnet } from "./calibnet.ts";
import { mainnet } from "./mainnet.ts";
import type { Network } from "./network.ts";

/** The public networks. */
export const networks: readonly Network[] = [mainnet, calibnet, butterflynet];

/**
 * A public network by its name, or by the name it has in gossip topics.
 *
 * @throws {TypesError} `network/unknown`
 * @example
 * network("mainnet").ethChainId // => 314
 */
export function network(name: string): Network {
  const found = networks.find((known) => known.name === name || known.p2pName === name);
  if (found === undefined) throw new TypesError("network/unknown", { name });
  return found;
}
