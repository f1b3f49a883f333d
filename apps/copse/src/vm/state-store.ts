import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { openLmdbDatabase } from "@copse/blockstore/lmdb";
import { openCarStore } from "@copse/car/node";
import { type BlockPair, type CidBytes, cidKey, type SyncBlockReader, type SyncBlockStore } from "@copse/ipld";
import { carStoreLimits } from "../commands/car-input.ts";
import { readRepo } from "../repo.ts";

/** Blocks to read from, and to let go of. */
export interface OpenBlocks extends AsyncDisposable {
  readonly blocks: SyncBlockReader;
}

/** Opens a CAR file of any kind, a folder of LMDB or the repository of a node, to read blocks. */
export async function openBlocks(path: string, index: string | undefined): Promise<OpenBlocks> {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) {
    const isRepo = existsSync(join(path, "repo.json"));
    const database = isRepo ? (await readRepo(path)).database : await openLmdbDatabase(path, { readOnly: true });
    return { blocks: database.blocks, [Symbol.asyncDispose]: () => database.close() };
  }
  const store = await openCarStore(path, { ...carStoreLimits, index, spool: 2 ** 40 });
  return { blocks: store, [Symbol.asyncDispose]: () => store.close() };
}

/** What a machine writes, in memory, over stores that are only read: the first that has a block gives it. */
export class TrialStore implements SyncBlockStore {
  readonly written: Map<string, BlockPair> = new Map();
  readonly #below: readonly SyncBlockReader[];

  constructor(...below: readonly SyncBlockReader[]) {
    this.#below = below;
  }

  getSync(cid: CidBytes): Uint8Array | undefined {
    const own = this.written.get(cidKey(cid));
    if (own !== undefined) return own[1];
    for (const store of this.#below) {
      const block = store.getSync(cid);
      if (block !== undefined) return block;
    }
    return undefined;
  }

  putSync(cid: CidBytes, bytes: Uint8Array): void {
    this.written.set(cidKey(cid), [cid.slice(), bytes.slice()]);
  }

  putManySync(entries: Iterable<BlockPair>): void {
    for (const [cid, bytes] of entries) this.putSync(cid, bytes);
  }
}
