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

/** The miners and the power of the network, of which a part is held by one that never mines. */
export interface MintedPower {
  readonly miners: readonly MintedMiner[];
  /** Never mines: the rest of the five wins an epoch expects. */
  readonly silent: MintedMiner;
  /** Quality-adjusted. Unit: bytes. */
  readonly total: bigint;
}

const firstId = 1000n;
const unit = 1n << 40n;

/**
 * Miners with unequal power that together win `rate` times an epoch.
 *
 * @param rate - 5 has everyone mine; less leaves the rest to a miner that is silent
 */
export function createMiners(seeded: Seeded, count: number, rate: number): MintedPower {
  const powers = Array.from({ length: count }, (_, i) => unit * BigInt(3 + (i % 3)));
  const active = powers.reduce((sum, power) => sum + power, 0n);
  const total = (active * 5000n) / BigInt(Math.round(rate * 1000));
  const make = (power: bigint, i: number): MintedMiner => {
    const privateKey = shortBlsKey(seeded, "worker", i);
    return {
      id: firstId + BigInt(i),
      address: Address.id(firstId + BigInt(i)),
      worker: Address.fromBls(bls.publicKey(privateKey)),
      privateKey,
      power,
      thresholds: winThresholds(electionLambda(power, total)),
    };
  };
  return { miners: powers.map(make), silent: make(total - active, count), total };
}
