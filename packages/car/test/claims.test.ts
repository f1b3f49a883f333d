import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zstdCompressSync } from "node:zlib";
import { type CidBytes, cidOf } from "@copse/ipld";
import { concatBytes, encodeUvarint } from "@copse/primitives";
import { beforeAll, describe, expect, it } from "vitest";
import { CarError, encodeCar } from "../src/index.ts";
import { decompressZstd, openCarStore, writeForestCar } from "../src/node.ts";
import { salvageCar, verifyCar } from "../src/report.ts";
import { bytesAccess, type CarStoreOptions, createCarStore } from "../src/store.ts";

const blocks = Array.from({ length: 30 }, (_, i) => {
  const bytes = new Uint8Array(50 + i).fill(i);
  return { cid: cidOf(bytes), bytes };
});
const first = blocks[0] as (typeof blocks)[number];
const plain = encodeCar([], blocks);
let forest: Buffer;
let indexStart = 0;
beforeAll(async () => {
  forest = await forestOf(blocks);
  indexStart = Number(forest.readBigUInt64LE(forest.length - 8)) - 8;
});

async function forestOf(entries: readonly { cid: CidBytes; bytes: Uint8Array }[]): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of writeForestCar([], entries)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const codeOf = async (work: () => unknown): Promise<string> => {
  try {
    await work();
    return "none";
  } catch (error) {
    expect(error).toBeInstanceOf(CarError);
    return (error as CarError).code;
  }
};

/** What opening a file and looking one block up ends with. */
const opened = (file: Uint8Array, options: CarStoreOptions = {}): Promise<string> =>
  codeOf(async () => (await createCarStore(bytesAccess(file), options)).getSync(first.cid));

describe("what an index of CARv2 may claim", () => {
  const int32 = (value: number): Uint8Array => new Uint8Array(Int32Array.of(value).buffer);
  const uint64 = (value: bigint): Uint8Array => new Uint8Array(BigUint64Array.of(value).buffer);
  const sorted = (...parts: Uint8Array[]): Uint8Array => concatBytes(encodeUvarint(0x400), ...parts);
  const multihash = (...parts: Uint8Array[]): Uint8Array => concatBytes(encodeUvarint(0x401), ...parts);

  it.each<[string, Uint8Array, string]>([
    ["nothing", new Uint8Array(0), "car/index-malformed"],
    ["another codec", concatBytes(encodeUvarint(0x300000), new Uint8Array(8)), "car/index-unknown"],
    ["a codec past 2^53", new Uint8Array(10).fill(0xff), "car/length-malformed"],
    ["-1 widths", sorted(int32(-1)), "car/index-malformed"],
    ["2^31 - 1 widths", sorted(int32(0x7fffffff)), "car/index-malformed"],
    ["2^31 - 1 hash functions", multihash(int32(0x7fffffff)), "car/index-malformed"],
    ["a count that is cut", sorted(new Uint8Array(3)), "car/index-malformed"],
    ["records of 0 B", sorted(int32(1), int32(0), uint64(0n)), "car/index-malformed"],
    ["records of 7 B", sorted(int32(1), int32(7), uint64(70n), new Uint8Array(70)), "car/index-malformed"],
    ["records of 2^32 - 1 B", sorted(int32(1), int32(-1), uint64(0n)), "car/index-malformed"],
    ["2^64 - 1 B of records", sorted(int32(1), int32(40), uint64(2n ** 64n - 1n)), "car/index-malformed"],
    [
      "one byte more than there is",
      sorted(int32(1), int32(40), uint64(41n), new Uint8Array(40)),
      "car/index-malformed",
    ],
    ["a record and a half", sorted(int32(1), int32(40), uint64(60n), new Uint8Array(60)), "car/index-malformed"],
    ["a hash function of 2^64 - 1", multihash(int32(1), uint64(2n ** 64n - 1n), int32(0)), "car/index-malformed"],
    [
      "1,025 widths of nothing",
      sorted(int32(1025), ...Array(1025).fill(concatBytes(int32(40), uint64(0n)))),
      "car/index-malformed",
    ],
    [
      "a section past the data",
      sorted(int32(1), int32(40), uint64(40n), first.cid.subarray(6), uint64(1_000_000n)),
      "car/index-malformed",
    ],
    [
      "a section at 2^64 - 1",
      sorted(int32(1), int32(40), uint64(40n), first.cid.subarray(6), uint64(2n ** 64n - 1n)),
      "car/index-malformed",
    ],
    [
      "2,000 sections of one digest",
      sorted(
        int32(1),
        int32(40),
        uint64(80_000n),
        ...Array(2000).fill(concatBytes(first.cid.subarray(6), uint64(18n))),
      ),
      "car/index-crowded",
    ],
  ])("refuses %s", async (_, index, code) => {
    expect(await opened(plain, { index: bytesAccess(index) })).toBe(code);
  });

  it("takes one that finds another block's section, and does not give that block", async () => {
    const lying = sorted(int32(1), int32(40), uint64(40n), first.cid.subarray(6), uint64(18n + 89n));
    const store = await createCarStore(bytesAccess(plain), { index: bytesAccess(lying) });
    expect(store.getSync(first.cid)).toBeUndefined();
    expect(store.hasSync(first.cid)).toBe(false);
  });
});

describe("what a .forest.car.zst may claim", () => {
  const changed = (change: (file: Buffer) => void): Buffer => {
    const file = Buffer.from(forest);
    change(file);
    return file;
  };
  const field = (file: Buffer, at: number, value: bigint): unknown => file.writeBigUInt64LE(value, indexStart + 8 + at);

  it.each<[string, (file: Buffer) => void, string]>([
    ["a footer that points at 0", (file) => file.writeBigUInt64LE(0n, file.length - 8), "car/index-malformed"],
    ["a footer past the file", (file) => file.writeBigUInt64LE(2n ** 63n, file.length - 8), "car/index-malformed"],
    ["a footer into the data", (file) => file.writeBigUInt64LE(100n, file.length - 8), "car/index-malformed"],
    ["the version before", (file) => field(file, 0, 0xdeadbeefn), "car/index-malformed"],
    ["a longest distance of 2^64 - 1", (file) => field(file, 8, 2n ** 64n - 1n), "car/index-malformed"],
    ["2^64 - 1 buckets", (file) => field(file, 24, 2n ** 64n - 1n), "car/index-malformed"],
    ["more buckets than slots", (file) => field(file, 24, 1000n), "car/index-malformed"],
    ["an index frame past the footer", (file) => file.writeUInt32LE(0xffffffff, indexStart + 4), "car/index-malformed"],
    ["an index that is no skippable frame", (file) => file.writeUInt32LE(0x1234, indexStart), "car/index-malformed"],
    ["a header frame that is none", (file) => file.fill(0x11, 6, 20), "car/frame-malformed"],
  ])("refuses %s", async (_, change, code) => {
    expect(await opened(changed(change))).toBe(code);
  });

  it("refuses frames outside the data, and entries by the thousand", async () => {
    for (const offset of [BigInt(forest.length), 2n ** 63n, BigInt(indexStart)]) {
      const file = changed((copy) => {
        for (let at = 32; at < copy.length - indexStart - 32; at += 16) field(copy, at + 8, offset);
      });
      expect(await opened(file)).toBe("car/index-malformed");
    }
  });

  it("reads a table full of one hash no further than its bound", async () => {
    // 100,000 slots of the block's own hash, all pointing at the header's frame.
    const { forestHash } = await import("../src/forest/hash.ts");
    const { high, low } = forestHash(first.cid);
    const slots = 100_000;
    const table = Buffer.alloc(32 + slots * 16 + 16, 0xff);
    for (const [at, value] of [0xdeadbef0n, 99_999n, 99_999n, 100_000n].entries())
      table.writeBigUInt64LE(value, at * 8);
    for (let slot = 0; slot < slots; slot++) {
      table.writeUInt32LE(low, 32 + slot * 16);
      table.writeUInt32LE(high, 36 + slot * 16);
      table.writeBigUInt64LE(0n, 40 + slot * 16);
    }
    const head = Buffer.from("502a4d1800000000", "hex");
    head.writeUInt32LE(table.length, 4);
    const file = Buffer.concat([forest.subarray(0, indexStart), head, table, forest.subarray(-16)]);
    expect(await opened(file)).toBe("car/index-crowded");
  });

  it("refuses frames that expand past the bound, by every way of reading", async () => {
    const bytes = new Uint8Array(4 << 20); // zeros: 4 MiB in a few hundred bytes
    const bomb = { cid: cidOf(bytes), bytes };
    const file = await forestOf([bomb, ...blocks]);
    expect(file.length).toBeLessThan(8000);
    const store = await createCarStore(bytesAccess(file), { frameBytes: 1 << 20 });
    expect(await codeOf(() => store.getSync(bomb.cid))).toBe("car/frame-too-long");
    expect(await codeOf(() => store.getBytes(bomb.cid))).toBe("car/frame-too-long");
    expect(await codeOf(() => [...store.entriesSync()])).toBe("car/frame-too-long");
    const small = { sectionBytes: 1 << 20 };
    expect((await verifyCar(bytesAccess(file), { limits: small })).damage?.code).toBe("car/section-too-long");
    const { blocks: saved, report } = await salvageCar(bytesAccess(file), { limits: small });
    for await (const _ of saved);
    expect(report.blocks).toBe(0);
    let size = 0;
    for await (const piece of store.stream(bomb.cid)) size += piece.length; // in pieces it costs no memory
    expect(size).toBe(bytes.length);
  });

  it("refuses a window that no decoder takes", async () => {
    const frame = zstdCompressSync(new Uint8Array(100));
    const wide = Uint8Array.from([...frame.subarray(0, 4), 0, 0xf8, 0, 0, 0]);
    const file = Buffer.concat([wide, forest.subarray(-16)]);
    file.writeBigUInt64LE(BigInt(wide.length + 8), file.length - 8);
    expect(await opened(file)).toMatch(/car\/(frame|index)-malformed/);
    expect(
      await codeOf(async () => {
        for await (const _ of decompressZstd(wide));
      }),
    ).toBe("car/compression-damaged");
  });

  it("refuses a file that is compressed as a whole, and says why", async () => {
    expect(await opened(zstdCompressSync(plain))).toBe("car/not-in-place");
  });

  it("unpacks one into a temporary file only where it is told to, and up to a size", async () => {
    const folder = await mkdtemp(join(tmpdir(), "copse-spool-"));
    const path = join(folder, "whole.car.zst");
    await writeFile(path, zstdCompressSync(plain));
    expect(await codeOf(() => openCarStore(path))).toBe("car/not-in-place");
    expect(await codeOf(() => openCarStore(path, { spool: plain.length - 1 }))).toBe("car/spool-full");
    const store = await openCarStore(path, { spool: plain.length });
    for (const { cid, bytes } of blocks) expect(store.getSync(cid)).toEqual(bytes);
    await store.close();
    expect(() => store.getSync(first.cid)).toThrow(/closed/);
    await rm(folder, { recursive: true });
  });

  it("does not become slow by blocks that collide in the table in memory", async () => {
    // One block a hundred thousand times: kept 32 times.
    const many = encodeCar([], Array(100_000).fill({ cid: first.cid, bytes: first.bytes }));
    const store = await createCarStore(bytesAccess(many));
    expect(store.index.entries).toBeLessThanOrEqual(32);
    expect([...store.entriesSync()].length).toBe(1);
    expect(store.getSync(first.cid)).toEqual(first.bytes);
  });
});
