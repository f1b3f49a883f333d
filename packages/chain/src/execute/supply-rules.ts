import { AttoFil, type NetworkRules, networkVersion, upgradeHeight } from "@copse/types";

/** One grant of the network's founding: it vests linearly. */
interface Grant {
  /** Unit: epochs until all of it has vested. */
  readonly duration: number;
  /** Unit: attoFIL. */
  readonly amount: bigint;
}

const epochsInDay = 2880;

// Since Calico. @see lotus:chain/stmgr/supply.go setupPostCalicoVesting
const grants: readonly Grant[] = [
  [0, 10_632_000n],
  [183, 19_015_887n + 32_787_700n],
  [365, 22_421_712n + 9_400_000n],
  [730, 7_223_364n],
  [1095, 87_637_883n + 898_958n],
  [2190, 100_000_000n + 300_000_000n + 9_805_053n],
].map(([days, fil]) => ({ duration: Number(days) * epochsInDay, amount: AttoFil.fromFil(BigInt(fil as bigint)) }));

/** What the circulating supply depends on besides the state. */
export interface SupplyRules {
  /** Unit: attoFIL that have vested of the founding grants at an epoch. */
  vested(epoch: number): bigint;
  /** Unit: attoFIL the reserve actor began with, as counted at an epoch. */
  initialReserve(epoch: number): bigint;
  /** Whether funds locked in the market count as locked: until nv23. */
  countsMarket(epoch: number): boolean;
}

const initialReserve = AttoFil.fromFil(300_000_000n);

/** What differs on networks other than mainnet, by name. @see lotus:build/buildconstants, FIPs:fip-0100 */
const exceptions: Readonly<Record<string, { readonly reserveSinceTeep: bigint; readonly liftoff?: number }>> = {
  calibnet: { reserveSinceTeep: AttoFil.fromFil(1_200_000_000n) },
  butterflynet: { reserveSinceTeep: AttoFil.fromFil(1_600_000_000n), liftoff: -7 },
  devnet: { reserveSinceTeep: AttoFil.fromFil(1_400_000_000n), liftoff: -6 },
};

/**
 * The rules of a network's supply, for epochs since its Calico upgrade: those that this VM executes all are.
 *
 * @see lotus:chain/stmgr/supply.go GetVMCirculatingSupplyDetailed
 * @example
 * supplyRules(mainnet).initialReserve(6_000_000) // => 300000000n * 10n ** 18n
 */
export function supplyRules(network: NetworkRules): SupplyRules {
  const { reserveSinceTeep = initialReserve, liftoff } = exceptions[network.name] ?? {};
  const start = liftoff ?? upgradeHeight(network, "Liftoff");
  return {
    vested: (epoch) => grants.reduce((sum, grant) => sum + vestedOf(grant, epoch - start), 0n),
    initialReserve: (epoch) => (networkVersion(network, epoch) >= 25 ? reserveSinceTeep : initialReserve),
    countsMarket: (epoch) => networkVersion(network, epoch) < 23,
  };
}

// As multisigs unlock: by whole parts an epoch, the rest with the last. @see specs-actors:multisig State.AmountLocked
function vestedOf({ duration, amount }: Grant, elapsed: number): bigint {
  if (elapsed >= duration) return amount;
  if (elapsed < 0) return 0n;
  return amount - (amount / BigInt(duration)) * BigInt(duration - elapsed);
}
