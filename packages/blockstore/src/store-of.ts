import type { CidBytes } from "@copse/ipld";
import type { AbortOptions } from "@copse/primitives";
import { CidFace } from "./cid-face.ts";
import { BlockstoreError } from "./errors.ts";
import type {
  AsyncBlockSource,
  AsyncBlockTable,
  AsyncStore,
  BlockEntry,
  BlockSource,
  BlockTable,
  Store,
  SyncReads,
} from "./store.ts";

/**
 * Gives a table that answers at once all faces of {@link Store}. A `Store` is such a table too.
 *
 * @example
 * const store = storeOf({ getSync, hasSync, putManySync, deleteManySync, entriesSync });
 */
export function storeOf(table: BlockTable): Store {
  return new TableStore(table);
}

/**
 * Gives a table that answers later the CID face, and so makes it an {@link AsyncStore}; with `getSync` and `hasSync` of
 * the table, where it has them. An `AsyncStore` is such a table too.
 *
 * @example
 * const store = asyncStoreOf({ getBytes, hasBytes, putManyBytes, deleteManyBytes, entries });
 */
export function asyncStoreOf(table: AsyncBlockTable & SyncReads): AsyncStore & SyncReads;
export function asyncStoreOf(table: AsyncBlockTable): AsyncStore;
export function asyncStoreOf(table: AsyncBlockTable): AsyncStore {
  return readsAtOnce(table) ? new SyncReadStore(table) : new CidFace(table);
}

/**
 * A {@link Store} of what can only be read: whatever would change it fails with `blockstore/read-only`. Given a `Store`,
 * a view of it for reading.
 *
 * @example
 * const view = readOnlyStoreOf(store);
 */
export function readOnlyStoreOf(source: BlockSource): Store {
  return new TableStore({
    ...bound(source),
    getSync: (cid) => source.getSync(cid),
    hasSync: (cid) => source.hasSync(cid),
    putManySync: () => refuse("put"),
    deleteManySync: () => refuse("delete"),
  });
}

/**
 * An {@link AsyncStore} of what can only be read, later: whatever would change it fails with `blockstore/read-only`. With
 * `getSync` and `hasSync` of the source, where it has them.
 *
 * @example
 * const store = asyncReadOnlyStoreOf({ getBytes, hasBytes });
 */
export function asyncReadOnlyStoreOf(source: AsyncBlockSource & SyncReads): AsyncStore & SyncReads;
export function asyncReadOnlyStoreOf(source: AsyncBlockSource): AsyncStore;
export function asyncReadOnlyStoreOf(source: AsyncBlockSource): AsyncStore {
  const table: AsyncBlockTable = {
    ...bound(source),
    getBytes: (cid, options) => source.getBytes(cid, options),
    hasBytes: (cid, options) => source.hasBytes(cid, options),
    putManyBytes: async () => refuse("put"),
    deleteManyBytes: async () => refuse("delete"),
  };
  if (!readsAtOnce(source)) return new CidFace(table);
  return new SyncReadStore({ ...table, getSync: (cid) => source.getSync(cid), hasSync: (cid) => source.hasSync(cid) });
}

/** Whether a store or table answers at once too. */
function readsAtOnce<Table extends object>(table: Table): table is Table & SyncReads {
  return "getSync" in table && "hasSync" in table;
}

function refuse(operation: string): never {
  throw new BlockstoreError("blockstore/read-only", { operation });
}

/** The optional forms that a source has, as functions of their own. */
function bound(source: Partial<AsyncBlockSource> & Pick<BlockSource, "entriesSync">): Partial<BlockSource> {
  const forms: Partial<BlockSource> = {};
  if (source.getBytes !== undefined) forms.getBytes = source.getBytes.bind(source);
  if (source.hasBytes !== undefined) forms.hasBytes = source.hasBytes.bind(source);
  if (source.getManyBytes !== undefined) forms.getManyBytes = source.getManyBytes.bind(source);
  if (source.entries !== undefined) forms.entries = source.entries.bind(source);
  if (source.entriesSync !== undefined) forms.entriesSync = source.entriesSync.bind(source);
  return forms;
}

class SyncReadStore extends CidFace implements SyncReads {
  readonly #table: SyncReads;

  constructor(table: AsyncBlockTable & SyncReads) {
    super(table);
    this.#table = table;
  }

  getSync(cid: CidBytes): Uint8Array | undefined {
    return this.#table.getSync(cid);
  }

  hasSync(cid: CidBytes): boolean {
    return this.#table.hasSync(cid);
  }
}

class TableStore extends CidFace implements Store {
  readonly #table: BlockTable;

  constructor(table: BlockTable) {
    super(new LaterTable(table));
    this.#table = table;
  }

  getSync(cid: CidBytes): Uint8Array | undefined {
    return this.#table.getSync(cid);
  }

  hasSync(cid: CidBytes): boolean {
    return this.#table.hasSync(cid);
  }

  putSync(cid: CidBytes, bytes: Uint8Array): void {
    this.#table.putManySync([[cid, bytes]]);
  }

  putManySync(entries: Iterable<BlockEntry>): void {
    this.#table.putManySync(entries);
  }

  deleteSync(cid: CidBytes): void {
    this.#table.deleteManySync([cid]);
  }

  deleteManySync(cids: Iterable<CidBytes>): void {
    this.#table.deleteManySync(cids);
  }

  entriesSync(): Iterable<BlockEntry> {
    return listed(this.#table);
  }
}

/**
 * A synchronous table's asynchronous forms: its own where it has them, else the synchronous ones. A promise more on the
 * way of each read costs as much as the read of a map, so none is made that is not needed.
 */
class LaterTable implements AsyncBlockTable {
  readonly #table: BlockTable;

  constructor(table: BlockTable) {
    this.#table = table;
  }

  getBytes(cid: CidBytes, options?: AbortOptions): Promise<Uint8Array | undefined> {
    return this.#table.getBytes === undefined ? promised(this.#table, cid) : this.#table.getBytes(cid, options);
  }

  async getManyBytes(cids: readonly CidBytes[], options?: AbortOptions): Promise<(Uint8Array | undefined)[]> {
    const table = this.#table;
    if (table.getManyBytes !== undefined) return table.getManyBytes(cids, options);
    if (table.getBytes === undefined) return cids.map((cid) => table.getSync(cid));
    return Promise.all(cids.map((cid) => this.getBytes(cid, options)));
  }

  async hasBytes(cid: CidBytes, options?: AbortOptions): Promise<boolean> {
    return this.#table.hasBytes === undefined ? this.#table.hasSync(cid) : this.#table.hasBytes(cid, options);
  }

  async putManyBytes(entries: Iterable<BlockEntry>, options?: AbortOptions): Promise<void> {
    if (this.#table.putManyBytes === undefined) this.#table.putManySync(entries);
    else await this.#table.putManyBytes(entries, options);
  }

  async deleteManyBytes(cids: Iterable<CidBytes>, options?: AbortOptions): Promise<void> {
    if (this.#table.deleteManyBytes === undefined) this.#table.deleteManySync(cids);
    else await this.#table.deleteManyBytes(cids, options);
  }

  async *entries(options?: AbortOptions): AsyncIterable<BlockEntry> {
    yield* this.#table.entries === undefined ? listed(this.#table) : this.#table.entries(options);
  }
}

async function promised(table: BlockTable, cid: CidBytes): Promise<Uint8Array | undefined> {
  return table.getSync(cid);
}

function listed(source: BlockSource): Iterable<BlockEntry> {
  if (source.entriesSync === undefined) throw new BlockstoreError("blockstore/unlisted", {});
  return source.entriesSync();
}
