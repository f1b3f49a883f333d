import { type CidBytes, cidKey } from "@copse/ipld";
import { type AbortOptions, fromLatin1 } from "@copse/primitives";
import { BlockstoreError } from "../errors.ts";
import { assertStorableCid } from "../limits.ts";
import type { AsyncStore, BlockEntry, Store, SyncReads } from "../store.ts";
import { type Composed, composedOf, type Face, faceAtOnce, faceLater, isStore, readsAtOnce } from "./face.ts";
import { costOf, costOfAll, HeldBlocks, listedOver, listedOverLater } from "./held-blocks.ts";
import { type Known, Layer } from "./layer.ts";
import { after, type Maybe } from "./maybe.ts";

/** How an overlay keeps what is written. */
export interface OverlayOptions {
  /** Most bytes of changes in memory, overhead included. Past it a write fails with `blockstore/memory-full`. No bound by default. */
  readonly maxBytes?: number | undefined;
  /** Looks into the base before a put, and keeps no block that is there: fewer changes, a read for each. Default false. */
  readonly skipKnown?: boolean | undefined;
}

/** One change of an overlay: a block put, or, where `bytes` is absent, removed. */
export interface OverlayChange {
  readonly cid: CidBytes;
  readonly bytes: Uint8Array | undefined;
}

/** The store that an overlay is: it reads at once where its base does, and then writes at once too. */
export type OverlayStore<Base> = Base extends SyncReads ? Store : Composed<Base>;

/** Changes on top of a base that stays as it is, until they are committed or discarded. */
export interface Overlay<Base extends AsyncStore = AsyncStore> {
  /** The base as it would be with the changes. */
  readonly blocks: OverlayStore<Base>;
  /** Memory that the changes take, overhead included. */
  readonly bytes: number;
  /** The changes now, in the order they were made; of one block the last. */
  changes(): OverlayChange[];
  /** Forgets all changes. */
  discard(): void;
  /**
   * Makes the changes in the base: puts in one batch, then deletions. What is written meanwhile stays a change. After a
   * failure all are still there, and a second commit does no harm.
   */
  commit(options?: AbortOptions): Promise<void>;
  /** {@link commit} at once, where the base writes at once. */
  readonly commitSync: Base extends Store ? () => void : undefined;
}

/**
 * Puts changes on top of a store, in memory: for trying out, for simulating messages, for tests. The base is only read,
 * until `commit`.
 *
 * Cost: a read asks the base unless the overlay knows the block. Bound: `maxBytes`.
 *
 * @see forest src/db/car/many.rs, lotus blockstore/buffered.go
 * @example
 * const overlay = createOverlay(store);
 * overlay.blocks.putSync(cid, bytes);
 * overlay.discard(); // and nothing has happened
 */
export function createOverlay<Base extends AsyncStore>(base: Base, options: OverlayOptions = {}): Overlay<Base> {
  return new ChangesOver(base, options) as Overlay<AsyncStore> as Overlay<Base>;
}

class ChangesOver implements Overlay<AsyncStore> {
  readonly blocks: AsyncStore;
  readonly commitSync: undefined;
  readonly #held = new HeldBlocks();
  readonly #base: AsyncStore;

  constructor(base: AsyncStore, options: OverlayOptions) {
    this.#base = base;
    const held = this.#held;
    const atOnce = readsAtOnce(base) ? faceAtOnce(base) : undefined;
    this.blocks = composedOf({
      later: new OverlayFace(faceLater(base), held, options),
      atOnce: atOnce && new OverlayFace(atOnce, held, options),
      writesAtOnce: true,
      entries: (listing) => listedOverLater(held.snapshot(), base.entries(listing)),
      ...(isStore(base) ? { entriesSync: () => listedOver(held.snapshot(), base.entriesSync()) } : {}),
    });
    if (isStore(base)) Object.assign(this, { commitSync: () => this.#commit(faceAtOnce(base)) });
  }

  get bytes(): number {
    return this.#held.bytes;
  }

  changes(): OverlayChange[] {
    return this.#held.snapshot().map(([key, bytes]) => ({ cid: fromLatin1(key), bytes: bytes ?? undefined }));
  }

  discard(): void {
    this.#held.clear();
  }

  async commit(options?: AbortOptions): Promise<void> {
    await this.#commit(faceLater(this.#base), options);
  }

  /** Deletions come last: a base that fails between is left with blocks too many, not too few. */
  #commit(base: Face, options?: AbortOptions): Maybe<void> {
    const snapshot = this.#held.snapshot();
    const puts: BlockEntry[] = [];
    const gone: CidBytes[] = [];
    for (const [key, bytes] of snapshot) {
      if (bytes === null) gone.push(fromLatin1(key));
      else puts.push([fromLatin1(key), bytes]);
    }
    const put = puts.length === 0 ? undefined : base.putMany(puts, options);
    const done = after(put, () => (gone.length === 0 ? undefined : base.deleteMany(gone, options)));
    return after(done, () => {
      for (const [key, bytes] of snapshot) this.#held.removeIf(key, bytes);
    });
  }
}

class OverlayFace extends Layer {
  readonly #held: HeldBlocks;
  readonly #options: OverlayOptions;

  constructor(base: Face, held: HeldBlocks, options: OverlayOptions) {
    super(base);
    this.#held = held;
    this.#options = options;
  }

  protected override peek(cid: CidBytes): Known {
    return this.#held.get(cidKey(cid));
  }

  putMany(entries: readonly BlockEntry[], options?: AbortOptions): Maybe<void> {
    for (const [cid] of entries) assertStorableCid(cid);
    if (this.#options.skipKnown !== true) return this.#put(entries);
    const unknown = entries.filter(([cid]) => this.peek(cid) === undefined);
    return after(this.#inBase(unknown, options), (there) =>
      this.#put(entries.filter(([cid]) => !there.has(cidKey(cid)))),
    );
  }

  deleteMany(cids: readonly CidBytes[]): void {
    let more = 0;
    for (const cid of cids) more += costOf(cid, null);
    this.#assertRoom(more);
    for (const cid of cids) this.#held.mark(cidKey(cid));
  }

  #put(entries: readonly BlockEntry[]): void {
    this.#assertRoom(costOfAll(entries));
    for (const [cid, bytes] of entries) this.#held.put(cidKey(cid), bytes);
  }

  /** Keys of the blocks that the base holds. */
  #inBase(entries: readonly BlockEntry[], options?: AbortOptions): Maybe<Set<string>> {
    let keys: Maybe<Set<string>> = new Set();
    for (const [cid] of entries) {
      keys = after(keys, (known) =>
        after(this.base.has(cid, options), (there) => {
          if (there) known.add(cidKey(cid));
          return known;
        }),
      );
    }
    return keys;
  }

  #assertRoom(more: number): void {
    const limit = this.#options.maxBytes;
    const bytes = this.#held.bytes + more;
    if (limit !== undefined && bytes > limit)
      throw new BlockstoreError("blockstore/memory-full", { holder: "overlay", bytes, limit });
  }
}
