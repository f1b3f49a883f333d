import { currentEngine, useEngine } from "@copse/crypto";
import { type CidBytes, cidKey, cidOf, hashes, makeCid, rawCidOf } from "@copse/ipld";
import { concatBytes, encodeUvarint } from "@copse/primitives";
import { seeded } from "@copse/testkit";
import { describe, expect, it } from "vitest";
import { type CarBlock, type CarEntry, decodeCar, encodeCar } from "../src/index.ts";
import { salvageCar } from "../src/report.ts";
import { bytesAccess } from "../src/store.ts";

const random = seeded(33);
const below = (limit: number): number => Math.floor(random() * limit);
const bytesOf = (length: number): Uint8Array => Uint8Array.from({ length }, () => below(256));

/** Every kind of CID that a section can be found by: three hash functions, versions 0 and 1, codecs of one to three bytes. */
function blockOf(i: number): { cid: CidBytes; bytes: Uint8Array } {
  const bytes = bytesOf(below(10) === 0 ? below(40_000) : 1 + below(300));
  const kinds = [
    () => cidOf(bytes),
    () => rawCidOf(bytes),
    () => makeCid(bytes, { hash: hashes.sha256 }),
    () => makeCid(bytes, { codec: 0x55, hash: hashes.keccak256 }),
    () => makeCid(bytes, { codec: 0x0129 }),
    () => makeCid(bytes, { codec: 0xf101 }),
    () => makeCid(bytes, { codec: 0x70, hash: hashes.sha256 }).subarray(2), // version 0
  ];
  return { cid: (kinds[i % kinds.length] as () => CidBytes)(), bytes };
}

const blocks = Array.from({ length: 300 }, (_, i) => blockOf(i));
const root = blocks[0]?.cid as CidBytes;
const file = encodeCar([root], blocks);
const placed = decodeCar(file, { codecs: "any" }).blocks;
const endOf = (i: number): number => placed[i + 1]?.offset ?? file.length;

async function saved(damaged: Uint8Array, limits = {}) {
  const { blocks: out, report, roots } = await salvageCar(bytesAccess(damaged), { limits });
  const kept: CarEntry[] = [];
  for await (const block of out) kept.push(block);
  expect(report.blocks).toBe(kept.length);
  expect(report.bytes).toBe(kept.reduce((sum, { bytes }) => sum + bytes.length, 0));
  return { kept, report, roots, keys: kept.map(({ cid }) => cidKey(cid)) };
}

const keys = blocks.map(({ cid }) => cidKey(cid));
const without = (...lost: readonly number[]): string[] => keys.filter((_, i) => !lost.includes(i));
const spliced = (at: number, removed: number, added: Uint8Array): Uint8Array =>
  concatBytes(file.subarray(0, at), added, file.subarray(at + removed));

describe("a salvage of a plain file goes on after damage", () => {
  it("that put something in between two sections", async () => {
    const additions = [
      Uint8Array.of(0),
      new Uint8Array(100),
      new Uint8Array(2_500_000),
      bytesOf(1),
      bytesOf(2),
      bytesOf(1000),
      bytesOf(2_500_000),
      new Uint8Array(50).fill(0xff),
      file.subarray(0, 60), // another file's header
      root.subarray(0, 30), // a CID that is cut
    ];
    for (const added of additions) {
      const i = 1 + below(298);
      const limits = { sectionBytes: (below(2) === 0 ? 8 : 512) << 20 }; // `copse car` allows as much
      const { keys: found, report } = await saved(spliced(placed[i]?.offset as number, 0, added), limits);
      expect(found).toEqual(keys);
      expect(report.losses.length + report.badBlocks).toBeGreaterThan(0);
      expect(report.lostBytes).toBeLessThanOrEqual(added.length + 4);
    }
  });

  it("that took something out of a section", async () => {
    for (let n = 0; n < 60; n++) {
      const i = below(300);
      const start = placed[i]?.offset as number;
      const at = start + below(endOf(i) - start);
      const removed = 1 + below(endOf(i) - at);
      const { keys: found } = await saved(spliced(at, removed, new Uint8Array(0)));
      // What is left may by chance be whole: the last byte of a length that was two, for one.
      const expected = at === start && removed === endOf(i) - start ? [without(i)] : [without(i), keys];
      expect(expected).toContainEqual(found);
    }
  });

  it("that is over several sections, and at their end", async () => {
    for (let n = 0; n < 40; n++) {
      const [first, count] = [below(295), 1 + below(20)];
      const last = Math.min(299, first + count);
      const [start, end] = [(placed[first]?.offset as number) + 3, endOf(last) - 1];
      const damaged = Uint8Array.from(file);
      damaged.set(bytesOf(end - start), start);
      const { keys: found, report } = await saved(damaged);
      expect(found).toEqual(without(...Array.from({ length: last - first + 1 }, (_, i) => first + i)));
      expect(report.losses.length + report.badBlocks).toBeGreaterThan(0);
    }
  });

  it("of one flipped bit, losing no more than its block; a length is mended", async () => {
    for (let n = 0; n < 300; n++) {
      const i = below(300);
      const { offset, cid, bytes } = placed[i] as CarBlock;
      const lengthBytes = endOf(i) - offset - cid.length - bytes.length;
      const inLength = n % 2 === 0;
      const at = inLength ? offset + below(lengthBytes) : offset + below(endOf(i) - offset);
      const damaged = Uint8Array.from(file);
      damaged[at] = (damaged[at] as number) ^ (1 << below(8));
      const { keys: found, report } = await saved(damaged);
      const isLength = at < offset + lengthBytes;
      const isVersionOrCodec = at >= offset + lengthBytes && at < offset + lengthBytes + 6;
      if (isLength) {
        expect(found).toEqual(keys);
        expect(report).toMatchObject({ badBlocks: 0, lostBytes: lengthBytes });
      } else if (!isVersionOrCodec) {
        expect(found).toEqual(without(i));
        // In the code of the hash function it is no CID any more.
        expect(report.badBlocks + report.losses.length).toBe(1);
      } else expect(found.length).toBeGreaterThanOrEqual(299); // the hash does not cover the codec
    }
  });

  it("of random damage: gives each section that it did not touch, in order, and nothing else that is no block", async () => {
    for (let n = 0; n < 80; n++) {
      const damaged = Uint8Array.from(file);
      const touched = new Set<number>();
      for (let cuts = 1 + below(5); cuts > 0; cuts--) {
        const start = 60 + below(file.length - 60);
        const length = 1 + below(200);
        damaged.set(bytesOf(length).subarray(0, file.length - start), start);
        for (const [i, { offset }] of placed.entries()) if (offset < start + length && endOf(i) > start) touched.add(i);
      }
      const { kept, keys: found } = await saved(damaged);
      const known = new Map(keys.map((key, i) => [key, blocks[i]?.bytes as Uint8Array]));
      for (const { cid, bytes } of kept) expect(known.get(cidKey(cid)) ?? bytes).toEqual(bytes);
      const untouched = without(...touched);
      const order = found.filter((key) => untouched.includes(key));
      expect(order).toEqual(untouched);
    }
  });

  it("of a CARv2, within its data", async () => {
    const whole = encodeCar([root], blocks, { version: 2 });
    const at = (placed[100]?.offset as number) + 51;
    const damaged = Uint8Array.from(whole);
    damaged.fill(0, at, at + 3);
    const { keys: found, roots } = await saved(damaged);
    expect(roots).toEqual([root]);
    expect(found).toEqual(without(100));
  });

  it("and takes no identity CID for a sign of a section", async () => {
    const identity = { cid: Uint8Array.of(1, 0x55, 0, 2, 7, 7), bytes: Uint8Array.of(7, 7) };
    const some = [...blocks.slice(0, 3), identity, ...blocks.slice(3, 6)];
    const good = encodeCar([root], some);
    expect((await saved(good)).kept.length).toBe(7);
    const at = decodeCar(good, { codecs: "any" }).blocks[3]?.offset as number;
    const { keys: found } = await saved(concatBytes(good.subarray(0, at), Uint8Array.of(0), good.subarray(at)));
    expect(found).toEqual([...keys.slice(0, 3), ...keys.slice(3, 6)]);
  });
});

describe("a file made to be slow", () => {
  const sectionBytes = 1 << 16;
  const limits = { sectionBytes };
  const header = encodeCar([], []);
  /** So many lengths of 64 KiB with a CID after each, that nothing hashes to; and a good section between two where asked. */
  const made = (count: number, between: Uint8Array): Uint8Array => {
    const liar = concatBytes(encodeUvarint(sectionBytes), cidOf(Uint8Array.of(1)).fill(0x20, 20));
    const parts = Array.from({ length: count }, () => [liar, between]).flat();
    return concatBytes(header, ...parts, new Uint8Array(sectionBytes));
  };
  const one = encodeCar([], [{ cid: cidOf(Uint8Array.of(0x80)), bytes: Uint8Array.of(0x80) }]).subarray(header.length);

  it.each([
    ["of lies", new Uint8Array(0)],
    ["of lies and good sections", one],
  ])("%s costs what its size allows", async (_, between) => {
    const slow = made(20_000, between);
    const before = currentEngine();
    let hashed = 0;
    useEngine({
      name: "counting",
      blake2b(bytes, size) {
        hashed += bytes.length;
        return before.blake2b(bytes, size);
      },
    });
    let read = 0;
    const access = bytesAccess(slow);
    try {
      const counted = {
        size: access.size,
        async read(offset: number, length: number) {
          read += length;
          return access.read(offset, length);
        },
      };
      const { blocks: out, report } = await salvageCar(counted, { limits });
      for await (const _block of out);
      expect(report.blocks).toBe(between.length === 0 ? 0 : 20_000);
    } finally {
      useEngine({ name: "before", blake2b: before.blake2b });
    }
    // 20,000 times 64 KiB, and what lies in between, would be 1.3 GB and more.
    expect(hashed).toBeLessThan((64 << 20) + 17 * slow.length);
    expect(read).toBeLessThan(2 * ((64 << 20) + 17 * slow.length));
  });
});
