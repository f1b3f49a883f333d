import { type BlockPair, type CidBytes, cidKey, type SyncBlockReader, type SyncBlockStore } from "@copse/ipld";

/** A layer of what was written. */
interface Written {
  readonly id: number;
  readonly blocks: Map<string, BlockPair>;
}

/**
 * What a machine writes, in memory, over stores that are only read, of which the first that has a block gives it.
 *
 * It begins with one layer. Whoever has blocks stored elsewhere meanwhile begins further ones, and drops those that are
 * stored. Bound: the blocks of the layers that are left.
 */
export class LayeredStore implements SyncBlockStore {
  /** Oldest first. */
  #layers: readonly Written[] = [{ id: 0, blocks: new Map() }];
  readonly #below: readonly SyncBlockReader[];

  constructor(...below: readonly SyncBlockReader[]) {
    this.#below = below;
  }

  /** Begins a layer above all others: what is put from now on is in it. */
  begin(id: number): void {
    this.#layers = [...this.#layers, { id, blocks: new Map() }];
  }

  /** The blocks of the newest layer, in the order in which each was first put. */
  written(): readonly BlockPair[] {
    return Array.from(this.#layers.at(-1)?.blocks.values() ?? []);
  }

  /** Forgets a layer: the stores below have its blocks, or nothing came of it. */
  drop(id: number): void {
    this.#layers = this.#layers.filter((layer) => layer.id !== id);
  }

  getSync(cid: CidBytes): Uint8Array | undefined {
    const key = cidKey(cid);
    for (let i = this.#layers.length - 1; i >= 0; i--) {
      const own = this.#layers[i]?.blocks.get(key);
      if (own !== undefined) return own[1];
    }
    for (const store of this.#below) {
      const block = store.getSync(cid);
      if (block !== undefined) return block;
    }
    return undefined;
  }

  putSync(cid: CidBytes, bytes: Uint8Array): void {
    this.#layers.at(-1)?.blocks.set(cidKey(cid), [cid.slice(), bytes.slice()]);
  }

  putManySync(entries: Iterable<BlockPair>): void {
    for (const [cid, bytes] of entries) this.putSync(cid, bytes);
  }
}
