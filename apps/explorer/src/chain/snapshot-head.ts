import { CborReader, type CidBytes, codecs, readCid } from "@copse/ipld";
import { isCopseError, readUvarint } from "@copse/primitives";

/** What the metadata of a version 2 snapshot (FRC-0108) names. */
export interface SnapshotMetadata {
  /** CIDs of the head's blocks. */
  readonly head: readonly CidBytes[];
  /** CID of the F3 data, which is the second block of the file. */
  readonly f3: CidBytes | undefined;
}

/** Bytes of a CAR, uncompressed, within which the section of F3 data begins where there is one. */
export const snapshotStartBytes: number = 64 << 10;

/**
 * The metadata of a snapshot; `undefined` for any other block.
 *
 * Shape: a map of `F3Data` (link of raw bytes, or null), `Version` (2) and `HeadTipsetKey` (links).
 *
 * @see FIPs:FRCs/frc-0108.md
 */
export function readSnapshotMetadata(block: Uint8Array): SnapshotMetadata | undefined {
  if (block[0] !== 0xa3) return undefined;
  return orNothing(() => {
    const reader = new CborReader(block);
    const found: { f3?: CidBytes; head?: CidBytes[]; version?: number } = {};
    for (let left = reader.map(3); left > 0; left--) {
      const key = reader.text(32);
      if (key === "F3Data") {
        if (!reader.null()) found.f3 = reader.link().slice();
      } else if (key === "Version") {
        found.version = reader.safeUint();
      } else if (key === "HeadTipsetKey") {
        found.head = Array.from({ length: reader.array() }, () => reader.link().slice());
      } else {
        return undefined;
      }
    }
    reader.end();
    const { f3, head, version } = found;
    if (version !== 2 || head === undefined || (f3 !== undefined && f3[1] !== codecs.raw)) return undefined;
    return { head, f3 };
  });
}

/**
 * Where the section of F3 data lies in a CAR: it may be hundreds of megabytes, which no block may be, and is read apart.
 *
 * @param start the first 64 KiB of the CAR, uncompressed
 * @returns offsets of its length and of what follows it; `undefined` where the second section is another one
 */
export function f3SectionOf(start: Uint8Array): { readonly from: number; readonly to: number } | undefined {
  return orNothing(() => {
    const header = sectionAt(start, 0);
    const first = sectionAt(start, header.to);
    const root = readCid(start, first.from);
    const metadata = readSnapshotMetadata(start.subarray(root.end, first.to));
    if (metadata?.f3 === undefined) return undefined;
    const second = sectionAt(start, first.to);
    const { f3 } = metadata;
    return f3.every((byte, i) => start[second.from + i] === byte) ? { from: first.to, to: second.to } : undefined;
  });
}

function sectionAt(bytes: Uint8Array, offset: number): { readonly from: number; readonly to: number } {
  const { value, end } = readUvarint(bytes, offset);
  return { from: end, to: end + Number(value) };
}

/** What is not in the form of a snapshot is none; whether it is a CAR is told by who reads it as one. */
function orNothing<T>(read: () => T | undefined): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isCopseError(error) && !error.code.startsWith("host/")) return undefined;
    throw error;
  }
}
