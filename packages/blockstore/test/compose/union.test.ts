import { HostFault } from "@copse/primitives";
import { expect, it } from "vitest";
import { sampleBlocks } from "../../src/compliance/rules.ts";
import { createTracker, isStore, unionStoreOf } from "../../src/compose.ts";
import { type AsyncStore, type BlockEntry, createMemoryBlockstore, createMemoryDatabase } from "../../src/index.ts";
import { failingStore, holding, laterStore } from "./bases.ts";
import { GatedStore, turn } from "./gated.ts";

const [a, b, c] = sampleBlocks(1, 3) as [BlockEntry, BlockEntry, BlockEntry];

it("asks one part after another, each for what those before it lack", async () => {
  const [first, second] = [createTracker(holding([a])), createTracker(holding([a, b]))];
  const store = unionStoreOf([first.blocks, second.blocks]);
  expect(store.getSync(a[0])).toEqual(a[1]);
  expect(second.counts().reads).toBe(0);
  expect(await store.getManyBytes([a[0], b[0], c[0]])).toEqual([a[1], b[1], undefined]);
  expect([first.counts().reads, second.counts().reads]).toEqual([4, 2]);
});

it("writes to one part, to all, or to none", async () => {
  const [one, two] = [createMemoryBlockstore(), createMemoryBlockstore()];
  unionStoreOf([one, two], { writeTo: two }).putSync(...a);
  expect([one.hasSync(a[0]), two.hasSync(a[0])]).toEqual([false, true]);
  const all = unionStoreOf([one, two], { writeTo: "all" });
  all.putSync(...b);
  expect([one.hasSync(b[0]), two.hasSync(b[0])]).toEqual([true, true]);
  all.deleteSync(b[0]);
  expect([one.hasSync(b[0]), two.hasSync(b[0])]).toEqual([false, false]);
  const readOnly = expect.objectContaining({ code: "blockstore/read-only" });
  expect(() => unionStoreOf([one, two]).putSync(...a)).toThrow(readOnly);
  await expect(unionStoreOf([laterStore()]).putManyBytes([a])).rejects.toMatchObject({ code: "blockstore/read-only" });
});

it("answers at once only where all parts do", () => {
  expect(isStore(unionStoreOf<AsyncStore>([holding([]), laterStore()]))).toBe(false);
  expect(isStore(unionStoreOf([holding([]), holding([])]))).toBe(true);
});

it("heals a part with what another had, by every way of reading", async () => {
  const [near, far] = [createMemoryBlockstore(), holding([a, b, c])];
  const store = unionStoreOf([near, far], { heal: near });
  store.getSync(a[0]);
  await store.getBytes(b[0]);
  await store.getManyBytes([a[0], c[0]]);
  expect([a, b, c].every(([cid]) => near.hasSync(cid))).toBe(true);
  const cold = createMemoryBlockstore();
  const race = unionStoreOf<AsyncStore>([cold, laterStore(far)], { heal: cold, read: "parallel" });
  await race.getBytes(a[0]);
  expect(cold.hasSync(a[0])).toBe(true);
});

it("gives the block even where it cannot be healed, and tells", async () => {
  const failures: unknown[] = [];
  const full = Object.assign(laterStore(), { putManyBytes: () => Promise.reject(new Error("disk full")) });
  const store = unionStoreOf<AsyncStore>([full, holding([a])], {
    heal: full,
    onFailure: (part, error) => failures.push([part === full, String(error)]),
  });
  expect(await store.getBytes(a[0])).toEqual(a[1]);
  expect(failures).toEqual([[true, "Error: disk full"]]);
});

it("passes over a part that fails at once, too", () => {
  const failures: unknown[] = [];
  const broken = createMemoryDatabase();
  broken.close();
  const store = unionStoreOf([broken.blocks, holding([a])], {
    onFailure: (part) => failures.push(part === broken.blocks),
  });
  expect(store.getSync(a[0])).toEqual(a[1]);
  expect(store.hasSync(a[0])).toBe(true);
  expect(() => store.getSync(b[0])).toThrow(expect.objectContaining({ code: "host/store-failed" }));
  expect(failures).toEqual([true, true, true]);
});

for (const read of ["sequential", "parallel"] as const) {
  it(`passes over a part that fails, and calls nothing absent that it might have: ${read}`, async () => {
    const failures: unknown[] = [];
    const broken = failingStore(new HostFault("host/store-failed", { operation: "read", reason: "closed" }));
    const store = unionStoreOf<AsyncStore>([broken, laterStore(holding([a]))], {
      read,
      onFailure: (part) => failures.push(part === broken),
    });
    expect(await store.getBytes(a[0])).toEqual(a[1]);
    expect(await store.hasBytes(a[0])).toBe(true);
    expect(await store.getManyBytes([a[0]])).toEqual([a[1]]);
    expect(failures).toEqual([true, true, true]);
    const failed = { code: "host/store-failed" };
    await expect(store.getBytes(b[0])).rejects.toMatchObject(failed);
    await expect(store.hasBytes(b[0])).rejects.toMatchObject(failed);
    await expect(store.getManyBytes([a[0], b[0]])).rejects.toMatchObject(failed);
  });

  it(`ends when the caller's signal fires, and tells of no failure: ${read}`, async () => {
    const failures: unknown[] = [];
    const gated = new GatedStore(holding([a]));
    const options = { read, onFailure: () => void failures.push(1) };
    const store = unionStoreOf<AsyncStore>([gated.blocks, laterStore()], options);
    const controller = new AbortController();
    const reading = store.getBytes(a[0], { signal: controller.signal });
    const ends = expect(reading).rejects.toMatchObject({ code: "host/aborted" });
    await turn();
    controller.abort();
    await gated.passAll();
    await ends;
    expect(failures).toEqual([]);
  });
}

it("takes the first that comes, in parallel, and stops asking the others", async () => {
  const [slow, quick] = [new GatedStore(holding([a])), new GatedStore(holding([a]))];
  const store = unionStoreOf([slow.blocks, quick.blocks], { read: "parallel" });
  const reading = store.getBytes(a[0]);
  await turn();
  expect([slow.waiting, quick.waiting]).toEqual([1, 1]);
  await quick.pass();
  expect(await reading).toEqual(a[1]);
  await slow.passAll();
});

it("lists each block once, whichever parts have it", async () => {
  const parts = [holding([a, b]), holding([b, c]), holding([a, c])];
  const expected = [a[0], b[0], c[0]];
  expect(Array.from(unionStoreOf(parts).entriesSync(), ([cid]) => cid)).toEqual(expected);
  const found: Uint8Array[] = [];
  for await (const [cid] of unionStoreOf(parts.map((part) => laterStore(part))).entries()) found.push(cid);
  expect(found).toEqual(expected);
});
