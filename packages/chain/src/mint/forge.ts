import { bls } from "@copse/crypto";
import { Address, type BlockHeader, signingBytes } from "@copse/types";
import { MintError } from "./errors.ts";
import { createMiners, type MintedMiner } from "./miners.ts";
import { seededBy } from "./seeded.ts";

/**
 * The miners of a minted chain, with their keys: those that `createMint` gives for the same seed.
 *
 * @param executed - whether the chain is made with a machine
 * @example
 * mintedMiners({ seed: "example", executed: true })[0].privateKey
 */
export function mintedMiners(options: {
  readonly seed: string;
  readonly executed: boolean;
  readonly miners?: number;
  readonly blocks?: number;
}): readonly MintedMiner[] {
  const { seed, executed, miners = 4, blocks = 1.4 } = options;
  return createMiners(seededBy(seed), miners, blocks, executed).miners;
}

/**
 * A header with some of its fields changed, signed by its own miner: nothing is wrong with it but those. For tests of
 * what refuses it.
 *
 * @throws {MintError} `mint/miner-unknown`
 * @example
 * forgeHeader(header, { parentBaseFee: 101n as AttoFil }, miners)
 */
export function forgeHeader(
  header: BlockHeader,
  changes: Partial<BlockHeader>,
  miners: readonly MintedMiner[],
): BlockHeader {
  const changed = { ...header, ...changes };
  const miner = miners.find(({ address }) => Address.equals(address, changed.miner));
  if (miner === undefined) throw new MintError("mint/miner-unknown", { miner: Address.format(changed.miner) });
  return { ...changed, blockSig: { type: 2, data: bls.sign(signingBytes(changed), miner.privateKey) } };
}
