import { type Hamt, loadHamt } from "@copse/hamt";
import { type Codec, type Fetching, fromCid } from "@copse/ipld";
import { Address } from "@copse/types";
import type { Actor } from "./actor.ts";
import { hamtVersionOf } from "./actor-kind.ts";
import { StateError } from "./errors.ts";
import { openStruct, readBigInt, skipFields, writeBigInt } from "./fields.ts";
import { resolveId } from "./init.ts";
import { remember, type StateTree } from "./state-tree.ts";

const powerActorId = 4;

/** Power of all miners. Unit: bytes. */
export interface PowerTotals {
  readonly totalRawBytePower: bigint;
  readonly totalQualityAdjPower: bigint;
  readonly minerCount: bigint;
  /** Miners that have at least the network's least power. */
  readonly minerAboveMinPowerCount: bigint;
}

/** Power of one miner. Unit: bytes. */
export interface PowerClaim {
  /** Registered proof type: of sealing in actors v2, of window PoSt since v3, not held in v0. */
  readonly proofType: number | undefined;
  readonly rawBytePower: bigint;
  readonly qualityAdjPower: bigint;
}

interface Power {
  readonly totals: PowerTotals;
  readonly claims: Hamt<PowerClaim>;
}

/**
 * How the power actor holds claims.
 *
 * Shape: `[raw, qualityAdjusted]` in actors v0; since v2 the proof type stands before them.
 */
export const claimCodec: Codec<PowerClaim> = {
  encode(writer, claim) {
    if (claim.proofType === undefined) writer.array(2);
    else writer.array(3).int(claim.proofType);
    writeBigInt(writer, claim.rawBytePower);
    writeBigInt(writer, claim.qualityAdjPower);
  },
  decode(reader) {
    const fields = reader.array();
    if (fields !== 2 && fields !== 3) {
      throw new StateError("state/layout-unknown", { what: "power claim", fields, expected: "2 or 3" });
    }
    const proofType = fields === 2 ? undefined : reader.safeInt();
    return { proofType, rawBytePower: readBigInt(reader), qualityAdjPower: readBigInt(reader) };
  },
};

/** Shape: 16 fields in actors v0, 15 in v2 to v14, 17 since v15, which has two more before the claims. */
function* readPower(actor: Actor): Fetching<Power> {
  const [reader, fields] = openStruct((yield fromCid(actor.head)).slice(), "power actor's state", [15, 16, 17]);
  const totalRawBytePower = readBigInt(reader);
  reader.skip();
  const totalQualityAdjPower = readBigInt(reader);
  skipFields(reader, 6);
  const minerCount = reader.int();
  const minerAboveMinPowerCount = reader.int();
  // v15: ramp start and duration; all: cron queue, first cron epoch; v0: last processed cron epoch
  skipFields(reader, fields - 13);
  const root = reader.link();
  reader.skip();
  reader.end();
  const claims = yield* loadHamt(root, claimCodec, { version: hamtVersionOf(actor.code) });
  return { totals: { totalRawBytePower, totalQualityAdjPower, minerCount, minerAboveMinPowerCount }, claims };
}

/**
 * Power of all miners together.
 *
 * @throws {StateError} `state/actor-missing`, `state/layout-unknown`
 * @see go-state-types:builtin/v16/power/power_state.go
 * @example
 * const { totalQualityAdjPower } = runSync(powerTotals(tree), store);
 */
export function* powerTotals(tree: StateTree): Fetching<PowerTotals> {
  return (yield* remember(tree, powerActorId, readPower)).totals;
}

/**
 * The power a miner claims, or `undefined` when it has no claim: it is none, or was slashed.
 *
 * @throws {StateError} `state/actor-missing`, `state/layout-unknown`
 * @example
 * const power = runSync(powerClaim(tree, header.miner), store)?.qualityAdjPower ?? 0n;
 */
export function* powerClaim(tree: StateTree, miner: Address): Fetching<PowerClaim | undefined> {
  const id = yield* resolveId(tree, miner);
  if (id === undefined) return undefined;
  const { claims } = yield* remember(tree, powerActorId, readPower);
  return yield* claims.get(Address.id(id));
}

/**
 * Every claim, in the order of the tree: ID address and power. Bound: reads the whole tree, keeps one path of it.
 *
 * @example
 * runSync(walkPowerClaims(tree, (miner, claim) => table.push([miner, claim.qualityAdjPower])), store);
 */
export function* walkPowerClaims(
  tree: StateTree,
  visit: (miner: Address, claim: PowerClaim) => unknown,
): Fetching<void> {
  const { claims } = yield* remember(tree, powerActorId, readPower);
  yield* claims.walk((key, claim) => visit(Address.fromBytes(key), claim));
}
