import type { CidBytes } from "@copse/ipld";
import type { AbortOptions } from "@copse/primitives";
import type { AsyncBlockTable, AsyncStore, BlockEntry, BlockTable, Store, SyncReads } from "../store.ts";
import { asyncStoreOf, storeOf } from "../store-of.ts";
import type { Maybe } from "./maybe.ts";

/**
 * One face of a store, without saying which: each answer comes at once from the synchronous face, later from the other.
 * A composite is a function from the faces of its parts to a face of its own. It is applied to both, over one state.
 */
export interface Face {
  get(cid: CidBytes, options?: AbortOptions): Maybe<Uint8Array | undefined>;
  getMany(cids: readonly CidBytes[], options?: AbortOptions): Maybe<(Uint8Array | undefined)[]>;
  has(cid: CidBytes, options?: AbortOptions): Maybe<boolean>;
  putMany(entries: readonly BlockEntry[], options?: AbortOptions): Maybe<void>;
  deleteMany(cids: readonly CidBytes[], options?: AbortOptions): Maybe<void>;
}

/**
 * The store that a composite of `Part`s is: it answers at once exactly where every part does.
 *
 * @example
 * const cached: Composed<Store> = createCachedStore(createMemoryBlockstore(), { maxBytes: 1 << 20 });
 */
export type Composed<Part> = Part extends Store ? Store : Part extends SyncReads ? AsyncStore & SyncReads : AsyncStore;

/** Whether a store reads at once. */
export function readsAtOnce(store: AsyncStore): store is AsyncStore & SyncReads {
  return "getSync" in store && "hasSync" in store;
}

/** Whether a store reads and writes at once. */
export function isStore(store: AsyncStore): store is Store {
  return readsAtOnce(store) && "putManySync" in store;
}

/** Faces of the composites, by their stores: one composite over another goes straight to its face, not by the store's. */
const compositions = new WeakMap<object, Composition>();

/** The synchronous face of a store. What only some of them can (writes) is asked of those that can. */
export function faceAtOnce(store: SyncReads): Face {
  const made = compositions.get(store)?.atOnce;
  if (made !== undefined) return made;
  const whole = store as Store;
  return {
    get: (cid) => store.getSync(cid),
    getMany: (cids) => cids.map((cid) => store.getSync(cid)),
    has: (cid) => store.hasSync(cid),
    putMany: (entries) => whole.putManySync(entries),
    deleteMany: (cids) => whole.deleteManySync(cids),
  };
}

/** The asynchronous face of a store. */
export function faceLater(store: AsyncStore): Face {
  const made = compositions.get(store)?.later;
  if (made !== undefined) return made;
  return {
    get: (cid, options) => store.getBytes(cid, options),
    getMany: (cids, options) => store.getManyBytes(cids, options),
    has: (cid, options) => store.hasBytes(cid, options),
    putMany: (entries, options) => store.putManyBytes(entries, options),
    deleteMany: (cids, options) => store.deleteManyBytes(cids, options),
  };
}

/** What {@link composedOf} makes a store of. */
export interface Composition {
  /** Over the parts' asynchronous faces. */
  readonly later: Face;
  /** Over the parts' synchronous faces, where all have one. */
  readonly atOnce: Face | undefined;
  /** Whether the synchronous face writes too. */
  readonly writesAtOnce: boolean;
  entries(options?: AbortOptions): AsyncIterable<BlockEntry>;
  entriesSync?(): Iterable<BlockEntry>;
}

/** The store over the faces of a composite. */
export function composedOf(made: Composition): AsyncStore {
  const store = storeOver(made);
  compositions.set(store, made);
  return store;
}

function storeOver(made: Composition): AsyncStore {
  if (made.atOnce === undefined) return asyncStoreOf(new LaterTable(made));
  const table = new BothTable(made, made.atOnce);
  return made.writesAtOnce ? storeOf(table) : asyncStoreOf(table);
}

/**
 * The store that a function of one part's faces is; `waits` tells it which face it is given. It lists what the part lists,
 * each entry by `entryOf`.
 */
export function composedOver<Part extends AsyncStore>(
  part: Part,
  faceOf: (face: Face, waits: boolean) => Face,
  entryOf?: (entry: BlockEntry) => BlockEntry,
): Composed<Part> {
  const atOnce = readsAtOnce(part) ? faceOf(faceAtOnce(part), false) : undefined;
  const later = faceOf(faceLater(part), true);
  const made: Composition = {
    later,
    atOnce,
    writesAtOnce: isStore(part),
    entries: (options) => mapLater(part.entries(options), entryOf),
  };
  if (isStore(part)) made.entriesSync = () => Iterator.from(part.entriesSync()).map(entryOf ?? same);
  return composedOf(made) as Composed<Part>;
}

class LaterTable implements AsyncBlockTable {
  readonly #made: Composition;
  readonly #later: Face;

  constructor(made: Composition) {
    this.#made = made;
    this.#later = made.later;
  }

  async getBytes(cid: CidBytes, options?: AbortOptions): Promise<Uint8Array | undefined> {
    return this.#later.get(cid, options);
  }

  async getManyBytes(cids: readonly CidBytes[], options?: AbortOptions): Promise<(Uint8Array | undefined)[]> {
    return this.#later.getMany(cids, options);
  }

  async hasBytes(cid: CidBytes, options?: AbortOptions): Promise<boolean> {
    return this.#later.has(cid, options);
  }

  async putManyBytes(entries: Iterable<BlockEntry>, options?: AbortOptions): Promise<void> {
    await this.#later.putMany(Array.from(entries), options);
  }

  async deleteManyBytes(cids: Iterable<CidBytes>, options?: AbortOptions): Promise<void> {
    await this.#later.deleteMany(Array.from(cids), options);
  }

  entries(options?: AbortOptions): AsyncIterable<BlockEntry> {
    return this.#made.entries(options);
  }
}

/** Adds the synchronous forms: over parts that answer at once, so that no promise is among what the face gives. */
class BothTable extends LaterTable implements BlockTable {
  readonly #atOnce: Face;
  readonly entriesSync?: () => Iterable<BlockEntry>;

  constructor(made: Composition, atOnce: Face) {
    super(made);
    this.#atOnce = atOnce;
    if (made.entriesSync !== undefined) this.entriesSync = made.entriesSync;
  }

  getSync(cid: CidBytes): Uint8Array | undefined {
    return this.#atOnce.get(cid) as Uint8Array | undefined;
  }

  hasSync(cid: CidBytes): boolean {
    return this.#atOnce.has(cid) as boolean;
  }

  putManySync(entries: Iterable<BlockEntry>): void {
    this.#atOnce.putMany(Array.from(entries));
  }

  deleteManySync(cids: Iterable<CidBytes>): void {
    this.#atOnce.deleteMany(Array.from(cids));
  }
}

const same = (entry: BlockEntry): BlockEntry => entry;

async function* mapLater(
  entries: AsyncIterable<BlockEntry>,
  entryOf: (entry: BlockEntry) => BlockEntry = same,
): AsyncGenerator<BlockEntry> {
  for await (const entry of entries) yield entryOf(entry);
}
