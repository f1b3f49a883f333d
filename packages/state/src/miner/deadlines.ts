import { type Amt, loadAmt } from "@copse/amt";
import { type Codec, decode, type Fetching, fromCid } from "@copse/ipld";
import type { BitField } from "@copse/ipld/bitfield";
import type { AttoFil } from "@copse/types";
import type { CID } from "multiformats/cid";
import { amountField, bitFieldField, bytesField, cidField, listOf, numberField, uintField } from "../field-codecs.ts";
import { struct } from "../struct.ts";
import type { MinerState } from "./miner-state.ts";
import { type PowerPair, powerPairCodec } from "./power-pair.ts";

/** One of the 48 windows of a proving period, and the sectors to be proven in it. */
export interface Deadline {
  /** AMT of partitions by index. */
  readonly partitions: CID;
  /** AMT: epoch to the partitions with sectors that expire then. */
  readonly expirationsEpochs: CID;
  /** Partitions that were proven in the window that is open. */
  readonly partitionsPoSted: BitField;
  /** Partitions with sectors terminated early, whose termination is still to be paid for. */
  readonly earlyTerminations: BitField;
  readonly liveSectors: bigint;
  /** Live ones and those that were terminated. */
  readonly totalSectors: bigint;
  readonly faultyPower: PowerPair;
  /** AMT of proofs that nobody checked yet. */
  readonly optimisticPoStSubmissions: CID;
  /** As it all was when the window last closed, for disputes about it. */
  readonly sectorsSnapshot: CID;
  readonly partitionsSnapshot: CID;
  readonly optimisticPoStSubmissionsSnapshot: CID;
  /** Since actors v16, as is the fee a day of all its sectors. */
  readonly livePower: PowerPair | undefined;
  readonly dailyFee: AttoFil | undefined;
}

/** Proofs of space-time for some of a deadline's partitions. */
export interface WindowPoSt {
  readonly partitions: BitField;
  readonly proofs: readonly { readonly proofType: number; readonly proof: Uint8Array }[];
}

/** Either what a deadline holds now, or what it held when its window last closed. */
export type DeadlineTime = "now" | "snapshot";

/**
 * How miners hold deadlines. Shape: 11 fields; v16 adds two.
 *
 * @see builtin-actors:actors/miner/src/deadline_state.rs Deadline
 */
export const deadlineCodec: Codec<Deadline> = struct<Deadline>(
  "deadline",
  {
    partitions: cidField,
    expirationsEpochs: cidField,
    partitionsPoSted: bitFieldField,
    earlyTerminations: bitFieldField,
    liveSectors: uintField,
    totalSectors: uintField,
    faultyPower: powerPairCodec,
    optimisticPoStSubmissions: cidField,
    sectorsSnapshot: cidField,
    partitionsSnapshot: cidField,
    optimisticPoStSubmissionsSnapshot: cidField,
    livePower: powerPairCodec,
    dailyFee: amountField,
  },
  [
    { actors: 8, lacks: ["livePower", "dailyFee"] },
    { actors: 16, lacks: [] },
  ],
);

const windowPoStCodec = struct<WindowPoSt>("window PoSt", {
  partitions: bitFieldField,
  proofs: listOf(struct("proof", { proofType: numberField, proof: bytesField })),
});

const deadlinesCodec = struct<{ readonly due: readonly CID[] }>("deadlines", { due: listOf(cidField) });

/**
 * The roots of a miner's deadlines, in the order of a proving period. See {@link minerDeadline}.
 *
 * @throws {StateError} `state/layout-unknown`
 * @example
 * const count = runSync(minerDeadlines(state), store).length; // => 48
 */
export function* minerDeadlines(state: MinerState): Fetching<readonly CID[]> {
  return decode(deadlinesCodec, yield fromCid(state.deadlines)).due;
}

/**
 * One of a miner's deadlines, from 0; `undefined` past the last.
 *
 * @throws {StateError} `state/layout-unknown`
 * @example
 * const deadline = runSync(minerDeadline(state, state.currentDeadline), store);
 */
export function* minerDeadline(state: MinerState, index: number): Fetching<Deadline | undefined> {
  const root = (yield* minerDeadlines(state))[index];
  return root === undefined ? undefined : decode(deadlineCodec, yield fromCid(root));
}

/**
 * Epochs at which sectors of a deadline expire, each with the partitions that hold them. Epochs are rounded up to the
 * deadline's own.
 *
 * @throws {AmtError} its node is none
 * @example
 * const first = runSync(runSync(deadlineExpirations(deadline), store).firstSetIndex(), store);
 */
export function deadlineExpirations(deadline: Deadline): Fetching<Amt<BitField>> {
  return loadAmt(fromCid(deadline.expirationsEpochs), bitFieldField, { version: 3 });
}

/**
 * The proofs given for a deadline that may still be disputed.
 *
 * @throws {AmtError} its node is none
 * @example
 * const disputable = [...runSync(windowPoSts(deadline, "snapshot"), store).entries(store)];
 */
export function windowPoSts(deadline: Deadline, when: DeadlineTime = "now"): Fetching<Amt<WindowPoSt>> {
  const root = when === "now" ? deadline.optimisticPoStSubmissions : deadline.optimisticPoStSubmissionsSnapshot;
  return loadAmt(fromCid(root), windowPoStCodec, { version: 3 });
}
