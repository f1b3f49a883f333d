import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, it } from "vitest";
import { describeDatabase } from "../src/compliance.ts";
import { openLmdbDatabase } from "../src/lmdb.ts";

const folder = mkdtempSync(join(tmpdir(), "copse-lmdb-"));
afterAll(() => rmSync(folder, { recursive: true }));
let count = 0;

// A tail of a few blocks, so that merges run all the time; and the usual one, which these suites never fill.
for (const options of [{ tailBlocks: 5 }, {}, { thread: true, tailBlocks: 50 }]) {
  describeDatabase(
    `LMDB ${JSON.stringify(options)}`,
    { open: () => openLmdbDatabase(join(folder, String(count++)), options), close: (db) => db.close() },
    { describe, it },
  );
}
