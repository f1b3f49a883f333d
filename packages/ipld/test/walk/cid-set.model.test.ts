import { toHex } from "@copse/primitives";
import { seeded } from "@copse/testkit";
import { describe, expect, it } from "vitest";
import { type CidBytes, cidOf, cidOfDigest, hashes, makeCid, rawCidOf } from "../../src/index.ts";
import { CidMap, CidSet } from "../../src/walk/index.ts";

/** CIDs of both kinds; digests that differ in one byte; some that agree in the bytes the table looks at first. */
function manyCids(count: number, random: () => number): CidBytes[] {
  return Array.from({ length: count }, (_, i) => {
    const digest = Uint8Array.from({ length: 32 }, () => Math.floor(random() * 256));
    if (i % 5 === 0) digest.fill(7, 0, 12);
    if (i % 7 === 0) digest.fill(9, 0, 31);
    if (i % 13 === 0)
      return makeCid(digest.subarray(0, i % 40), { hash: i % 2 === 0 ? hashes.identity : hashes.sha256, codec: i });
    return i % 11 === 0 ? rawCidOf(digest) : cidOfDigest(digest);
  });
}

for (const seed of [1, 2, 3]) {
  describe(`history ${seed}`, () => {
    it("CidSet does as a Set of texts under any history", () => {
      const random = seeded(seed + 1);
      const cids = manyCids(600, random);
      const set = new CidSet();
      const model = new Set<string>();
      for (let step = 0; step < 10_000; step++) {
        const cid = cids[Math.floor(random() * cids.length)] as CidBytes;
        const key = toHex(cid);
        const kind = random();
        if (kind < 0.45) expect(set.add(cid)).toBe(!model.has(key) && model.add(key) !== undefined);
        else if (kind < 0.8) expect(set.delete(cid)).toBe(model.delete(key));
        else expect(set.has(cid)).toBe(model.has(key));
        expect(set.size).toBe(model.size);
        if (step % 2500 === 2499) {
          expect([...set].map(toHex).toSorted()).toEqual([...model].toSorted());
          if (step === 4999) {
            set.clear();
            model.clear();
          }
        }
      }
    });

    it("CidMap does as a Map of texts under any history", () => {
      const random = seeded(seed + 2);
      const cids = manyCids(600, random);
      const map = new CidMap();
      const model = new Map<string, number>();
      for (let step = 0; step < 10_000; step++) {
        const cid = cids[Math.floor(random() * cids.length)] as CidBytes;
        const key = toHex(cid);
        const kind = random();
        if (kind < 0.45) {
          map.set(cid, step);
          model.set(key, step);
        } else if (kind < 0.8) expect(map.delete(cid)).toBe(model.delete(key));
        expect(map.get(cid)).toBe(model.get(key));
        expect(map.has(cid)).toBe(model.has(key));
        expect(map.size).toBe(model.size);
        if (step % 2500 === 2499) {
          expect(Object.fromEntries([...map].map(([cid, value]) => [toHex(cid), value]))).toEqual(
            Object.fromEntries(model),
          );
        }
      }
      map.clear();
      expect(map.size).toBe(0);
      expect([...map]).toEqual([]);
    });
  });
}

it("holds 100,000 digests over many chunks, and takes them out again", () => {
  const set = new CidSet();
  const cidAt = (i: number): CidBytes => {
    const digest = new Uint8Array(32);
    // one in twenty falls together with the others of its kind in all that the table looks at
    const view = new DataView(digest.buffer);
    if (i % 20 > 0) view.setUint32(0, Math.imul(i, 0x9e3779b1));
    if (i % 20 > 0) view.setUint32(4, Math.imul(i, 0x85ebca6b));
    view.setUint32(20, i);
    return cidOfDigest(digest);
  };
  for (let i = 0; i < 100_000; i++) if (!set.add(cidAt(i))) expect.fail(`not new: ${i}`);
  for (let i = 0; i < 100_000; i++) if (set.add(cidAt(i)) || !set.has(cidAt(i))) expect.fail(`lost ${i}`);
  expect(set.size).toBe(100_000);
  expect(set.byteLength / set.size).toBeLessThan(45);
  expect(set.has(cidAt(100_001))).toBe(false);
  for (let i = 0; i < 100_000; i += 2) if (!set.delete(cidAt(i))) expect.fail(`not there: ${i}`);
  for (let i = 0; i < 100_000; i++) if (set.has(cidAt(i)) !== (i % 2 === 1)) expect.fail(`wrong at ${i}`);
});

it("reads a CID where it stands", () => {
  const cid = cidOf(Uint8Array.of(1));
  const bytes = new Uint8Array(100);
  bytes.set(cid, 13);
  const set = new CidSet();
  expect(set.add(bytes, 13, 38)).toBe(true);
  expect(set.has(cid)).toBe(true);
  expect(set.add(cid)).toBe(false);
  expect(set.delete(bytes, 13, 38)).toBe(true);
  expect(set.size).toBe(0);
});
