import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, it } from "vitest";
import { describeDatabase, describeReadOnlyStore } from "../src/compliance.ts";
import type { Database, Store } from "../src/index.ts";
import { openLmdbDatabase } from "../src/lmdb.ts";

const folder = mkdtempSync(join(tmpdir(), "copse-lmdb-"));
afterAll(() => rmSync(folder, { recursive: true }));
let count = 0;

// Tails of a few blocks, so that merges run all the time.
for (const options of [{ tailBlocks: 5 }, { thread: true, tailBlocks: 50 }]) {
  describeDatabase(
    `LMDB ${JSON.stringify(options)}`,
    { open: () => openLmdbDatabase(join(folder, String(count++)), options), close: (db) => db.close() },
    { describe, it },
  );
}

const opened = new Map<Store, Database>();
describeReadOnlyStore(
  "LMDB for reading",
  {
    async open(blocks) {
      const path = join(folder, String(count++));
      const writer = await openLmdbDatabase(path, { tailBlocks: 5 });
      await writer.commit({ blocks });
      await writer.close();
      const database = await openLmdbDatabase(path, { readOnly: true });
      opened.set(database.blocks, database);
      return database.blocks;
    },
    close: (store) => opened.get(store)?.close(),
  },
  { describe, it },
);
