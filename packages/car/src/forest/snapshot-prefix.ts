import { CborReader, type CidBytes } from "@copse/ipld";
import { equalBytes, isCopseError } from "@copse/primitives";

/**
 * Recognises the two blocks that open a version 2 snapshot (FRC-0108): its metadata, which is the one root, and the F3 data
 * that the metadata names. Both stand in frames of their own, and stay first when files are put together.
 */
export interface SnapshotPrefix {
  /** Tells whether the block that comes as `section`th, from 0, is one of the two. To be asked for each in order. */
  isPart(cid: CidBytes, bytes: Uint8Array, section: number): boolean;
}

/** @param roots of the file's header */
export function snapshotPrefix(roots: readonly CidBytes[]): SnapshotPrefix {
  let f3: CidBytes | undefined;
  return {
    isPart(cid, bytes, section) {
      if (section > 1 || roots.length !== 1) return false;
      if (section === 1) return f3 !== undefined && equalBytes(cid, f3);
      if (!equalBytes(cid, roots[0] as CidBytes)) return false;
      const metadata = readMetadata(bytes);
      f3 = metadata?.f3;
      return metadata !== undefined;
    },
  };
}

/**
 * The metadata of a version 2 snapshot; `undefined` where bytes are another block.
 *
 * Shape: a map of `F3Data` (link or null), `Version` (2) and `HeadTipsetKey` (links).
 *
 * @see FIPs: FRCs/frc-0108.md
 */
export function readMetadata(bytes: Uint8Array): { readonly f3: CidBytes | undefined } | undefined {
  // Nearly every other block is refused by its first byte: a list, not a map of three.
  if (bytes[0] !== 0xa3) return undefined;
  try {
    const reader = new CborReader(bytes);
    let f3: CidBytes | undefined;
    let version: bigint | undefined;
    let hasHead = false;
    for (let pairs = reader.map(3); pairs > 0; pairs--) {
      const key = reader.text(32);
      if (key === "F3Data") f3 = reader.null() ? undefined : Uint8Array.from(reader.link());
      else if (key === "Version") version = reader.uint();
      else if (key === "HeadTipsetKey") {
        for (let count = reader.array(); count > 0; count--) reader.link();
        hasHead = true;
      } else return undefined;
    }
    reader.end();
    return version === 2n && hasHead ? { f3 } : undefined;
  } catch (error) {
    if (isCopseError(error, "cbor/") || isCopseError(error, "cid/")) return undefined;
    throw error;
  }
}
