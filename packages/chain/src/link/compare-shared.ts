import { CborReader } from "@copse/ipld";
import type { HeaderSkim } from "./header-skim.ts";

/** Header fields that the parents and the height fix, so that all blocks of a tipset agree on them. */
export type SharedField =
  | "parents"
  | "parentWeight"
  | "height"
  | "parentStateRoot"
  | "parentMessageReceipts"
  | "beaconEntries"
  | "timestamp"
  | "parentBaseFee";

const sharedInOrder: readonly SharedField[] = [
  "parents",
  "parentWeight",
  "height",
  "parentStateRoot",
  "parentMessageReceipts",
];

/**
 * The first field two blocks of one tipset wrongly differ in, or `undefined`.
 *
 * Cost: three runs of bytes compared, for canonical CBOR has one form a value, and fields 5 to 9 lie side by side.
 */
export function compareShared(a: HeaderSkim, b: HeaderSkim): SharedField | undefined {
  if (!sameBytes(a, a.parentsAt, a.sharedEnd, b, b.parentsAt, b.sharedEnd)) return firstOfRun(a, b);
  if (a.timestamp !== b.timestamp) return "timestamp";
  if (!sameBytes(a, a.baseFeeAt, a.baseFeeEnd, b, b.baseFeeAt, b.baseFeeEnd)) return "parentBaseFee";
  if (!sameBytes(a, a.beaconsAt, a.beaconsEnd, b, b.beaconsAt, b.beaconsEnd)) return "beaconEntries";
  return undefined;
}

function sameBytes(a: HeaderSkim, aAt: number, aEnd: number, b: HeaderSkim, bAt: number, bEnd: number): boolean {
  const length = aEnd - aAt;
  if (length !== bEnd - bAt) return false;
  for (let i = 0; i < length; i++) if (a.bytes[aAt + i] !== b.bytes[bAt + i]) return false;
  return true;
}

function firstOfRun(a: HeaderSkim, b: HeaderSkim): SharedField | undefined {
  const left = new CborReader(a.bytes, a.parentsAt);
  const right = new CborReader(b.bytes, b.parentsAt);
  for (const field of sharedInOrder) {
    const [aAt, bAt] = [left.offset, right.offset];
    left.skip();
    right.skip();
    if (!sameBytes(a, aAt, left.offset, b, bAt, right.offset)) return field;
  }
  return undefined;
}
