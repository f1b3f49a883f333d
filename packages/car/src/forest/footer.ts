import type { Reading } from "../access.ts";
import { CarError } from "../errors.ts";
import { skipHeaderBytes, skippableMagic } from "../zstd-frame.ts";

/** A skippable frame at the very end, whose content is the address of the index. */
export const footerBytes = 16;

/** Writes the footer of a file whose index frames start at `indexStart`. */
export function encodeForestFooter(indexStart: number): Uint8Array {
  const bytes = encodeSkipHeader(8, footerBytes);
  new DataView(bytes.buffer).setBigUint64(8, BigInt(indexStart + skipHeaderBytes), true);
  return bytes;
}

/** The header of a skippable frame, in `size` bytes. */
export function encodeSkipHeader(length: number, size: number = skipHeaderBytes): Uint8Array {
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, skippableMagic, true);
  view.setUint32(4, length, true);
  return bytes;
}

/**
 * Where the index frames of a `.forest.car.zst` start, as its footer says; `undefined` where the file does not end in one.
 *
 * @throws {CarError} `car/index-malformed` for a footer that points outside the file
 * @see forest:src/db/car/forest.rs
 */
export function* readForestFooter(size: number): Reading<number | undefined> {
  if (size < footerBytes) return undefined;
  const offset = size - footerBytes;
  const bytes = yield { offset, length: footerBytes };
  const view = new DataView(bytes.buffer, bytes.byteOffset, footerBytes);
  if (view.getUint32(0, true) !== skippableMagic || view.getUint32(4, true) !== 8) return undefined;
  const address = view.getBigUint64(8, true);
  if (address < BigInt(skipHeaderBytes) || address > BigInt(offset)) {
    throw new CarError("car/index-malformed", { offset, why: `the footer gives it address ${address}` });
  }
  return Number(address) - skipHeaderBytes;
}

/**
 * As {@link readForestFooter}, of a file that may be damaged: what the footer points at has to open like an index.
 *
 * @throws {CarError} `car/index-malformed`
 */
export function* findForestIndex(size: number): Reading<number | undefined> {
  const start = yield* readForestFooter(size);
  if (start === undefined) return undefined;
  const bytes = yield { offset: start, length: skipHeaderBytes };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < skipHeaderBytes || view.getUint32(0, true) !== skippableMagic) {
    const why = `the footer points at byte ${start + skipHeaderBytes}, where no index is`;
    throw new CarError("car/index-malformed", { offset: size - footerBytes, why });
  }
  return start;
}
