import { equalBytes } from "@copse/primitives";
import { TipsetKey } from "@copse/types";

/** Blocks of a verified chain, as plain data: what one check leaves for the next. */
export interface BlockIndexData {
  /** Names what was verified, for people. */
  readonly source: string;
  /** Heights from the first to the last one are known: a tipset that is not here is not on that chain. */
  readonly first: number;
  readonly last: number;
  /** One per block, rising. */
  readonly heights: Uint32Array;
  /** 32 B per block: digests of their CIDs. */
  readonly digests: Uint8Array;
}

/** Most blocks kept: the newest. 36 MB; two months of mainnet. */
export const mostIndexedBlocks = 1_000_000;

const digestBytes = 32;

/** Collects the blocks of a chain from old to new, and forgets the oldest past a bound. */
export class BlockIndexBuilder {
  readonly #limit: number;
  #heights = new Uint32Array(1024);
  #digests = new Uint8Array(1024 * digestBytes);
  #count = 0;
  #first = -1;
  #last = -1;

  constructor(limit: number = mostIndexedBlocks) {
    this.#limit = limit;
  }

  /** Takes a tipset above the last one; the same one again is passed over. */
  add(height: number, key: TipsetKey): void {
    if (height <= this.#last) return;
    if (this.#first < 0) this.#first = height;
    this.#last = height;
    for (const cid of TipsetKey.cidBytes(key)) {
      if (this.#count === this.#heights.length) this.#makeRoom();
      this.#heights[this.#count] = height;
      this.#digests.set(cid.subarray(cid.length - digestBytes), this.#count * digestBytes);
      this.#count++;
    }
  }

  /** What was collected; `undefined` where that is nothing. */
  finish(source: string): BlockIndexData | undefined {
    if (this.#count === 0) return undefined;
    return {
      source,
      first: this.#first,
      last: this.#last,
      heights: this.#heights.slice(0, this.#count),
      digests: this.#digests.slice(0, this.#count * digestBytes),
    };
  }

  #makeRoom(): void {
    // At the bound the older half goes, whole tipsets of it: what is known begins later then.
    let drop = this.#count >= this.#limit ? this.#count >> 1 : 0;
    while (drop > 0 && this.#heights[drop] === this.#heights[drop - 1]) drop++;
    if (drop > 0 && drop < this.#count) this.#first = this.#heights[drop] as number;
    const room = drop > 0 ? this.#heights.length : this.#heights.length * 2;
    const heights = new Uint32Array(room);
    const digests = new Uint8Array(room * digestBytes);
    heights.set(this.#heights.subarray(drop, this.#count));
    digests.set(this.#digests.subarray(drop * digestBytes, this.#count * digestBytes));
    this.#heights = heights;
    this.#digests = digests;
    this.#count -= drop;
  }
}

/** `outside`: the index says nothing of that height. */
export type IndexAnswer = "on it" | "not on it" | "outside";

/** Whether a block is on the chain of an index. */
export function findBlock(index: BlockIndexData, height: number, cid: Uint8Array): IndexAnswer {
  if (height < index.first || height > index.last) return "outside";
  const digest = cid.subarray(cid.length - digestBytes);
  for (let at = lowerBound(index.heights, height); index.heights[at] === height; at++) {
    const start = at * digestBytes;
    if (equalBytes(index.digests.subarray(start, start + digestBytes), digest)) return "on it";
  }
  return "not on it";
}

/** Whether a whole tipset is on the chain of an index: all blocks that stand there, and no others. */
export function findTipset(index: BlockIndexData, height: number, cids: readonly Uint8Array[]): IndexAnswer {
  if (height < index.first || height > index.last) return "outside";
  const start = lowerBound(index.heights, height);
  const isWhole = lowerBound(index.heights, height + 1) - start === cids.length;
  return isWhole && cids.every((cid) => findBlock(index, height, cid) === "on it") ? "on it" : "not on it";
}

function lowerBound(heights: Uint32Array, height: number): number {
  let low = 0;
  let high = heights.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((heights[middle] as number) < height) low = middle + 1;
    else high = middle;
  }
  return low;
}
