import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cidOf } from "@copse/ipld";
import { concatBytes } from "@copse/primitives";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { scanCar } from "../src/edit.ts";
import { encodeCar } from "../src/index.ts";
import { compressZstd, saveCarFile, writeForestCar } from "../src/node.ts";
import { salvageCar, verifyCar } from "../src/report.ts";
import { bytesAccess } from "../src/store.ts";

const blocks = Array.from({ length: 30 }, (_, i) => {
  const bytes = Uint8Array.of(0x83, 0x18, 100 + i, 0x01, 0x02);
  return { cid: cidOf(bytes), bytes };
});
const roots = blocks.slice(0, 1).map(({ cid }) => cid);
const report = (file: Uint8Array) => verifyCar(bytesAccess(file));

async function joined(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return concatBytes(...parts);
}

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "copse-verify-damaged-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("a footer of .forest.car.zst that does not point at the index", () => {
  const good = joined(writeForestCar(roots, blocks, { frameSize: 60 }));
  const withAddress = async (address: bigint): Promise<Uint8Array> => {
    const file = Uint8Array.from(await good);
    new DataView(file.buffer).setBigUint64(file.length - 8, address, true);
    return file;
  };

  it.each([
    ["past the file", async (size: number) => BigInt(size) + 1000n],
    ["past 2^53", async () => 2n ** 64n - 1n],
    ["before its start", async () => 3n],
    ["at its start", async () => 8n],
    ["into the data", async () => 300n],
    ["into the index", async (size: number) => BigInt(size) - 100n],
  ])("%s: the blocks are told, and that the index is not there", async (_, where) => {
    const file = await withAddress(await where((await good).length));
    const found = await report(file);
    expect(found).toMatchObject({ kind: "ForestCARv1.zst", isGood: false, blocks: 30, badBlocks: 0 });
    expect(found.damage).toBeUndefined();
    expect(found.index).toMatchObject({ state: "damaged", why: expect.stringContaining("footer") });
    const { blocks: saved, report: lost } = await salvageCar(bytesAccess(file));
    for await (const _block of saved);
    expect(lost).toMatchObject({ blocks: 30, lostBytes: 0, badBlocks: 0 });
  });

  it("is told beside other damage", async () => {
    const file = await withAddress(2n ** 40n);
    const found = await report(concatBytes(file.subarray(0, 400), file.subarray(420)));
    expect(found.isGood).toBe(false);
    expect(found.damage?.code).toBe("car/frame-malformed");
    expect(found.blocks).toBeGreaterThan(0);
    expect(found.index?.state).toBe("damaged");
  });

  it("is refused where a file is opened for its blocks", async () => {
    await expect(scanCar(bytesAccess(await withAddress(2n ** 40n)))).rejects.toMatchObject({
      code: "car/index-malformed",
    });
  });
});

describe("a header of CARv2 that points outside the file", () => {
  const fieldAt = { "data offset": 27, "data size": 35, "index offset": 43 };
  const withField = async (field: keyof typeof fieldAt, value: bigint): Promise<Buffer> => {
    const path = join(folder, "v2.car");
    await saveCarFile(path, roots, blocks, { version: 2, index: {} });
    const file = await readFile(path);
    expect(await report(file)).toMatchObject({ isGood: true, blocks: 30 });
    file.writeBigUInt64LE(value, fieldAt[field]);
    return file;
  };

  it.each([60n, 2n ** 60n, 100_000n, 2n ** 64n - 1n])(
    "its index at %s: the blocks are told, and that the index is none",
    async (value) => {
      const file = await withField("index offset", value);
      const found = await report(file);
      expect(found).toMatchObject({ kind: "CARv2", isGood: false, blocks: 30, badBlocks: 0, missingRoots: [] });
      expect(found.damage).toBeUndefined();
      expect(found.index?.state).toBe("damaged");
      const { blocks: saved, report: lost } = await salvageCar(bytesAccess(file));
      for await (const _block of saved);
      expect(lost).toMatchObject({ blocks: 30, lostBytes: 0 });
    },
  );

  it.each([
    ["data offset", 0n, "car/layout-malformed"],
    ["data offset", 2n ** 64n - 1n, "car/layout-malformed"],
    ["data offset", 1_000_000n, "car/cut"],
    ["data size", 0n, "car/layout-malformed"],
    ["data size", 2n ** 64n - 1n, "car/layout-malformed"],
  ] as const)("its %s %s: the report is that there is nothing", async (field, value, code) => {
    const found = await report(await withField(field, value));
    expect(found).toMatchObject({ kind: "CARv2", version: 2, isGood: false, blocks: 0, roots: [] });
    expect(found.damage?.code).toBe(code);
  });

  it("data that would go on past the file's end: what is there is told", async () => {
    const file = await withField("data size", 1_000_000n);
    const cut = file.subarray(0, 500);
    const found = await report(cut);
    expect(found.damage?.code).toBe("car/cut");
    expect(found.blocks).toBeGreaterThan(5);
  });

  it("cut inside itself, or compressed as a whole, it is reported too", async () => {
    const file = await withField("index offset", 60n);
    expect((await report(file.subarray(0, 30))).damage?.code).toBe("car/cut");
    const packed = await report(await joined(compressZstd([file])));
    expect(packed).toMatchObject({ kind: "CARv2.zst", blocks: 30, isGood: false, index: { state: "damaged" } });
    const nowhere = await report(await joined(compressZstd([await withField("data offset", 0n)])));
    expect(nowhere).toMatchObject({ kind: "CARv2.zst", blocks: 0, isGood: false });
  });
});

it("what is no CAR from its first bytes on has no report", async () => {
  for (const file of [new Uint8Array(0), Uint8Array.of(1, 0x80), encodeCar(roots, blocks).subarray(0, 30)]) {
    await expect(report(file)).rejects.toMatchObject({ name: "CarError" });
  }
});
