import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { latin1 } from "@copse/primitives";
import { seeded } from "@copse/testkit";
import { afterAll, expect, it } from "vitest";
import { sampleBlock } from "../src/compliance/rules.ts";
import { createMemoryDatabase, type Database, type RowOp } from "../src/index.ts";
import { openLmdbDatabase } from "../src/lmdb.ts";

const folder = mkdtempSync(join(tmpdir(), "copse-model-"));
afterAll(() => rmSync(folder, { recursive: true }));
const universe = 400;

/** The same random commands against LMDB (opened anew now and then), the memory database, and plain maps. */
for (const [seed, tailBlocks, thread] of [
  [1, 1, false],
  [2, 7, false],
  [3, 60, false],
  [4, 100_000, false],
  [5, 60, true],
] as const) {
  it(`agrees with plain maps: seed ${seed}, tail ${tailBlocks}${thread ? ", written by a thread" : ""}`, async () => {
    const random = seeded(seed);
    const pick = (limit: number): number => Math.floor(random() * limit);
    const path = join(folder, String(seed));
    const memory = createMemoryDatabase();
    let lmdb = await openLmdbDatabase(path, { tailBlocks, thread });
    const blocks = new Map<number, number>();
    const rows = new Map<string, Uint8Array>();
    const steps = thread ? 80 : 250; // a thread takes its time to start
    for (let step = 0; step < steps; step++) {
      const kind = pick(10);
      if (kind === 0) {
        await lmdb.close();
        lmdb = await openLmdbDatabase(path, { tailBlocks, thread });
      } else if (kind < 3) {
        const gone = pick(universe);
        blocks.delete(gone);
        for (const database of [lmdb, memory]) database.blocks.deleteSync(sampleBlock(gone)[0]);
      } else {
        const put = Array.from({ length: pick(30) }, () => pick(universe));
        const ops = Array.from({ length: pick(10) }, (): RowOp => {
          const key = Uint8Array.from({ length: 1 + pick(3) }, () => pick(4));
          return { table: "t", key, value: pick(3) === 0 ? undefined : Uint8Array.of(step) };
        });
        for (const n of put) blocks.set(n, n);
        for (const { key, value } of ops) {
          if (value === undefined) rows.delete(latin1(key));
          else rows.set(latin1(key), value);
        }
        const batch = { blocks: put.map((n) => sampleBlock(n)), rows: ops };
        for (const database of [lmdb, memory]) {
          if (kind < 6) database.commitSync(batch);
          else await database.commit(batch);
        }
      }
      if (step % 10 === 0 || step === steps - 1) for (const database of [lmdb, memory]) compare(database);
    }
    await lmdb.close();

    function compare(database: Database): void {
      for (let n = 0; n < universe; n++) {
        const [cid, bytes] = sampleBlock(n);
        expect(database.blocks.getSync(cid), `block ${n}`).toEqual(blocks.has(n) ? bytes : undefined);
      }
      const sorted = [...rows].sort(([a], [b]) => (a < b ? -1 : 1));
      const found = Array.from(database.rows("t").range(), ([key, value]) => [latin1(key), value]);
      expect(found).toEqual(sorted);
      const half = Array.from(database.rows("t").range({ gte: Uint8Array.of(1), lt: Uint8Array.of(3), reverse: true }));
      expect(half.map(([key]) => latin1(key))).toEqual(
        sorted
          .map(([key]) => key)
          .filter((key) => key >= "\x01" && key < "\x03")
          .reverse(),
      );
    }
  });
}
