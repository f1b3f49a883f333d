import { type Amt, loadAmt } from "@copse/amt";
import { type Codec, type Fetching, fromCid } from "@copse/ipld";
import type { BitField } from "@copse/ipld/bitfield";
import type { AttoFil } from "@copse/types";
import type { CID } from "multiformats/cid";
import { amountField, bitFieldField, cidField } from "../field-codecs.ts";
import { type Fields, struct } from "../struct.ts";
import type { Deadline, DeadlineTime } from "./deadlines.ts";
import { type PowerPair, powerPairCodec } from "./power-pair.ts";

/** Sectors that are proven together. Bit fields hold sector numbers. */
export interface Partition {
  /** All, terminated ones included. */
  readonly sectors: BitField;
  /** Not proven since they came. */
  readonly unproven: BitField;
  readonly faults: BitField;
  /** Faults that are to be proven again. */
  readonly recoveries: BitField;
  readonly terminated: BitField;
  /** AMT: epoch to what expires then. */
  readonly expirationsEpochs: CID;
  /** AMT: epoch to sectors terminated then, whose termination is still to be paid for. */
  readonly earlyTerminated: CID;
  /** Of all that is not terminated, faults included. */
  readonly livePower: PowerPair;
  readonly unprovenPower: PowerPair;
  readonly faultyPower: PowerPair;
  readonly recoveringPower: PowerPair;
}

/** What expires at an epoch. */
export interface ExpirationSet {
  /** Sectors whose time is over. */
  readonly onTimeSectors: BitField;
  /** Faulty ones that are given up. */
  readonly earlySectors: BitField;
  /** Pledge of those on time. */
  readonly onTimePledge: AttoFil;
  readonly activePower: PowerPair;
  readonly faultyPower: PowerPair;
  /** What their fees a day come to, since actors v16. */
  readonly feeDeduction: AttoFil | undefined;
}

/** The fields of a partition in their order, which has been the same since actors v2. */
export const partitionFields: Fields<Partition> = {
  sectors: bitFieldField,
  unproven: bitFieldField,
  faults: bitFieldField,
  recoveries: bitFieldField,
  terminated: bitFieldField,
  expirationsEpochs: cidField,
  earlyTerminated: cidField,
  livePower: powerPairCodec,
  unprovenPower: powerPairCodec,
  faultyPower: powerPairCodec,
  recoveringPower: powerPairCodec,
};

/**
 * How deadlines hold partitions. Shape: the fields in their order.
 *
 * @see builtin-actors:actors/miner/src/partition_state.rs Partition
 */
export const partitionCodec: Codec<Partition> = struct<Partition>("partition", partitionFields);

/**
 * How partitions hold what expires. Shape: 5 fields; v16 adds one to those it writes.
 *
 * @see builtin-actors:actors/miner/src/expiration_queue.rs ExpirationSet
 */
export const expirationSetCodec: Codec<ExpirationSet> = struct<ExpirationSet>(
  "expiration set",
  {
    onTimeSectors: bitFieldField,
    earlySectors: bitFieldField,
    onTimePledge: amountField,
    activePower: powerPairCodec,
    faultyPower: powerPairCodec,
    feeDeduction: amountField,
  },
  [
    { actors: 8, lacks: ["feeDeduction"] },
    { actors: 16, lacks: [] },
  ],
);

/**
 * The partitions of a deadline, by index.
 *
 * @throws {AmtError} its node is none
 * @example
 * for (const [index, { faults }] of runSync(deadlinePartitions(deadline), store).entries(store)) show(index, count(faults));
 */
export function deadlinePartitions(deadline: Deadline, when: DeadlineTime = "now"): Fetching<Amt<Partition>> {
  const root = when === "now" ? deadline.partitions : deadline.partitionsSnapshot;
  return loadAmt(fromCid(root), partitionCodec, { version: 3 });
}

/**
 * Epochs at which sectors of a partition expire, each with them. Epochs are rounded up to the deadline's own.
 *
 * @throws {AmtError} its node is none
 * @example
 * const set = runSync(partitionExpirations(partition), store).getSync(epoch, store);
 */
export function partitionExpirations(partition: Partition): Fetching<Amt<ExpirationSet>> {
  return loadAmt(fromCid(partition.expirationsEpochs), expirationSetCodec, { version: 3 });
}

/**
 * Epochs at which sectors of a partition were terminated early and not paid for yet, each with their numbers.
 *
 * @throws {AmtError} its node is none
 * @example
 * const open = [...runSync(earlyTerminations(partition), store).entries(store)];
 */
export function earlyTerminations(partition: Partition): Fetching<Amt<BitField>> {
  return loadAmt(fromCid(partition.earlyTerminated), bitFieldField, { version: 3 });
}
