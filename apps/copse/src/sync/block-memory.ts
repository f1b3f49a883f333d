import { type CidBytes, cidKey } from "@copse/ipld";

/** What a block costs beside its bytes: its key, the map's row, the array's own. Unit: bytes. */
const overhead = 300;

/** Blocks in memory, as many bytes as one likes: the ones read longest ago go first. */
export class BlockMemory {
  readonly #maxBytes: number;
  readonly #blocks = new Map<string, Uint8Array>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes taken, overhead included. */
  get bytes(): number {
    return this.#bytes;
  }

  get(cid: CidBytes): Uint8Array | undefined {
    const key = cidKey(cid);
    const block = this.#blocks.get(key);
    if (block === undefined) return undefined;
    this.#blocks.delete(key);
    this.#blocks.set(key, block); // youngest last
    return block;
  }

  /** Keeps a block, unless it alone is larger than all may be. */
  add(cid: CidBytes, block: Uint8Array): void {
    const key = cidKey(cid);
    if (this.#blocks.has(key) || block.length + overhead > this.#maxBytes) return;
    this.#blocks.set(key, block);
    this.#bytes += block.length + overhead;
    for (const [oldest, { length }] of this.#blocks) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#blocks.delete(oldest);
      this.#bytes -= length + overhead;
    }
  }
}
