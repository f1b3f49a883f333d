import { type Codec, cidOf, cidOfDigest, encode } from "@copse/ipld";
import { concatBytes } from "@copse/primitives";
import { seeded } from "@copse/testkit";
import { describe, expect, it } from "vitest";
import { readAtOnce } from "../src/access.ts";
import { forestHash, idealSlot } from "../src/forest/hash.ts";
import { findFrames, openForestIndex, scanForestIndex } from "../src/forest/index-reader.ts";
import { ForestIndexBuilder } from "../src/forest/index-writer.ts";
import { CarIndexBuilder } from "../src/index-builder.ts";
import { IndexTable } from "../src/index-table.ts";
import { findOffsets, openSortedIndex, scanSortedIndex } from "../src/sorted-index.ts";
import { bytesAccess } from "../src/store.ts";

const textCodec: Codec<string> = {
  encode: (writer, text) => void writer.text(text),
  decode: (reader) => reader.text(),
};
const random = seeded(11);
const shapes: Record<string, (digest: Uint8Array, i: number) => void> = {
  "digests spread evenly": () => {},
  "digests that share ten bytes": (digest) => digest.fill(7, 0, 10),
  "digests in two clumps": (digest, i) => digest.fill(i % 2 === 0 ? 0 : 255, 0, 5),
  "digests that grow twofold": (digest, i) => digest.fill(0, 0, i % 30),
  "few digests, many times": (digest, i) => digest.fill(i % 40),
};

function digestsOf(shape: string, count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => {
    const digest = Uint8Array.from({ length: 32 }, () => Math.floor(random() * 256));
    shapes[shape]?.(digest, i);
    return digest;
  });
}

/** CID text to where it is. */
function modelOf(digests: readonly Uint8Array[]): Map<string, number[]> {
  const model = new Map<string, number[]>();
  for (const [i, digest] of digests.entries()) {
    const key = Buffer.from(digest).toString("hex");
    model.set(key, [...(model.get(key) ?? []), i * 1000 + 59]);
  }
  return model;
}

const absent = (): Uint8Array => Uint8Array.from({ length: 32 }, () => Math.floor(random() * 256));

async function joined(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return concatBytes(...parts);
}

describe.each(Object.keys(shapes))("%s", (shape) => {
  for (const count of [0, 1, 2, 101, 5000]) {
    const digests = digestsOf(shape, count);
    const model = modelOf(digests);

    it.each(["sorted", "multihash"] as const)(`${count} in an index of kind %s`, async (kind) => {
      const builder = new CarIndexBuilder({ kind });
      for (const [i, digest] of digests.entries()) builder.add(cidOfDigest(digest), i * 1000 + 59);
      const access = bytesAccess(await joined(builder.write()));
      const index = readAtOnce(openSortedIndex(0, access.size), access);
      expect(index.count).toBe(count);
      expect(index.end).toBe(access.size);
      for (const [key, offsets] of model) {
        const found = readAtOnce(findOffsets(index, cidOfDigest(Buffer.from(key, "hex"))), access);
        expect(found).toEqual(offsets);
      }
      for (const edge of [absent(), absent(), new Uint8Array(32), new Uint8Array(32).fill(255)]) {
        const key = Buffer.from(edge).toString("hex");
        expect(readAtOnce(findOffsets(index, cidOfDigest(edge)), access)).toEqual(model.get(key) ?? []);
      }
      const listed: number[] = [];
      readAtOnce(
        scanSortedIndex(index, (_digest, _hash, offset) => listed.push(offset)),
        access,
      );
      expect(listed.sort((a, b) => a - b)).toEqual([...model.values()].flat().sort((a, b) => a - b));
    });

    it(`${count} in the index of a .forest.car.zst`, async () => {
      const builder = new ForestIndexBuilder();
      const frames = new Map<string, Set<number>>();
      for (const [i, digest] of digests.entries()) {
        const cid = cidOfDigest(digest);
        builder.add(cid, Math.floor(i / 7));
        builder.add(cid, Math.floor(i / 7));
        const { high, low } = forestHash(cid);
        const key = `${high} ${low}`;
        frames.set(key, (frames.get(key) ?? new Set()).add(Math.floor(i / 7)));
      }
      // Data before it, so that offsets of frames lie there; a footer's room after it.
      const access = bytesAccess(concatBytes(new Uint8Array(5000), await joined(builder.write()), new Uint8Array(16)));
      const index = readAtOnce(openForestIndex(5000, access.size), access);
      for (const digest of digests) {
        const cid = cidOfDigest(digest);
        const { high, low } = forestHash(cid);
        expect(readAtOnce(findFrames(index, cid), access)).toEqual([...(frames.get(`${high} ${low}`) ?? [])]);
      }
      expect(readAtOnce(findFrames(index, cidOfDigest(absent())), access)).toEqual([]);
      let entries = 0;
      readAtOnce(
        scanForestIndex(index, ({ hash }, slot) => {
          entries++;
          expect(slot - idealSlot(hash.high, hash.low, index.buckets)).toBeLessThanOrEqual(index.longestDistance);
        }),
        access,
      );
      expect(entries).toBe([...frames.values()].reduce((sum, set) => sum + set.size, 0));
      expect(index.collisions).toBe(entries - frames.size);
    });

    it(`${count} in the table in memory`, () => {
      const table = new IndexTable();
      for (const [i, digest] of digests.entries()) table.add(cidOfDigest(digest), i * 1000 + 59, i);
      table.trim();
      for (const [key, offsets] of model) {
        const found = [...table.candidates(cidOfDigest(Buffer.from(key, "hex")))].map(({ offset }) => offset);
        // Past 32 of one tag no more are kept: they are the same block.
        for (const offset of offsets.slice(0, 32)) expect(found).toContain(offset);
      }
    });
  }
});

describe("the hash of .forest.car.zst", () => {
  it.each([
    ["forest", 7060553106844083342n],
    ["lotus", 10998694778601859716n],
    ["libp2p", 15878333306608412239n],
    ["ChainSafe", 17464860692676963753n],
    ["haskell", 10392497608425502268n],
  ])("of the text %s is Forest's", (text, expected) => {
    const { high, low } = forestHash(cidOf(encode(textCodec, text)));
    expect((BigInt(high) << 32n) | BigInt(low)).toBe(expected);
  });

  it("takes CIDs of every form", () => {
    expect(forestHash(Uint8Array.of(1, 0xab, 1, 0, 0))).toEqual({ high: 0, low: 170 });
    expect(forestHash(Uint8Array.of(1, 0, 0, 0))).toEqual({ high: 0, low: 0 });
  });

  it("maps hashes to slots as 128-bit integers do", () => {
    for (let i = 0; i < 5000; i++) {
      const [high, low] = [0, 1].map(() => Math.floor(random() * 2 ** 32)) as [number, number];
      const buckets = 1 + Math.floor(random() ** 4 * 2 ** 32);
      const hash = (BigInt(high) << 32n) | BigInt(low);
      expect(idealSlot(high, low, buckets)).toBe(Number((hash * BigInt(buckets)) >> 64n));
    }
    expect(idealSlot(0xffffffff, 0xfffffffe, 2 ** 32)).toBe(2 ** 32 - 1);
  });
});
