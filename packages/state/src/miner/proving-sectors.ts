import { loadAmt } from "@copse/amt";
import { type Codec, decode, type Fetching, fromCid } from "@copse/ipld";
import { type BitField, difference, unionAll } from "@copse/ipld/bitfield";
import type { Address } from "@copse/types";
import type { CID } from "multiformats/cid";
import { actorsVersion } from "../actor-kind.ts";
import { StateError } from "../errors.ts";
import { cidField, numberField, uintField } from "../field-codecs.ts";
import type { StateTree } from "../state-tree.ts";
import { struct } from "../struct.ts";
import { minerDeadlines } from "./deadlines.ts";
import { openMiner } from "./miner-state.ts";
import { type Partition, partitionFields } from "./partitions.ts";
import type { PowerPair } from "./power-pair.ts";

/**
 * Which sectors count: `not-faulty` all that partitions hold but the faulty ones, terminated ones among them, as up to
 * network version 6; `active` those that are neither faulty, nor terminated, nor unproven, since then.
 */
export type ProvingRule = "not-faulty" | "active";

/** What proofs name of a sector. */
export interface ProvenSector {
  readonly number: bigint;
  /** Registered seal proof type. */
  readonly sealProof: number;
  /** CommR. */
  readonly sealedCid: CID;
}

/** A partition of any version: actors v0 proved sectors before they came, and had no unproven ones. */
type AnyPartition = Omit<Partition, "unproven" | "unprovenPower"> & {
  readonly unproven: BitField | undefined;
  readonly unprovenPower: PowerPair | undefined;
};

const anyPartitionCodec: Codec<AnyPartition> = struct<AnyPartition>("partition", partitionFields, [
  { actors: 0, lacks: ["unproven", "unprovenPower"] },
  { actors: 2, lacks: [] },
]);

/** A sector of any version: its first fields have always been these. The others stay as they are written. */
interface AnySector extends ProvenSector {
  readonly rest: readonly Uint8Array[];
}

/** Actors v0, v2, v7, v9, v16. */
const sectorFields = [11, 13, 14, 15, 16];

const anySectorCodec: Codec<AnySector> = {
  encode(writer, { number, sealProof, sealedCid, rest }) {
    writer.array(3 + rest.length);
    uintField.encode(writer, number);
    numberField.encode(writer, sealProof);
    cidField.encode(writer, sealedCid);
    for (const field of rest) writer.raw(field);
  },
  decode(reader) {
    const fields = reader.array();
    if (!sectorFields.includes(fields)) {
      throw new StateError("state/layout-unknown", { what: "sector", fields, expected: sectorFields.join(" or ") });
    }
    const first = {
      number: uintField.decode(reader),
      sealProof: numberField.decode(reader),
      sealedCid: cidField.decode(reader),
    };
    return { ...first, rest: Array.from({ length: fields - 3 }, () => reader.skip()) };
  },
};

/** A deadline of any version begins with its partitions; the rest stays as it is written. */
const partitionsOfDeadline: Codec<{ readonly partitions: CID; readonly rest: readonly Uint8Array[] }> = {
  encode(writer, { partitions, rest }) {
    writer.array(1 + rest.length);
    cidField.encode(writer, partitions);
    for (const field of rest) writer.raw(field);
  },
  decode(reader) {
    const fields = reader.array();
    const partitions = cidField.decode(reader);
    return { partitions, rest: Array.from({ length: fields - 1 }, () => reader.skip()) };
  },
};

function amtVersionOf(code: CID): 0 | 3 {
  return (actorsVersion(code) ?? 8) < 3 ? 0 : 3;
}

/**
 * The numbers of the sectors of a miner that count for proofs of spacetime, in a state of any version.
 *
 * Cost: reads every partition: about one block for each 2,349 sectors, and one for each of 48 deadlines.
 *
 * @throws {StateError} `state/actor-missing`, `state/actor-kind`, `state/layout-unknown`
 * @see lotus:chain/actors/builtin/miner/utils.go AllPartSectors, lotus:chain/stmgr/actors.go GetSectorsForWinningPoSt
 * @example
 * count(runSync(provingSectors(tree, header.miner, "active"), store)) // => 64n
 */
export function* provingSectors(tree: StateTree, miner: Address, rule: ProvingRule): Fetching<BitField> {
  const { state, code } = yield* openMiner(tree, miner);
  const version = amtVersionOf(code);
  const found: BitField[] = [];
  const faulty: BitField[] = [];
  for (const root of yield* minerDeadlines(state)) {
    const { partitions } = decode(partitionsOfDeadline, yield fromCid(root));
    const amt = yield* loadAmt(fromCid(partitions), anyPartitionCodec, { version });
    yield* amt.walk((_, { sectors, faults, terminated, unproven }) => {
      if (rule === "not-faulty") {
        found.push(sectors);
        faulty.push(faults);
        return;
      }
      const live = difference(difference(sectors, terminated), faults);
      found.push(unproven === undefined ? live : difference(live, unproven));
    });
  }
  return difference(unionAll(found), unionAll(faulty));
}

/**
 * What proofs name of one of a miner's sectors, in a state of any version; `undefined` where it has none of that number.
 *
 * @throws {StateError} `state/actor-missing`, `state/actor-kind`, `state/layout-unknown`
 * @example
 * const { sealedCid } = runSync(provenSector(tree, header.miner, 7n), store)!;
 */
export function* provenSector(tree: StateTree, miner: Address, number: bigint): Fetching<ProvenSector | undefined> {
  const { state, code } = yield* openMiner(tree, miner);
  const sectors = yield* loadAmt(fromCid(state.sectors), anySectorCodec, { version: amtVersionOf(code) });
  const found = yield* sectors.get(number);
  return found && { number: found.number, sealProof: found.sealProof, sealedCid: found.sealedCid };
}
