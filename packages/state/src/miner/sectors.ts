import { type Amt, loadAmt } from "@copse/amt";
import { type Codec, decode, type Fetching, fromCid } from "@copse/ipld";
import type { BitField } from "@copse/ipld/bitfield";
import type { AttoFil } from "@copse/types";
import type { CID } from "multiformats/cid";
import {
  amountField,
  bigIntField,
  bitFieldField,
  boolField,
  cidField,
  listOf,
  numberField,
  orNull,
  uintField,
} from "../field-codecs.ts";
import { struct } from "../struct.ts";
import type { MinerState } from "./miner-state.ts";

/** A proven sector. */
export interface SectorInfo {
  readonly number: bigint;
  /** Registered seal proof type. */
  readonly sealProof: number;
  /** Commitment to the sealed replica, CommR. */
  readonly sealedCid: CID;
  /** Deals in it; new sectors have none here since actors v13, see `providerDeals`. */
  readonly dealIds: readonly bigint[];
  /** When it was proven. */
  readonly activation: number;
  readonly expiration: number;
  /** Unit: bytes times epochs. */
  readonly dealWeight: bigint;
  /** Unit: bytes times epochs. */
  readonly verifiedDealWeight: bigint;
  readonly initialPledge: AttoFil;
  /** `null` from actors v16 on, as are the other two that termination fees were reckoned from. */
  readonly expectedDayReward: AttoFil | null;
  readonly expectedStoragePledge: AttoFil | null;
  /** When its power was last set, since actors v12. Before that: age of the sector it replaced, in epochs. */
  readonly powerBaseEpoch: number;
  readonly replacedDayReward: AttoFil | null;
  /** CommR before the first replica update. */
  readonly sectorKeyCid: CID | null;
  /** Since actors v12: bit 0 for the quality that FIP-0045 reckons. In v9 to v11 whether it does. See {@link hasSimpleQuality}. */
  readonly flags: number | boolean | undefined;
  /** Fee a day since actors v16, and of sectors that were touched since; else none. */
  readonly dailyFee: AttoFil | undefined;
}

const flagsField: Codec<number | boolean> = {
  encode(writer, flags) {
    if (typeof flags === "boolean") boolField.encode(writer, flags);
    else numberField.encode(writer, flags);
  },
  decode: (reader) => (reader.peekMajor() === 7 ? boolField : (numberField as Codec<number | boolean>)).decode(reader),
};

/**
 * How miners hold sectors. Shape: 14 fields; v9 adds flags, v16 the daily fee to those it writes.
 *
 * @see builtin-actors:actors/miner/src/types.rs SectorOnChainInfo
 */
export const sectorCodec: Codec<SectorInfo> = struct<SectorInfo>(
  "sector",
  {
    number: uintField,
    sealProof: numberField,
    sealedCid: cidField,
    dealIds: listOf(uintField),
    activation: numberField,
    expiration: numberField,
    dealWeight: bigIntField,
    verifiedDealWeight: bigIntField,
    initialPledge: amountField,
    expectedDayReward: orNull(amountField),
    expectedStoragePledge: orNull(amountField),
    powerBaseEpoch: numberField,
    replacedDayReward: orNull(amountField),
    sectorKeyCid: orNull(cidField),
    flags: flagsField,
    dailyFee: amountField,
  },
  [
    { actors: 8, lacks: ["flags", "dailyFee"] },
    { actors: 9, lacks: ["dailyFee"] },
    { actors: 16, lacks: [] },
  ],
);

/**
 * Whether a sector's quality is that of FIP-0045: deals count from claims, not from their weight over its lifetime.
 *
 * @example
 * hasSimpleQuality(sector) // => true of all sectors proven since network version 17
 */
export function hasSimpleQuality({ flags }: SectorInfo): boolean {
  return typeof flags === "number" ? (flags & 1) !== 0 : flags === true;
}

/**
 * The proven sectors of a miner, by number.
 *
 * @throws {AmtError} its node is none
 * @example
 * const expiration = runSync(minerSectors(state), store).getSync(7, store)?.expiration;
 */
export function minerSectors(state: MinerState): Fetching<Amt<SectorInfo>> {
  return loadAmt(fromCid(state.sectors), sectorCodec, { version: 3 });
}

/**
 * The numbers of all sectors that a miner ever had or announced. None is used twice.
 *
 * @throws {BitFieldError} the block holds none
 * @example
 * const isFree = !has(runSync(allocatedSectors(state), store), 7);
 */
export function* allocatedSectors(state: MinerState): Fetching<BitField> {
  return decode(bitFieldField, yield fromCid(state.allocatedSectors));
}
