import { createMemoryDatabase } from "@copse/blockstore";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Counts, countsTable, noCounts } from "../../src/sync/counts.ts";

const names = Object.keys(noCounts) as (keyof Counts)[];

describe("countsTable", () => {
  it("begins at nothing", () => {
    expect(countsTable(createMemoryDatabase()).read()).toEqual(noCounts);
  });

  it("finds in a new process exactly what was committed, whatever is added, and whenever it is opened again", async () => {
    const added = fc.record(
      Object.fromEntries(names.map((name) => [name, fc.nat(1000)])) as Record<keyof Counts, fc.Arbitrary<number>>,
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(added, fc.boolean()), { maxLength: 10 }), async (steps) => {
        const database = createMemoryDatabase();
        let table = countsTable(database);
        const sums: Record<string, number> = { ...noCounts };
        for (const [more, reopen] of steps) {
          await database.commit({ rows: table.rows(more) });
          for (const [name, count] of Object.entries(more)) sums[name] = (sums[name] ?? 0) + count;
          if (reopen) table = countsTable(database);
          expect(table.read()).toEqual(sums);
        }
        expect(countsTable(database).read()).toEqual(sums);
      }),
    );
  });

  it("reads totals of an older version, which has no name for some", async () => {
    const database = createMemoryDatabase();
    const [row] = countsTable(database).rows({ beacons: 3 });
    const older = new TextEncoder().encode('{"beacons":7}');
    await database.commit({ rows: [{ ...(row as NonNullable<typeof row>), value: older }] });
    expect(countsTable(database).read()).toEqual({ ...noCounts, beacons: 7 });
  });
});
