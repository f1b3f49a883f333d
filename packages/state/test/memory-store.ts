import { type BlockPair, type CidBytes, cidKey, type SyncBlockStore } from "@copse/ipld";

/** A store for tests, which may lack what it holds and refuse what it is given. */
export class MemoryStore implements SyncBlockStore {
  readonly blocks: Map<string, Uint8Array> = new Map();
  /** Says whether the next read or write fails. */
  fails: () => boolean = () => false;

  getSync(cid: CidBytes): Uint8Array | undefined {
    return this.fails() ? undefined : this.blocks.get(cidKey(cid));
  }

  putSync(cid: CidBytes, bytes: Uint8Array): void {
    this.putManySync([[cid, bytes]]);
  }

  putManySync(entries: Iterable<BlockPair>): void {
    if (this.fails()) throw new Error("full");
    for (const [cid, bytes] of entries) this.blocks.set(cidKey(cid), bytes);
  }
}
