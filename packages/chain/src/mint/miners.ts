import { bls } from "@copse/crypto";
import { Address } from "@copse/types";
import { electionLambda, winThresholds } from "../rules/win-count.ts";
import type { Seeded } from "./seeded.ts";
import { shortBlsKey } from "./signer.ts";

/** A miner of the minted chain, known to its genesis state. */
export interface MintedMiner {
  readonly id: bigint;
  /** The ID as an address. */
  readonly address: Address;
  /** f3: the worker's key address. */
  readonly worker: Address;
  readonly privateKey: Uint8Array;
  /** Quality-adjusted power. Unit: bytes. */
  readonly power: bigint;
  /** Of its election proofs: power does not change on a minted chain. */
  readonly thresholds: readonly bigint[];
}

/** The miners, who hold all power of the network. */
export interface MintedPower {
  readonly miners: readonly MintedMiner[];
  /** Quality-adjusted. Unit: bytes. */
  readonly total: bigint;
  /** Chance that a miner tries an epoch at all. */
  readonly awake: number;
}

const firstId = 1000n;
/** Where nothing executes it, any will do; built-in actors count a miner only from 10 TiB on. */
const [smallUnit, largeUnit] = [1n << 40n, 1n << 44n];

/**
 * Miners with unequal power, who try so many epochs that these hold `blocks` blocks on average.
 *
 * A miner that sleeps signs no election proof: the fewer try in vain, the cheaper an epoch is to make.
 */
export function createMiners(seeded: Seeded, count: number, blocks: number, executed: boolean): MintedPower {
  const unit = executed ? largeUnit : smallUnit;
  const powers = Array.from({ length: count }, (_, i) => unit * BigInt(3 + (i % 3)));
  const total = powers.reduce((sum, power) => sum + power, 0n);
  const miners = powers.map((power, i): MintedMiner => {
    const privateKey = shortBlsKey(seeded, "worker", i);
    return {
      id: firstId + BigInt(i),
      address: Address.id(firstId + BigInt(i)),
      worker: Address.fromBls(bls.publicKey(privateKey)),
      privateKey,
      power,
      thresholds: winThresholds(electionLambda(power, total)),
    };
  });
  const perEpoch = miners.reduce((sum, { thresholds: [win = 0n] }) => sum + Number(win >> 224n) / 2 ** 32, 0);
  return { miners, total, awake: Math.min(1, blocks / perEpoch) };
}
