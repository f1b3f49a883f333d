import { expect, it } from "vitest";
import { sampleBlocks } from "../../src/compliance/rules.ts";
import { createTracker } from "../../src/compose.ts";
import type { BlockEntry } from "../../src/index.ts";
import { holding, laterStore } from "./bases.ts";

const [a, b, c] = sampleBlocks(1, 3) as [BlockEntry, BlockEntry, BlockEntry];

it("counts reads, misses, looks, writes and deletions, with their bytes", async () => {
  const { blocks, counts, reset } = createTracker(holding([a]));
  blocks.getSync(a[0]);
  await blocks.getManyBytes([a[0], b[0]]);
  blocks.hasSync(a[0]);
  blocks.putManySync([b, c]);
  await blocks.deleteManyBytes([c[0]]);
  const size = a[1].length;
  const expected = {
    reads: 3,
    misses: 1,
    bytesRead: 2 * size,
    looks: 1,
    writes: 2,
    bytesWritten: 2 * size,
    deletes: 1,
  };
  expect(counts()).toEqual(expected);
  reset();
  expect(Object.values(counts()).every((count) => count === 0)).toBe(true);
});

it("records what was read and found, each once or every time, in order", async () => {
  const each = createTracker(holding([a, b]), { record: "each" });
  const every = createTracker(laterStore(holding([a, b])), { record: "every" });
  for (const [cid] of [b, a, c, b]) {
    each.blocks.getSync(cid);
    await every.blocks.getBytes(cid);
  }
  expect(each.recorded()).toEqual([b[0], a[0]]);
  expect(every.recorded()).toEqual([b[0], a[0], b[0]]);
  each.reset();
  expect(each.recorded()).toEqual([]);
});

it("fails rather than leave out what was read", () => {
  const { blocks } = createTracker(holding([a, b]), { record: "each", maxRecorded: 1 });
  blocks.getSync(a[0]);
  blocks.getSync(a[0]);
  expect(() => blocks.getSync(b[0])).toThrow(expect.objectContaining({ code: "blockstore/memory-full" }));
});
