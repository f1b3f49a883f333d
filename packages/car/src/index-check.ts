import { equalBytes } from "@copse/primitives";
import { type RandomAccess, readLater, readRange } from "./access.ts";
import { CarError } from "./errors.ts";
import { footerBytes } from "./forest/footer.ts";
import { type ForestIndex, findFrames, openForestIndex } from "./forest/index-reader.ts";
import { ForestIndexBuilder } from "./forest/index-writer.ts";
import { CarIndexBuilder } from "./index-builder.ts";
import type { CarReadOptions } from "./options.ts";
import type { SortOptions } from "./record-sorter.ts";
import { type CarScan, type DamagedScan, scanCar } from "./scan.ts";
import type { CarBlock } from "./scanner.ts";
import { findOffsets, isIdentity, openSortedIndex, type SortedIndex } from "./sorted-index.ts";

/** How the index of a file fits its blocks. */
export interface CarIndexReport {
  /** `same` byte for byte as one made anew; `other` finds every block all the same; `incomplete` does not; `damaged` is none. */
  readonly state: "same" | "other" | "incomplete" | "damaged";
  /** Blocks that it does not find. */
  readonly lost: number;
  readonly why: string | undefined;
}

/** Compares the index of a file with its blocks, which it is given in order. */
export interface IndexCheck {
  add(block: CarBlock, frame: number | undefined): void;
  /** To be called between two chunks. */
  rest(): Promise<void>;
  finish(): Promise<CarIndexReport>;
}

type CheckOptions = Pick<CarReadOptions, "limits" | "signal"> & { readonly sort?: SortOptions | undefined };

/** The check of a file's index; `undefined` where it has none. */
export async function openIndexCheck(
  access: RandomAccess,
  scan: DamagedScan,
  options: CheckOptions,
): Promise<IndexCheck | undefined> {
  const { indexFault, indexStart, scanner } = scan;
  if (indexFault !== undefined) return damaged(indexFault);
  const isPlain = scan.kind === "CARv2" && scanner.indexOffset > 0;
  if (indexStart === undefined && !isPlain) return undefined;
  try {
    if (indexStart === undefined) {
      const index = await readLater(openSortedIndex(scanner.indexOffset, access.size), access, options);
      return checkSorted(access, index, scan, options);
    }
    const index = await readLater(openForestIndex(indexStart, access.size), access, options);
    return checkForest(access, index, options);
  } catch (error) {
    if (!(error instanceof CarError)) throw error;
    return damaged(error);
  }
}

function damaged({ message }: CarError): IndexCheck {
  return { add() {}, async rest() {}, finish: async () => ({ state: "damaged", lost: 0, why: message }) };
}

function checkSorted(access: RandomAccess, index: SortedIndex, scan: CarScan, options: CheckOptions): IndexCheck {
  const { indexOffset, dataOffset, isFullyIndexed } = scan.scanner;
  const made = new CarIndexBuilder({ ...options.sort, kind: index.kind, identity: isFullyIndexed });
  return {
    add: ({ cid, offset }) => made.add(cid, offset - dataOffset),
    rest: async () => (made.isFull ? made.spill() : undefined),
    async finish() {
      if (await isSame(access, indexOffset, index.end, made.write())) return same;
      return countLost(access, options, async ({ cid, offset }) => {
        if (isIdentity(cid) && !isFullyIndexed) return true;
        return (await readLater(findOffsets(index, cid), access, options)).includes(offset - dataOffset);
      });
    },
  };
}

function checkForest(access: RandomAccess, index: ForestIndex, options: CheckOptions): IndexCheck {
  const made = new ForestIndexBuilder(options.sort);
  return {
    add: ({ cid }, frame) => made.add(cid, frame as number),
    rest: async () => (made.isFull ? made.spill() : undefined),
    async finish() {
      const content = made.write({ severalFrames: index.pieces.length > 1 });
      if (await isSame(access, index.start, access.size - footerBytes, content)) return same;
      return countLost(access, options, async ({ cid }, frame) =>
        (await readLater(findFrames(index, cid), access, options)).includes(frame as number),
      );
    },
  };
}

const same: CarIndexReport = { state: "same", lost: 0, why: undefined };

/** Goes over the file once more, and looks each block up: what an index in another form needs, which is rare. */
async function countLost(
  access: RandomAccess,
  options: CheckOptions,
  isFound: (block: CarBlock, frame: number | undefined) => Promise<boolean>,
): Promise<CarIndexReport> {
  const { limits, signal } = options;
  const { parts } = await scanCar(access, { limits, signal, verify: false, requireRoots: false, codecs: "any" });
  let lost = 0;
  try {
    for await (const { blocks, frame } of parts) {
      for (const block of blocks) if (!(await isFound(block, frame))) lost++;
    }
  } catch (error) {
    if (!(error instanceof CarError)) throw error;
    return { state: "damaged", lost, why: error.message };
  }
  return { state: lost > 0 ? "incomplete" : "other", lost, why: undefined };
}

async function isSame(
  access: RandomAccess,
  start: number,
  end: number,
  content: AsyncIterable<Uint8Array>,
): Promise<boolean> {
  let at = start;
  for await (const chunk of content) {
    if (at + chunk.length > end || !equalBytes(await readRange(access, at, chunk.length), chunk)) return false;
    at += chunk.length;
  }
  return at === end;
}
