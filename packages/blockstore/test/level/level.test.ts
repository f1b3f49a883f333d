import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, it } from "vitest";
import { describeAsyncDatabase, describeDatabase } from "../../src/compliance.ts";
import { openLevelDatabase, openMirroredLevelDatabase } from "../../src/level.ts";

const folder = mkdtempSync(join(tmpdir(), "copse-level-"));
afterAll(() => rmSync(folder, { recursive: true }));
let count = 0;

for (const options of [{}, { durable: false, writeBufferBytes: 1 << 16 }]) {
  describeAsyncDatabase(
    `Level ${JSON.stringify(options)}`,
    { open: () => openLevelDatabase(join(folder, String(count++)), options), close: (db) => db.close() },
    { describe, it },
  );
}

describeDatabase(
  "Level mirrored in memory",
  { open: () => openMirroredLevelDatabase(join(folder, String(count++))), close: (db) => db.close() },
  { describe, it },
);
