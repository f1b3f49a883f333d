import type { Codec, Fetching } from "@copse/ipld";
import type { AttoFil } from "@copse/types";
import { stateOfSingleton } from "../actor-of-kind.ts";
import { amountField, bigIntField, numberField } from "../field-codecs.ts";
import type { StateTree } from "../state-tree.ts";
import { struct } from "../struct.ts";
import { type FilterEstimate, filterEstimateCodec } from "./smoothing.ts";

/** State of the reward actor, f02. */
export interface RewardState {
  /** Space that the baseline was to have, over all epochs of network time. Unit: bytes times epochs. */
  readonly cumsumBaseline: bigint;
  /** Space there was, no epoch's more than its baseline. Unit: bytes times epochs. */
  readonly cumsumRealized: bigint;
  /** Epochs of network time that the realized space stands for. */
  readonly effectiveNetworkTime: number;
  /** Unit: bytes. */
  readonly effectiveBaselinePower: bigint;
  /** Reward of the epoch, for all its blocks together. */
  readonly thisEpochReward: AttoFil;
  readonly thisEpochRewardSmoothed: FilterEstimate;
  /** Unit: bytes. */
  readonly thisEpochBaselinePower: bigint;
  readonly epoch: number;
  readonly totalStoragePowerReward: AttoFil;
  /** Total that the simple minting has to give, ever. */
  readonly simpleTotal: AttoFil;
  /** Total that the baseline minting has to give, ever. */
  readonly baselineTotal: AttoFil;
}

/** How the reward actor holds its state. Shape: the fields in their order. */
export const rewardStateCodec: Codec<RewardState> = struct<RewardState>("reward actor's state", {
  cumsumBaseline: bigIntField,
  cumsumRealized: bigIntField,
  effectiveNetworkTime: numberField,
  effectiveBaselinePower: bigIntField,
  thisEpochReward: amountField,
  thisEpochRewardSmoothed: filterEstimateCodec,
  thisEpochBaselinePower: bigIntField,
  epoch: numberField,
  totalStoragePowerReward: amountField,
  simpleTotal: amountField,
  baselineTotal: amountField,
});

/**
 * State of the reward actor.
 *
 * @throws {StateError} `state/actor-missing`, `state/actors-too-old`, `state/layout-unknown`
 * @see builtin-actors:actors/reward/src/state.rs
 * @example
 * const { thisEpochReward } = runSync(rewardState(tree), store);
 */
export function rewardState(tree: StateTree): Fetching<RewardState> {
  return stateOfSingleton(tree, 2, rewardStateCodec);
}
