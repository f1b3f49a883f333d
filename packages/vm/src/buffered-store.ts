import { type CidBytes, cidKey, type SyncBlockStore } from "@copse/ipld";
import { reachableBlocks } from "./buffered-store/reachable.ts";
import type { FvmVersion } from "./fvm-version.ts";

/** A block that waits to be written. */
type Waiting = readonly [cid: CidBytes, bytes: Uint8Array];

/**
 * A store whose new blocks stay in memory until they are flushed. Nothing is taken back when a call is: what a reverted call
 * made is not reachable from the root, and so never written.
 *
 * @see ref-fvm:fvm/src/blockstore/buffered.rs
 */
export class BufferedStore implements SyncBlockStore {
  readonly base: SyncBlockStore;
  readonly #blocks: Map<string, Waiting> = new Map();

  constructor(base: SyncBlockStore) {
    this.base = base;
  }

  getSync(cid: CidBytes): Uint8Array | undefined {
    return this.#blocks.get(cidKey(cid))?.[1] ?? this.base.getSync(cid);
  }

  putSync(cid: CidBytes, bytes: Uint8Array): void {
    this.#blocks.set(cidKey(cid), [cid, bytes]);
  }

  putManySync(entries: Iterable<Waiting>): void {
    for (const [cid, bytes] of entries) this.putSync(cid, bytes);
  }

  /** Blocks that wait. */
  get waiting(): number {
    return this.#blocks.size;
  }

  /**
   * Writes the waiting blocks that are reachable from a root to the store below, children before their parents. A block that
   * does not wait is taken to be below, and all under it.
   *
   * FVM 2 forgets the rest; later generations keep it.
   *
   * @throws {VmError} `vm/flush-refused` a reachable CID or block that the reference does not follow
   * @throws {HostFault} of the store below
   */
  flush(root: CidBytes, fvm: FvmVersion): void {
    const { found, keys } = reachableBlocks(root, this.#blocks, fvm);
    this.base.putManySync(found);
    if (fvm === 2) this.#blocks.clear();
    else for (const key of keys) this.#blocks.delete(key);
  }
}
