import { type CidBytes, readCid } from "@copse/ipld";
import { HostFault } from "@copse/primitives";
import { BlockstoreError } from "../errors.ts";
import { guarded, storeFault } from "../fault.ts";
import { assertStorableCid } from "../limits.ts";
import type { BlockEntry, BlockTable, Closable, Store } from "../store.ts";
import { storeOf } from "../store-of.ts";
import {
  blockFolders,
  blockNames,
  discard,
  hasBlock,
  placeBlock,
  type Root,
  readBlock,
  readEntry,
  removeBlock,
  syncFolders,
  type Written,
  writeBlock,
} from "./block-files.ts";
import { type FileWork, runAtOnce, runLater } from "./files.ts";
import { type FsOptions, openFolder } from "./open-folder.ts";
import { forEach, Slots } from "./slots.ts";

/** Files that one store has open at a time: more bring nothing, and systems allow a process only so many. */
const mostAtOnce = 32;

/** A folder of blocks, one file each. */
export interface FsBlockstore extends Store, Closable {
  /** Blocks are found by multihash, whatever version and codec their CIDs have: so are folders of Helia and Kubo. */
  readonly byMultihash: boolean;
}

/**
 * Opens a folder that keeps each block in a file of its own, and makes it where there is none. Node.js only.
 *
 * For few or large blocks, for folders that other tools copy and compare, and to read what Helia (`blockstore-fs`) and
 * Kubo (`flatfs`) have kept; for millions of small blocks a database is many times as fast and takes a tenth of the disk.
 *
 * Any number of processes may use one folder. A file is written elsewhere and moved to its place, so no block is ever seen
 * in part, and a full disk leaves none of a batch that did not fit. See {@link FsOptions.durable}.
 *
 * @throws {HostFault} `host/store-failed`
 * @throws {BlockstoreError} `blockstore/layout-unknown`
 * @example
 * await using store = await openFsBlockstore("./blocks");
 * await store.putManyBytes([[cid, bytes]]);
 */
export async function openFsBlockstore(path: string, options: FsOptions = {}): Promise<FsBlockstore> {
  const root = await openFolder(path, options);
  const table = new FolderTable(root, root.readOnly);
  return Object.assign(storeOf(table), {
    byMultihash: root.layout.byMultihash,
    flush: () => table.flush(),
    close: () => table.close(),
    [Symbol.asyncDispose]: () => table.close(),
  });
}

class FolderTable implements BlockTable {
  readonly #root: Root;
  readonly #readOnly: boolean;
  readonly #slots = new Slots(mostAtOnce);
  readonly #underWay = new Set<Promise<unknown>>();
  #open = true;

  constructor(root: Root, readOnly: boolean) {
    this.#root = root;
    this.#readOnly = readOnly;
  }

  getSync(cid: CidBytes): Uint8Array | undefined {
    return this.#atOnce("read", () => readBlock(this.#root, cid));
  }

  getBytes(cid: CidBytes): Promise<Uint8Array | undefined> {
    return this.#later("read", () => readBlock(this.#root, cid));
  }

  getManyBytes(cids: readonly CidBytes[]): Promise<(Uint8Array | undefined)[]> {
    return forEach(cids, (cid) => this.getBytes(cid));
  }

  hasSync(cid: CidBytes): boolean {
    return this.#atOnce("read", () => hasBlock(this.#root, cid));
  }

  hasBytes(cid: CidBytes): Promise<boolean> {
    return this.#later("read", () => hasBlock(this.#root, cid));
  }

  putManySync(entries: Iterable<BlockEntry>): void {
    this.#assertWritable("put");
    const checked = this.#checked(entries);
    const written: Written[] = [];
    guarded("put", () => {
      try {
        for (const entry of checked) {
          const one = runAtOnce(writeBlock(this.#root, entry));
          if (one !== undefined) written.push(one);
        }
        for (const one of written) runAtOnce(placeBlock(this.#root, one));
        runAtOnce(syncFolders(this.#root, written));
      } catch (error) {
        for (const one of written) runAtOnce(discard(one));
        throw error;
      }
    });
  }

  async putManyBytes(entries: Iterable<BlockEntry>): Promise<void> {
    this.#assertWritable("put");
    const checked = this.#checked(entries);
    const written: Written[] = [];
    const put = async (): Promise<void> => {
      try {
        await forEach(checked, async (entry) => {
          const one = await this.#run(() => writeBlock(this.#root, entry));
          if (one !== undefined) written.push(one);
        });
        await forEach(written, (one) => this.#run(() => placeBlock(this.#root, one)));
        await this.#run(() => syncFolders(this.#root, written));
      } catch (error) {
        await Promise.allSettled(written.map((one) => this.#run(() => discard(one))));
        throw storeFault("put", error);
      }
    };
    await this.#tracked(put());
  }

  deleteManySync(cids: Iterable<CidBytes>): void {
    this.#assertWritable("delete");
    for (const cid of cids) this.#atOnce("delete", () => removeBlock(this.#root, cid));
  }

  async deleteManyBytes(cids: Iterable<CidBytes>): Promise<void> {
    this.#assertWritable("delete");
    await forEach(Array.from(cids), (cid) => this.#later("delete", () => removeBlock(this.#root, cid)));
  }

  *entriesSync(): Generator<BlockEntry> {
    for (const folder of this.#atOnce("list", () => blockFolders(this.#root))) {
      for (const name of this.#atOnce("list", () => blockNames(this.#root, folder))) {
        const entry = this.#atOnce("list", () => readEntry(this.#root, folder, name));
        if (entry !== undefined) yield entry;
      }
    }
  }

  async *entries(): AsyncGenerator<BlockEntry> {
    for (const folder of await this.#later("list", () => blockFolders(this.#root))) {
      const names = await this.#later("list", () => blockNames(this.#root, folder));
      for (let at = 0; at < names.length; at += mostAtOnce) {
        const page = names.slice(at, at + mostAtOnce);
        for (const entry of await forEach(page, (name) =>
          this.#later("list", () => readEntry(this.#root, folder, name)),
        )) {
          if (entry !== undefined) yield entry;
        }
      }
    }
  }

  async flush(): Promise<void> {
    this.#assertOpen("flush");
    await Promise.allSettled([...this.#underWay]);
  }

  async close(): Promise<void> {
    this.#open = false;
    await Promise.allSettled([...this.#underWay]);
  }

  /** All entries, none of which the layout refuses. @throws {CidError} `cid/malformed` in layouts by multihash */
  #checked(entries: Iterable<BlockEntry>): BlockEntry[] {
    const all = Array.from(entries);
    for (const [cid] of all) {
      assertStorableCid(cid);
      if (this.#root.layout.placeOf(cid) !== undefined) continue;
      readCid(cid); // what is no CID has no multihash
      throw new BlockstoreError("blockstore/cid-too-long", { length: cid.length, limit: longestForeignCid });
    }
    return all;
  }

  #atOnce<T>(operation: string, work: () => FileWork<T>): T {
    this.#assertOpen(operation);
    return guarded(operation, () => runAtOnce(work()));
  }

  async #later<T>(operation: string, work: () => FileWork<T>): Promise<T> {
    this.#assertOpen(operation);
    try {
      return await this.#tracked(this.#run(work));
    } catch (error) {
      throw storeFault(operation, error);
    }
  }

  #run<T>(work: () => FileWork<T>): Promise<T> {
    return this.#slots.run(() => runLater(work()));
  }

  /** What closing waits for. */
  async #tracked<T>(work: Promise<T>): Promise<T> {
    this.#underWay.add(work);
    try {
      return await work;
    } finally {
      this.#underWay.delete(work);
    }
  }

  #assertOpen(operation: string): void {
    if (!this.#open) throw new HostFault("host/store-failed", { operation, reason: "the store is closed" });
  }

  #assertWritable(operation: string): void {
    this.#assertOpen(operation);
    if (this.#readOnly) throw new BlockstoreError("blockstore/read-only", { operation });
  }
}

/** A multihash of 155 B is a name of 254 characters where names are of multihashes; a CID has 3 B more or less. */
const longestForeignCid = 157;
