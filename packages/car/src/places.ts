import type { CidBytes } from "@copse/ipld";
import type { Reading } from "./access.ts";
import { CarError } from "./errors.ts";
import type { IndexTable } from "./index-table.ts";
import { findOffsets, type SortedIndex } from "./sorted-index.ts";

/** Where a block may lie: the offset of a section, with its length where that is known; or of a zstd frame. */
export interface Place {
  readonly offset: number;
  readonly length?: number | undefined;
}

/** What finds places by CID: an index in a file, or a table in memory. Each place has to be looked at. */
export type Places = (cid: CidBytes) => Reading<readonly Place[]>;

/** Places by the table in memory. */
export function placesByTable(table: IndexTable): Places {
  // biome-ignore lint/correctness/useYield: an index in memory reads nothing
  return function* (cid) {
    return [...table.candidates(cid)];
  };
}

/** Places by an index of CARv2, whose offsets count from `dataOffset`. Those outside the data are the index's fault. */
export function placesByIndex(index: SortedIndex, start: number, dataOffset: number, dataEnd: number): Places {
  return function* (cid) {
    const offsets = yield* findOffsets(index, cid);
    return offsets.map((relative) => {
      const offset = dataOffset + relative;
      if (offset >= dataEnd) {
        throw new CarError("car/index-malformed", {
          offset: start,
          why: `a record points at byte ${offset}, past the data`,
        });
      }
      return { offset };
    });
  };
}
