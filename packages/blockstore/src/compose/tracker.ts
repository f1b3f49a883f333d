import { type CidBytes, cidKey } from "@copse/ipld";
import { type AbortOptions, fromLatin1 } from "@copse/primitives";
import { BlockstoreError } from "../errors.ts";
import type { AsyncStore, BlockEntry } from "../store.ts";
import { type Composed, composedOver, type Face } from "./face.ts";
import { after, type Maybe } from "./maybe.ts";

/** What a tracker writes down beside counts. */
export interface TrackerOptions {
  /**
   * CIDs of the blocks read and found, in the order they were first read (`"each"`), or at every read (`"every"`). By
   * default none.
   */
  readonly record?: "each" | "every" | undefined;
  /** Most CIDs recorded. Past it a read fails with `blockstore/memory-full`: a witness must not lack blocks. Default 1,000,000. */
  readonly maxRecorded?: number | undefined;
}

/** What went through a tracker. Blocks of a batch count one by one; one that failed as a whole does not. */
export interface TrackedCounts {
  /** Blocks asked for. */
  readonly reads: number;
  /** Of these, how many were not there. */
  readonly misses: number;
  readonly bytesRead: number;
  /** Questions whether a block is there. */
  readonly looks: number;
  readonly writes: number;
  readonly bytesWritten: number;
  readonly deletes: number;
}

/** A store that counts what goes through it. */
export interface Tracker<Base extends AsyncStore = AsyncStore> {
  readonly blocks: Composed<Base>;
  counts(): TrackedCounts;
  /** The CIDs recorded, in order: with the blocks, a proof of what was read (a witness). */
  recorded(): CidBytes[];
  /** Sets all to nothing. */
  reset(): void;
}

/**
 * Counts reads and writes of a store, and on demand notes which blocks were read, in order.
 *
 * @see ref-fvm ipld/blockstore/src/tracking.rs
 * @example
 * const tracker = createTracker(store, { record: "each" });
 * runSync(get(map, key), tracker.blocks);
 * tracker.recorded() // => the path to the key
 */
export function createTracker<Base extends AsyncStore>(base: Base, options: TrackerOptions = {}): Tracker<Base> {
  const log = new TrackerLog(options);
  return {
    blocks: composedOver(base, (face) => new TrackerFace(face, log)),
    counts: () => ({ ...log.counts }),
    recorded: () => Array.from(log.recorded, fromLatin1),
    reset: () => log.reset(),
  };
}

const noCounts: TrackedCounts = {
  reads: 0,
  misses: 0,
  bytesRead: 0,
  looks: 0,
  writes: 0,
  bytesWritten: 0,
  deletes: 0,
};

class TrackerLog {
  readonly #record: TrackerOptions["record"];
  readonly #limit: number;
  readonly #each = new Set<string>();
  readonly #every: string[] = [];
  counts: { -readonly [Name in keyof TrackedCounts]: number } = { ...noCounts };

  constructor({ record, maxRecorded }: TrackerOptions) {
    this.#record = record;
    this.#limit = maxRecorded ?? 1_000_000;
  }

  get recorded(): Iterable<string> {
    return this.#record === "every" ? this.#every : this.#each;
  }

  read(cid: CidBytes, bytes: Uint8Array | undefined): void {
    const { counts } = this;
    counts.reads++;
    if (bytes === undefined) {
      counts.misses++;
      return;
    }
    counts.bytesRead += bytes.length;
    if (this.#record === undefined) return;
    if (this.#record === "every") this.#every.push(cidKey(cid));
    else this.#each.add(cidKey(cid));
    if (this.#every.length + this.#each.size <= this.#limit) return;
    const facts = { holder: "tracker's record", bytes: this.#every.length + this.#each.size, limit: this.#limit };
    throw new BlockstoreError("blockstore/memory-full", facts);
  }

  reset(): void {
    this.counts = { ...noCounts };
    this.#each.clear();
    this.#every.length = 0;
  }
}

class TrackerFace implements Face {
  readonly #base: Face;
  readonly #log: TrackerLog;

  constructor(base: Face, log: TrackerLog) {
    this.#base = base;
    this.#log = log;
  }

  get(cid: CidBytes, options?: AbortOptions): Maybe<Uint8Array | undefined> {
    return after(this.#base.get(cid, options), (bytes) => {
      this.#log.read(cid, bytes);
      return bytes;
    });
  }

  getMany(cids: readonly CidBytes[], options?: AbortOptions): Maybe<(Uint8Array | undefined)[]> {
    return after(this.#base.getMany(cids, options), (blocks) => {
      for (const [at, cid] of cids.entries()) this.#log.read(cid, blocks[at]);
      return blocks;
    });
  }

  has(cid: CidBytes, options?: AbortOptions): Maybe<boolean> {
    this.#log.counts.looks++;
    return this.#base.has(cid, options);
  }

  putMany(entries: readonly BlockEntry[], options?: AbortOptions): Maybe<void> {
    return after(this.#base.putMany(entries, options), () => {
      this.#log.counts.writes += entries.length;
      for (const [, bytes] of entries) this.#log.counts.bytesWritten += bytes.length;
    });
  }

  deleteMany(cids: readonly CidBytes[], options?: AbortOptions): Maybe<void> {
    return after(this.#base.deleteMany(cids, options), () => {
      this.#log.counts.deletes += cids.length;
    });
  }
}
