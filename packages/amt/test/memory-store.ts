import { type CidBytes, cidKey } from "@copse/ipld";

/** A store for tests that counts what is asked of it. */
export class MemoryStore {
  readonly blocks: Map<string, Uint8Array> = new Map();
  reads = 0;

  getSync(cid: CidBytes): Uint8Array | undefined {
    this.reads++;
    return this.blocks.get(cidKey(cid));
  }

  async getBytes(cid: CidBytes): Promise<Uint8Array | undefined> {
    return this.getSync(cid);
  }

  put(blocks: Iterable<readonly [CidBytes, Uint8Array]>): void {
    for (const [cid, block] of blocks) this.blocks.set(cidKey(cid), block);
  }

  putManySync(blocks: Iterable<readonly [CidBytes, Uint8Array]>): void {
    this.put(blocks);
  }

  async putManyBytes(blocks: Iterable<readonly [CidBytes, Uint8Array]>): Promise<void> {
    this.put(blocks);
  }
}
