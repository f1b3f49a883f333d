import { type CidBytes, cidKey } from "@copse/ipld";
import { type AbortOptions, fromLatin1 } from "@copse/primitives";
import { BlockstoreError } from "../errors.ts";
import { assertStorableCid } from "../limits.ts";
import { type BlockstoreMetrics, noMetrics } from "../metrics.ts";
import type { AsyncStore, BlockEntry, Store } from "../store.ts";
import { type Composed, composedOf, type Face, faceAtOnce, faceLater, isStore, readsAtOnce } from "./face.ts";
import { costOfAll, HeldBlocks, listedOver, listedOverLater } from "./held-blocks.ts";
import { type Known, Layer } from "./layer.ts";
import { after, isLater, type Maybe } from "./maybe.ts";
import { reachable } from "./reachable.ts";

/** Bounds of a write buffer. */
export interface WriteBufferOptions {
  /** Most bytes held, overhead included (640 B a block). Default 64 MiB. */
  readonly maxBytes?: number | undefined;
  /** What a put past it does: `"flush"` the buffer first (default), or fail with `blockstore/memory-full`. */
  readonly whenFull?: "flush" | "throw" | undefined;
  readonly metrics?: BlockstoreMetrics | undefined;
}

/** What a flush has written. */
export interface Flushed {
  readonly blocks: number;
  readonly bytes: number;
}

/** Puts gathered in memory before they go to a base. */
export interface WriteBuffer<Base extends AsyncStore = AsyncStore> {
  /** The base, with what is gathered. */
  readonly blocks: Composed<Base>;
  /** Blocks held. */
  readonly count: number;
  /** Memory they take, overhead included. */
  readonly bytes: number;
  /** Writes all, in the order they were put, as one batch. After a failure all are still held. */
  flush(options?: AbortOptions): Promise<Flushed>;
  /**
   * Writes only the blocks that `root` leads to, in the reference's order; the rest stays held. Blocks that are not held
   * are taken to be in the base.
   *
   * @throws {BlockstoreError} `blockstore/not-flushable`: nothing is written then
   * @see ref-fvm fvm/src/blockstore/buffered.rs `flush`
   */
  flushReachable(root: CidBytes, options?: AbortOptions): Promise<Flushed>;
  /** {@link flush} at once, where the base writes at once. */
  readonly flushSync: Base extends Store ? () => Flushed : undefined;
  /** {@link flushReachable} at once, where the base writes at once. */
  readonly flushReachableSync: Base extends Store ? (root: CidBytes) => Flushed : undefined;
  /** Forgets what is held. */
  discard(): void;
}

const defaultMaxBytes = 64 << 20;

/**
 * Gathers puts in memory: for bulk inserts in batches the disk likes, and for the vm, which writes only what the new
 * state root leads to. Deletions go to the base at once.
 *
 * Bound: `maxBytes`, also while a flush is under way: puts wait for it. A batch larger than that goes past the buffer.
 *
 * @see ref-fvm fvm/src/blockstore/buffered.rs, lotus blockstore/autobatch.go, forest src/db/blockstore_with_write_buffer.rs
 * @example
 * const buffer = createWriteBuffer(store, { whenFull: "throw" });
 * const root = runMessages(buffer.blocks);
 * await buffer.flushReachable(root);
 */
export function createWriteBuffer<Base extends AsyncStore>(
  base: Base,
  options: WriteBufferOptions = {},
): WriteBuffer<Base> {
  return new Buffer(base, options) as WriteBuffer<AsyncStore> as WriteBuffer<Base>;
}

class Buffer implements WriteBuffer<AsyncStore> {
  readonly blocks: AsyncStore;
  readonly flushSync: undefined;
  readonly flushReachableSync: undefined;
  readonly #state: BufferState;
  readonly #later: BufferFace;

  constructor(base: AsyncStore, options: WriteBufferOptions) {
    const state = new BufferState(options);
    this.#state = state;
    this.#later = new BufferFace(faceLater(base), state, true);
    const atOnce = readsAtOnce(base) ? new BufferFace(faceAtOnce(base), state, false) : undefined;
    this.blocks = composedOf({
      later: this.#later,
      atOnce,
      writesAtOnce: isStore(base),
      entries: (listing) => listedOverLater(state.held.snapshot(), base.entries(listing)),
      ...(isStore(base) ? { entriesSync: () => listedOver(state.held.snapshot(), base.entriesSync()) } : {}),
    });
    if (!isStore(base)) return;
    state.atOnce = faceAtOnce(base);
    Object.assign(this, {
      flushSync: () => atOnce?.flush(),
      flushReachableSync: (root: CidBytes) => atOnce?.flushReachable(root),
    });
  }

  get count(): number {
    return this.#state.held.count;
  }

  get bytes(): number {
    return this.#state.held.bytes;
  }

  async flush(options?: AbortOptions): Promise<Flushed> {
    return this.#later.flush(options);
  }

  async flushReachable(root: CidBytes, options?: AbortOptions): Promise<Flushed> {
    return this.#later.flushReachable(root, options);
  }

  discard(): void {
    this.#state.held.clear();
  }
}

/** What both faces share. */
class BufferState {
  readonly held = new HeldBlocks();
  readonly maxBytes: number;
  readonly throws: boolean;
  readonly metrics: BlockstoreMetrics;
  /** The flush under way, never rejecting; one at a time, so that the base takes blocks in order. */
  flying: Promise<void> | undefined;
  /** Deleted while a flush was carrying them: to be deleted again when it has landed. */
  readonly doomed = new Set<string>();
  /** The base's synchronous face, where it writes. */
  atOnce: Face | undefined;

  constructor(options: WriteBufferOptions) {
    this.maxBytes = options.maxBytes ?? defaultMaxBytes;
    this.throws = options.whenFull === "throw";
    this.metrics = options.metrics ?? noMetrics;
  }
}

class BufferFace extends Layer {
  readonly #state: BufferState;
  readonly #waits: boolean;

  constructor(base: Face, state: BufferState, waits: boolean) {
    super(base);
    this.#state = state;
    this.#waits = waits;
  }

  protected override peek(cid: CidBytes): Known {
    const key = cidKey(cid);
    return this.#state.held.get(key) ?? (this.#state.doomed.has(key) ? null : undefined);
  }

  putMany(entries: readonly BlockEntry[], options?: AbortOptions): Maybe<void> {
    for (const [cid] of entries) assertStorableCid(cid);
    return this.#put(entries, costOfAll(entries), options);
  }

  #put(entries: readonly BlockEntry[], cost: number, options: AbortOptions | undefined): Maybe<void> {
    const { held, doomed, maxBytes, throws } = this.#state;
    const bytes = held.bytes + cost;
    if (bytes > maxBytes) {
      if (throws)
        throw new BlockstoreError("blockstore/memory-full", { holder: "write buffer", bytes, limit: maxBytes });
      // What was put before goes first; then there is room, or there never will be.
      if (held.count > 0) return after(this.flush(options), () => this.#put(entries, cost, options));
      return this.#landed(() => {
        for (const [cid] of entries) doomed.delete(cidKey(cid));
        return this.base.putMany(entries, options);
      });
    }
    for (const [cid, block] of entries) {
      const key = cidKey(cid);
      if (doomed.size > 0) doomed.delete(key);
      held.put(key, block);
    }
  }

  deleteMany(cids: readonly CidBytes[], options?: AbortOptions): Maybe<void> {
    const { held, doomed, flying } = this.#state;
    for (const cid of cids) {
      const key = cidKey(cid);
      held.remove(key);
      if (flying !== undefined) doomed.add(key);
    }
    return after(this.base.deleteMany(cids, options), () => (this.#waits ? flying : undefined));
  }

  flush(options?: AbortOptions): Maybe<Flushed> {
    return this.#landed(() => this.#write(() => this.#state.held.snapshot(), options));
  }

  flushReachable(root: CidBytes, options?: AbortOptions): Maybe<Flushed> {
    const held = (key: string): Uint8Array | undefined => this.#state.held.get(key) ?? undefined;
    const pick = (): HeldEntry[] => reachable(root, held).map(([cid, block]) => [cidKey(cid), block]);
    return this.#landed(() => this.#write(pick, options));
  }

  /** Goes on when no flush is under way. The synchronous face cannot wait, and writes what is in the air once more. */
  #landed<T>(next: () => Maybe<T>): Maybe<T> {
    const { flying } = this.#state;
    return flying === undefined || !this.#waits ? next() : flying.then(() => this.#landed(next));
  }

  /** Writes what `pick` picks once no other flush is under way; it leaves the buffer when the base has it. */
  #write(pick: () => readonly HeldEntry[], options: AbortOptions | undefined): Maybe<Flushed> {
    const state = this.#state;
    const picked = pick();
    const entries = picked.flatMap(([key, block]): BlockEntry[] => (block === null ? [] : [[fromLatin1(key), block]]));
    const flushed = { blocks: entries.length, bytes: entries.reduce((sum, [, block]) => sum + block.length, 0) };
    if (entries.length === 0) return flushed;
    const put = this.base.putMany(entries, options);
    const leave = (): Flushed => {
      for (const [key, block] of picked) state.held.removeIf(key, block);
      state.metrics.count("copse_blockstore_flushed_blocks_total", flushed.blocks);
      state.metrics.count("copse_blockstore_flushed_bytes_total", flushed.bytes);
      return flushed;
    };
    return isLater(put) ? this.#fly(put.then(leave)) : leave();
  }

  /** Lets no second flush begin before a first has landed and what was deleted meanwhile is deleted again. */
  async #fly(landing: Promise<Flushed>): Promise<Flushed> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#state.flying = promise;
    try {
      return await landing;
    } finally {
      try {
        const doomed = Array.from(this.#state.doomed);
        // At once where that is possible: a block put again and flushed at once meanwhile would be deleted with them.
        if (doomed.length > 0) await (this.#state.atOnce ?? this.base).deleteMany(doomed.map(fromLatin1));
        for (const key of doomed) this.#state.doomed.delete(key);
      } finally {
        this.#state.flying = undefined;
        resolve();
      }
    }
  }
}

type HeldEntry = readonly [key: string, block: Uint8Array | null];
