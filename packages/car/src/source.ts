import type { BlockEntry } from "@copse/blockstore";
import type { CidBytes } from "@copse/ipld";
import type { AbortOptions } from "@copse/primitives";
import type { RandomAccess, Reading, SyncAccess } from "./access.ts";
import type { CarLimits } from "./options.ts";
import type { Place } from "./places.ts";

/** How blocks are read from their places. */
export interface SourceOptions {
  readonly verify: boolean;
  readonly limits: CarLimits;
}

/** Blocks of one kind of file, given the places where they may be. */
export interface PlacedSource {
  fetch(cid: CidBytes, places: readonly Place[]): Reading<Uint8Array | undefined>;
  holds(cid: CidBytes, places: readonly Place[]): Reading<boolean>;
  /** The data in pieces, however large the block; gives `false` where it is not there. */
  stream(
    access: RandomAccess,
    cid: CidBytes,
    places: readonly Place[],
    options: AbortOptions,
  ): AsyncGenerator<Uint8Array, boolean>;
  entries(access: RandomAccess, options: AbortOptions): AsyncIterable<BlockEntry>;
  entriesSync(access: SyncAccess): Iterable<BlockEntry>;
}
