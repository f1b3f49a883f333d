import { expect, it } from "vitest";
import { sampleBlocks } from "../../src/compliance/rules.ts";
import { createOverlay, isStore } from "../../src/compose.ts";
import { asyncStoreOf, type BlockEntry, createMemoryBlockstore } from "../../src/index.ts";
import { holding, laterStore } from "./bases.ts";
import { GatedStore, turn } from "./gated.ts";

const [a, b, c] = sampleBlocks(1, 3) as [BlockEntry, BlockEntry, BlockEntry];

it("changes nothing below until they are committed", () => {
  const base = holding([a]);
  const overlay = createOverlay(base);
  overlay.blocks.putSync(...b);
  overlay.blocks.deleteSync(a[0]);
  expect([overlay.blocks.hasSync(a[0]), overlay.blocks.hasSync(b[0])]).toEqual([false, true]);
  expect([base.hasSync(a[0]), base.hasSync(b[0])]).toEqual([true, false]);
  expect(overlay.changes()).toEqual([
    { cid: b[0], bytes: b[1] },
    { cid: a[0], bytes: undefined },
  ]);
  overlay.commitSync();
  expect([base.hasSync(a[0]), base.hasSync(b[0])]).toEqual([false, true]);
  expect([overlay.changes(), overlay.bytes]).toEqual([[], 0]);
});

it("forgets all when they are discarded", () => {
  const base = holding([a]);
  const overlay = createOverlay(base);
  overlay.blocks.putSync(...b);
  overlay.blocks.deleteSync(a[0]);
  overlay.blocks.putSync(...a);
  overlay.discard();
  expect([overlay.blocks.hasSync(a[0]), overlay.blocks.hasSync(b[0]), overlay.bytes]).toEqual([true, false, 0]);
});

it("reads and writes at once over a base that only reads at once", async () => {
  const base = holding([a]);
  const overlay = createOverlay(asyncStoreOf(base));
  overlay.blocks.putSync(...b);
  overlay.blocks.deleteSync(a[0]);
  expect([overlay.blocks.hasSync(a[0]), overlay.blocks.hasSync(b[0])]).toEqual([false, true]);
  expect(overlay.commitSync).toBeUndefined();
  await overlay.commit();
  expect([base.hasSync(a[0]), base.hasSync(b[0])]).toEqual([false, true]);
  expect(isStore(createOverlay(laterStore()).blocks)).toBe(false);
});

it("keeps no block that the base has, where told to look", async () => {
  const overlay = createOverlay(laterStore(holding([a])), { skipKnown: true });
  await overlay.blocks.putManyBytes([a, b]);
  expect(overlay.changes().map(({ cid }) => cid)).toEqual([b[0]]);
  await overlay.blocks.deleteManyBytes([a[0]]);
  await overlay.blocks.putManyBytes([a]); // the base has it, but it was removed here
  expect(await overlay.blocks.getBytes(a[0])).toEqual(a[1]);
});

it("holds no more bytes than allowed, marks of deletions included", () => {
  const overlay = createOverlay(createMemoryBlockstore(), { maxBytes: 1500 });
  overlay.blocks.putManySync([a, b]);
  expect(overlay.bytes).toBeLessThanOrEqual(1500);
  const full = expect.objectContaining({
    code: "blockstore/memory-full",
    facts: expect.objectContaining({ limit: 1500 }),
  });
  expect(() => overlay.blocks.putSync(...c)).toThrow(full);
  expect(() => overlay.blocks.deleteSync(c[0])).toThrow(full);
});

it("what is written during a commit stays a change, and a commit that failed can be made again", async () => {
  const gated = new GatedStore(holding([c]));
  const overlay = createOverlay(gated.blocks);
  await overlay.blocks.putManyBytes([a, b]);
  await overlay.blocks.deleteManyBytes([c[0]]);
  const committing = overlay.commit();
  await turn();
  await overlay.blocks.deleteManyBytes([a[0]]);
  await gated.passAll();
  await committing;
  expect(overlay.changes()).toEqual([{ cid: a[0], bytes: undefined }]);
  expect([gated.memory.hasSync(a[0]), gated.memory.hasSync(c[0])]).toEqual([true, false]);
  const aborted = overlay.commit({ signal: AbortSignal.abort() });
  await expect(aborted).rejects.toMatchObject({ code: "host/aborted" });
  const again = overlay.commit();
  await gated.passAll();
  await again;
  expect([gated.memory.hasSync(a[0]), overlay.changes()]).toEqual([false, []]);
});
