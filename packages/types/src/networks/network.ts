import type { CID } from "multiformats/cid";
import type { DrandPoint } from "./drand.ts";
import type { F3Manifest } from "./f3-manifest.ts";

/**
 * A change of the protocol's rules.
 *
 * `height` is the last epoch under the old rules: the upgrade holds for epochs past it. Negative: from the start, and
 * ignored when counting network versions, as in Lotus.
 */
export interface Upgrade {
  readonly name: UpgradeName;
  readonly height: number;
  /** Network version after it. */
  readonly version: number;
  /** Version of the built-in actors after it. */
  readonly actors: number;
}

/**
 * The upgrades every network goes through, and the network version after each. Lotus' Claus and the mendings of calibnet's
 * actors changed no version and are not among them.
 */
export const upgradeVersions = {
  Breeze: 1,
  Smoke: 2,
  Ignition: 3,
  Refuel: 3,
  Assembly: 4,
  Tape: 5,
  Liftoff: 5,
  Kumquat: 6,
  Calico: 7,
  Persian: 8,
  Orange: 9,
  Trust: 10,
  Norwegian: 11,
  Turbo: 12,
  Hyperdrive: 13,
  Chocolate: 14,
  OhSnap: 15,
  Skyr: 16,
  Shark: 17,
  Hygge: 18,
  Lightning: 19,
  Thunder: 20,
  Watermelon: 21,
  Dragon: 22,
  Phoenix: 22,
  Waffle: 23,
  Tuktuk: 24,
  Teep: 25,
  Tock: 26,
  GoldenWeek: 27,
  FireHorse: 28,
  Xx: 29,
} as const;

/** Name of an upgrade every network goes through. */
export type UpgradeName = keyof typeof upgradeVersions;

/**
 * What messages cost at least, from an epoch on: `base + (36 + length) × perByte` gas.
 *
 * Unlike upgrades, a row holds from its `height` on, that epoch included.
 *
 * @see lotus:chain/vm/gas.go PricelistByEpoch
 */
export interface MessageGasPrice {
  readonly height: number;
  readonly base: number;
  readonly perByte: number;
}

/** A block known to be on the chain: one of the tipset at `height`. */
export interface Checkpoint {
  readonly height: number;
  readonly cid: CID;
}

/**
 * What a network is and by which rules it runs, without its genesis: a devnet's is made anew for each run.
 *
 * Plain data: a network of your own is an object of this shape, usually `{ ...devnet, genesisCid, genesisTime }`.
 */
export interface NetworkRules {
  /** The name people use: `mainnet`. */
  readonly name: string;
  /** The name in gossip topics and protocol names: `testnetnet`. It stands in the genesis state. */
  readonly p2pName: string;
  /** Letter addresses are shown with. */
  readonly addressPrefix: "f" | "t";
  /** Unit: seconds an epoch. */
  readonly blockDelay: number;
  /** Unit: seconds blocks get to spread. */
  readonly propagationDelay: number;
  /** Unit: seconds a miner waits for a second block of the same miner. */
  readonly equivocationDelay: number;
  /** Network version of the genesis block. */
  readonly genesisVersion: number;
  /** By rising height; those that are missing hold from the start, or not yet, as `genesisVersion` says. */
  readonly upgrades: readonly Upgrade[];
  /** By rising height, from 0. */
  readonly drand: readonly DrandPoint[];
  /** By rising height, from 0. */
  readonly messageGas: readonly MessageGasPrice[];
  /** Epochs between these two (both excluded) have the base fee 100, which ended the first gas war. */
  readonly breezeWindow: { readonly after: number; readonly before: number } | undefined;
  /** Multiaddrs. */
  readonly bootstrap: readonly string[];
  /** By rising height. */
  readonly checkpoints: readonly Checkpoint[];
  /** Blocks whose messages Lotus does not check. */
  readonly whitelistedBlocks: readonly CID[];
  readonly f3: F3Manifest;
  /** EIP-155. */
  readonly ethChainId: number;
  /** Least power of a miner that may win while enough miners have as much. Unit: bytes. */
  readonly minPower: bigint;
  /** Epochs between a sector's pre-commitment and its challenge. */
  readonly preCommitChallengeDelay: number;
  /** Peers whose heads are known before the first sync target is chosen. */
  readonly bootstrapPeerThreshold: number;
}

/** A network: its rules and where its chain begins. */
export interface Network extends NetworkRules {
  /** CID of the genesis block, where a walk back ends. */
  readonly genesisCid: CID;
  /** Timestamp of the genesis block. Unit: seconds since 1970. */
  readonly genesisTime: number;
}

/**
 * The network version in force at an epoch.
 *
 * @see lotus:chain/stmgr/stmgr.go GetNetworkVersion
 * @example
 * networkVersion(mainnet, 41_280) // => 0
 * networkVersion(mainnet, 41_281) // => 1
 */
export function networkVersion(network: NetworkRules, epoch: number): number {
  let version = network.genesisVersion;
  for (const upgrade of network.upgrades) {
    if (upgrade.height < 0) continue;
    if (epoch <= upgrade.height) return version;
    version = upgrade.version;
  }
  return version;
}

/**
 * Version of the built-in actors in force at an epoch.
 *
 * @example
 * actorsVersion(mainnet, 138_721) // => 2
 */
export function actorsVersion(network: NetworkRules, epoch: number): number {
  return actorsOf(networkVersion(network, epoch));
}

const actorsByVersion: readonly number[] = [
  0, 0, 0, 0, 2, 2, 2, 2, 2, 2, 3, 3, 4, 5, 6, 7, 8, 9, 10, 11, 11, 12, 13, 14, 15, 16, 16, 17, 18, 19,
];

/**
 * Version of the built-in actors that came with a network version.
 *
 * @example
 * actorsOf(28) // => 18
 */
export function actorsOf(version: number): number {
  return actorsByVersion[Math.max(0, version)] ?? (actorsByVersion.at(-1) as number);
}

/**
 * The last epoch before an upgrade: −1 where the network began with it, `Infinity` where it is not planned.
 *
 * @example
 * upgradeHeight(mainnet, "Smoke") // => 51000
 */
export function upgradeHeight(network: NetworkRules, name: UpgradeName): number {
  const height = network.upgrades.find((upgrade) => upgrade.name === name)?.height;
  return height ?? (upgradeVersions[name] <= network.genesisVersion ? -1 : Number.POSITIVE_INFINITY);
}

/**
 * The beacon that headers of an epoch draw on.
 *
 * @example
 * drandAt(mainnet, 50_999).beacon.name // => "incentinet"
 */
export function drandAt(network: NetworkRules, epoch: number): DrandPoint {
  const first = network.drand[0] as DrandPoint; // every network has one from epoch 0
  return network.drand.findLast((point) => point.start <= epoch) ?? first;
}

/**
 * Rows of an upgrades table, by rising height, from heights by name.
 *
 * @example
 * upgradesAt({ Smoke: 5, Breeze: 2 }).map((upgrade) => upgrade.name) // => ["Breeze", "Smoke"]
 */
export function upgradesAt(heights: Readonly<Partial<Record<UpgradeName, number>>>): readonly Upgrade[] {
  const names = Object.keys(heights) as UpgradeName[];
  return names
    .map((name) => {
      const version = upgradeVersions[name];
      return { name, height: heights[name] as number, version, actors: actorsOf(version) };
    })
    .sort((a, b) => a.height - b.height);
}
