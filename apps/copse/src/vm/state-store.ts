import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { openLmdbDatabase } from "@copse/blockstore/lmdb";
import { openCarStore } from "@copse/car/node";
import type { SyncBlockReader } from "@copse/ipld";
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
