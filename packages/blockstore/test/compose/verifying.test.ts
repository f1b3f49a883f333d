import { concatBytes } from "@copse/primitives";
import { expect, it } from "vitest";
import { sampleBlocks } from "../../src/compliance/rules.ts";
import { inlineBlock } from "../../src/compose/identity.ts";
import { createTracker, identityStoreOf, verifyingStoreOf } from "../../src/compose.ts";
import { type BlockEntry, createMemoryBlockstore } from "../../src/index.ts";
import { holding, laterStore } from "./bases.ts";

const [a, b] = sampleBlocks(1, 2) as [BlockEntry, BlockEntry];
const mismatch = (during: string) =>
  expect.objectContaining({ code: "blockstore/block-mismatch", facts: expect.objectContaining({ during, length: 3 }) });
const wrong: BlockEntry = [a[0], Uint8Array.of(1, 2, 3)];
const identity = Uint8Array.of(1, 0x55, 0, 2, 7, 8);

it("refuses a block that is not its CID's, in and out, and a batch with one as a whole", async () => {
  const base = createMemoryBlockstore();
  const store = verifyingStoreOf(base);
  expect(() => store.putManySync([b, wrong])).toThrow(mismatch("write"));
  await expect(store.putManyBytes([wrong])).rejects.toThrow(mismatch("write"));
  expect(base.hasSync(b[0])).toBe(false);
  base.putManySync([wrong, b]);
  expect(() => store.getSync(a[0])).toThrow(mismatch("read"));
  await expect(store.getBytes(a[0])).rejects.toThrow(mismatch("read"));
  await expect(store.getManyBytes([b[0], a[0]])).rejects.toThrow(mismatch("read"));
  expect(() => Array.from(store.entriesSync())).toThrow(mismatch("read"));
  expect(store.getSync(b[0])).toEqual(b[1]);
});

it("checks only what it is told to", () => {
  const base = holding([wrong]);
  expect(verifyingStoreOf(base, { reads: false }).getSync(a[0])).toEqual(wrong[1]);
  expect(() => verifyingStoreOf(base, { writes: false }).putSync(b[0], wrong[1])).not.toThrow();
});

it("refuses what it cannot check, and CIDs that are none", () => {
  const store = verifyingStoreOf(createMemoryBlockstore());
  const blake3 = concatBytes(Uint8Array.of(1, 0x55, 0x1e, 0x20), new Uint8Array(32));
  expect(() => store.putSync(blake3, b[1])).toThrow(expect.objectContaining({ code: "cid/hash-unsupported" }));
  expect(() => store.putSync(Uint8Array.of(9, 9), b[1])).toThrow(expect.objectContaining({ code: "cid/malformed" }));
});

for (const [name, over] of [
  ["verifying", verifyingStoreOf],
  ["identity", identityStoreOf],
] as const) {
  it(`answers identity CIDs from themselves: ${name}`, async () => {
    const { blocks, counts } = createTracker(createMemoryBlockstore());
    const store = over(blocks);
    expect(store.getSync(identity)).toEqual(Uint8Array.of(7, 8));
    expect(store.hasSync(identity)).toBe(true);
    store.putSync(identity, Uint8Array.of(7, 8));
    store.deleteSync(identity);
    expect(await store.getManyBytes([identity, a[0]])).toEqual([Uint8Array.of(7, 8), undefined]);
    expect(counts()).toMatchObject({ reads: 1, looks: 0, writes: 0, deletes: 0 });
    const later = over(laterStore());
    await later.putManyBytes([[identity, Uint8Array.of(7, 8)], b]);
    expect(await later.getManyBytes([b[0], identity])).toEqual([b[1], Uint8Array.of(7, 8)]);
  });
}

it("tells identity CIDs from others", () => {
  expect(inlineBlock(identity)).toEqual(Uint8Array.of(7, 8));
  expect(inlineBlock(Uint8Array.of(1, 0x71, 0, 0))).toEqual(new Uint8Array(0));
  expect(inlineBlock(Uint8Array.of(1, 0x81, 0xe2, 3, 0, 1, 5))).toEqual(Uint8Array.of(5));
  expect(inlineBlock(a[0])).toBeUndefined();
  expect(inlineBlock(concatBytes(identity, identity))).toBeUndefined();
  expect(inlineBlock(new Uint8Array(0))).toBeUndefined();
  expect(inlineBlock(Uint8Array.of(0x12, 0x20, ...new Uint8Array(32)))).toBeUndefined();
});
