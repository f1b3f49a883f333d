import { CborWriter } from "@copse/ipld";
import { Address, AttoFil } from "@copse/types";

/** IDs of the actors there is one of. @see fvm_shared, lotus:chain/gen/genesis/genesis.go */
export const singletonIds = {
  system: 0n,
  init: 1n,
  reward: 2n,
  cron: 3n,
  storagepower: 4n,
  storagemarket: 5n,
  verifiedregistry: 6n,
  datacap: 7n,
  eam: 10n,
  rootVerifier: 80n,
  reserve: 90n,
  burntFunds: 99n,
} as const;

/** An actor that its own constructor brings up. */
export interface Constructed {
  /** In the manifest; an actor the manifest does not have is left out: there is no data cap before v9, no EAM before v10. */
  readonly name: keyof typeof singletonIds;
  readonly params: Uint8Array;
}

const onEpochTickEnd = 5; // of the power actor
const cronTick = 9; // of the market

/**
 * The constructors that a genesis runs, from the system actor, in order.
 *
 * @param realizedPower - of the network at genesis. Unit: bytes
 * @see builtin-actors: each actor's constructor
 */
export function genesisConstructors(realizedPower: bigint): readonly Constructed[] {
  const none = new Uint8Array(0);
  const id = (of: keyof typeof singletonIds): Address => Address.id(singletonIds[of]);
  return [
    { name: "reward", params: new CborWriter().bytes(AttoFil.encodeBigInt(realizedPower)).finish() },
    {
      name: "cron",
      params: new CborWriter()
        .array(1)
        .array(2)
        .array(2)
        .bytes(id("storagepower"))
        .uint(onEpochTickEnd)
        .array(2)
        .bytes(id("storagemarket"))
        .uint(cronTick)
        .finish(),
    },
    { name: "storagepower", params: none },
    { name: "storagemarket", params: none },
    { name: "verifiedregistry", params: new CborWriter().bytes(id("rootVerifier")).finish() },
    { name: "datacap", params: new CborWriter().bytes(id("verifiedregistry")).finish() },
    { name: "eam", params: none },
  ];
}

/** Parameters of the power actor's CreateMiner, for a miner that is its own owner. */
export function createMinerParams(worker: Address, windowPostProof: number): Uint8Array {
  return new CborWriter(160)
    .array(5)
    .bytes(worker)
    .bytes(worker)
    .int(windowPostProof)
    .bytes(new Uint8Array(0))
    .array(0)
    .finish();
}

/** Parameters of the power actor's UpdateClaimedPower. Unit: bytes. */
export function claimPowerParams(rawBytePower: bigint, qualityAdjPower: bigint): Uint8Array {
  return new CborWriter(64)
    .array(2)
    .bytes(AttoFil.encodeBigInt(rawBytePower))
    .bytes(AttoFil.encodeBigInt(qualityAdjPower))
    .finish();
}
