import { type Amt, loadAmt } from "@copse/amt";
import { type Hamt, intKeys, loadHamt } from "@copse/hamt";
import { type Codec, type Fetching, fromCid } from "@copse/ipld";
import type { Address, AttoFil } from "@copse/types";
import type { CID } from "multiformats/cid";
import { stateOfSingleton } from "../actor-of-kind.ts";
import {
  addressField,
  addressKeys,
  amountField,
  bigIntField,
  bytesField,
  cidField,
  intField,
  numberField,
  orNull,
  uintField,
} from "../field-codecs.ts";
import { claimCodec, type PowerClaim, type PowerTotals } from "../power.ts";
import type { StateTree } from "../state-tree.ts";
import { struct } from "../struct.ts";
import { type FilterEstimate, filterEstimateCodec } from "./smoothing.ts";

/** State of the power actor, f04. Units: power in bytes. */
export interface PowerState extends PowerTotals {
  /** Of all miners, those with less than the network's least power included. */
  readonly totalBytesCommitted: bigint;
  readonly totalQABytesCommitted: bigint;
  readonly totalPledgeCollateral: AttoFil;
  readonly thisEpochRawBytePower: bigint;
  readonly thisEpochQualityAdjPower: bigint;
  readonly thisEpochPledgeCollateral: AttoFil;
  readonly thisEpochQAPowerSmoothed: FilterEstimate;
  /** When the new way to reckon initial pledge began (FIP-0081), and for how long it is phased in. Since actors v15. */
  readonly rampStartEpoch: bigint | undefined;
  readonly rampDurationEpochs: bigint | undefined;
  /** HAMT: epoch to AMT of calls. */
  readonly cronEventQueue: CID;
  readonly firstCronEpoch: number;
  /** HAMT: miner's ID address to power. */
  readonly claims: CID;
  /** Proofs to be checked at the end of the epoch; none since network version 17. */
  readonly proofValidationBatch: CID | null;
}

/** A call to a miner at the end of an epoch. */
export interface CronEvent {
  readonly miner: Address;
  /** CBOR of `[kind]`: 1 at the end of a deadline, 2 while there are sectors terminated early. */
  readonly payload: Uint8Array;
}

/** How the power actor holds calls. Shape: `[miner, payload]`. */
export const cronEventCodec: Codec<CronEvent> = struct<CronEvent>("power actor's cron event", {
  miner: addressField,
  payload: bytesField,
});

/** How the power actor holds its state. Shape: 15 fields; v15 adds two before the cron queue. */
export const powerStateCodec: Codec<PowerState> = struct<PowerState>(
  "power actor's state",
  {
    totalRawBytePower: bigIntField,
    totalBytesCommitted: bigIntField,
    totalQualityAdjPower: bigIntField,
    totalQABytesCommitted: bigIntField,
    totalPledgeCollateral: amountField,
    thisEpochRawBytePower: bigIntField,
    thisEpochQualityAdjPower: bigIntField,
    thisEpochPledgeCollateral: amountField,
    thisEpochQAPowerSmoothed: filterEstimateCodec,
    minerCount: intField,
    minerAboveMinPowerCount: intField,
    rampStartEpoch: intField,
    rampDurationEpochs: uintField,
    cronEventQueue: cidField,
    firstCronEpoch: numberField,
    claims: cidField,
    proofValidationBatch: orNull(cidField),
  },
  [
    { actors: 8, lacks: ["rampStartEpoch", "rampDurationEpochs"] },
    { actors: 15, lacks: [] },
  ],
);

/**
 * State of the power actor. For totals of older states too, see `powerTotals`.
 *
 * @throws {StateError} `state/actor-missing`, `state/actors-too-old`, `state/layout-unknown`
 * @see builtin-actors:actors/power/src/state.rs
 * @example
 * const { totalPledgeCollateral } = runSync(powerState(tree), store);
 */
export function powerState(tree: StateTree): Fetching<PowerState> {
  return stateOfSingleton(tree, 4, powerStateCodec);
}

/**
 * The power of each miner, by its ID address.
 *
 * @throws {HamtError} its node is none
 * @example
 * for (const [miner, claim] of runSync(powerClaims(state), store).entries(store)) show(miner, claim.qualityAdjPower);
 */
export function powerClaims(state: PowerState): Fetching<Hamt<PowerClaim, Address>> {
  return loadHamt(fromCid(state.claims), claimCodec, { version: 3, keys: addressKeys });
}

/**
 * Epochs at whose end miners are to be called, each with the AMT of the calls. See {@link cronEvents}.
 *
 * @throws {HamtError} its node is none
 * @example
 * const epochs = [...runSync(cronEpochs(state), store).keys(store)];
 */
export function cronEpochs(state: PowerState): Fetching<Hamt<CID, bigint>> {
  return loadHamt(fromCid(state.cronEventQueue), cidField, { version: 3, bitWidth: 6, keys: intKeys });
}

/**
 * The calls to miners at the end of an epoch, in their order; `undefined` where there are none.
 *
 * @throws {HamtError} {AmtError} a node is none
 * @example
 * const calls = runSync(cronEvents(state, 2683349), store);
 */
export function* cronEvents(state: PowerState, epoch: number | bigint): Fetching<Amt<CronEvent> | undefined> {
  const root = yield* (yield* cronEpochs(state)).get(BigInt(epoch));
  return root === undefined ? undefined : yield* loadAmt(fromCid(root), cronEventCodec, { version: 3 });
}
