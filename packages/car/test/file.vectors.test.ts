import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dataFile, describeData, readData } from "@copse/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type CarBlock, decodeCar, encodeCar, writeCar } from "../src/index.ts";
import { decompressZstd, openCarFile, saveCarFile } from "../src/node.ts";

const plain = ["mainnet-genesis", "calibnet-genesis", "mainnet-export40", "mainnet-chain4"].map(
  (n) => `chain/${n}.car`,
);
const packed = ["chain/mainnet-chain4.car.zst", "chain/mainnet-chain4.forest.car.zst", "chain/mainnet-carv2.car.zst"];

describeData("files on disk", [...plain, ...packed], () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "copse-car-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  for (const name of ["chain/mainnet-chain4.car", ...packed.slice(0, 2)]) {
    it(`reads the same snapshot from ${name}`, async () => {
      const expected = decodeCar(readData("chain/mainnet-chain4.car"));
      await using car = await openCarFile(dataFile(name) as string);
      expect(car.compressed).toBe(name.endsWith(".zst"));
      expect(car.roots).toEqual(expected.roots);
      const blocks: CarBlock[] = [];
      for await (const block of car.blocks) blocks.push(block);
      expect(blocks.length).toBe(1222);
      expect(blocks.every((block, i) => block.offset === expected.blocks[i]?.offset)).toBe(true);
    });
  }

  it("reads a compressed CARv2", async () => {
    await using car = await openCarFile(dataFile("chain/mainnet-carv2.car.zst") as string);
    expect(car.version).toBe(2);
    let count = 0;
    for await (const batch of car.batches) count += batch.length;
    expect(count).toBe(7153);
  });

  for (const name of plain) {
    it(`writes ${name} back byte for byte`, async () => {
      const file = readData(name);
      const { roots, blocks } = decodeCar(file);
      expect(Buffer.compare(encodeCar(roots, blocks), file)).toBe(0);
      const chunks: Uint8Array[] = [];
      for await (const chunk of writeCar(roots, blocks, { chunkBytes: 10_000 })) chunks.push(chunk);
      expect(Buffer.compare(Buffer.concat(chunks), file)).toBe(0);
      const path = join(folder, "back.car");
      expect(await saveCarFile(path, roots, blocks)).toBe(file.length);
      expect(Buffer.compare(await readFile(path), file)).toBe(0);
    });
  }

  it("writes compressed files and CARv2 files that read back", async () => {
    const { roots, blocks } = decodeCar(readData("chain/mainnet-chain4.car"));
    for (const options of [{ zstdLevel: 3 }, { version: 2 as const }]) {
      const path = join(folder, "made.car");
      await saveCarFile(path, roots, blocks, options);
      await using car = await openCarFile(path);
      expect(car.version).toBe(options.version ?? 1);
      let count = 0;
      for await (const batch of car.batches) count += batch.length;
      expect(count).toBe(1222);
    }
    expect((await readFile(join(folder, "made.car"))).equals(encodeCar(roots, blocks, { version: 2 }))).toBe(true);
  });

  it("says that a compressed file is cut or damaged", async () => {
    const file = readData("chain/mainnet-chain4.car.zst");
    const drain = async (bytes: Uint8Array): Promise<void> => {
      for await (const chunk of decompressZstd(bytes)) void chunk;
    };
    await expect(drain(file.subarray(0, 300_000))).rejects.toMatchObject({ code: "car/compression-damaged" });
    const damaged = Uint8Array.from(file);
    damaged.fill(0xff, 100_000, 100_100);
    await expect(drain(damaged)).rejects.toMatchObject({ code: "car/compression-damaged" });
  });

  it("says which file it cannot open", async () => {
    await expect(openCarFile(join(folder, "none.car"))).rejects.toMatchObject({ code: "host/store-failed" });
  });
});
