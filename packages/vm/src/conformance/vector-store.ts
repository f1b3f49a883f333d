import type { CarBlock } from "@copse/car";
import { type BlockPair, type CidBytes, cidKey, type SyncBlockReader, type SyncBlockStore } from "@copse/ipld";

/** A vector's blocks, and what its machine writes, over those of the actors, which are shared and stay as they are. */
export class VectorStore implements SyncBlockStore {
  readonly #blocks: Map<string, Uint8Array> = new Map();
  readonly #actors: SyncBlockReader;

  constructor(blocks: Iterable<CarBlock>, actors: SyncBlockReader) {
    this.#actors = actors;
    for (const { cid, bytes } of blocks) this.#blocks.set(cidKey(cid), bytes);
  }

  getSync(cid: CidBytes): Uint8Array | undefined {
    return this.#blocks.get(cidKey(cid)) ?? this.#actors.getSync(cid);
  }

  putSync(cid: CidBytes, bytes: Uint8Array): void {
    this.#blocks.set(cidKey(cid), bytes.slice());
  }

  putManySync(entries: Iterable<BlockPair>): void {
    for (const [cid, bytes] of entries) this.putSync(cid, bytes);
  }
}
