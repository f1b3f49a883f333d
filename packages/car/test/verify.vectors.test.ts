import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CidBytes, type Codec, cidOf, encode, rawCidOf } from "@copse/ipld";
import { toHex } from "@copse/primitives";
import { describeData, readData } from "@copse/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { concatCars, dedupCar, filterCar } from "../src/edit.ts";
import { type CarEntry, decodeCar, encodeCar, readCar } from "../src/index.ts";
import { decompressZstd, saveCarFile, saveForestCar, writeForestCar } from "../src/node.ts";
import { verifyCar } from "../src/report.ts";
import { bytesAccess, createCarStore } from "../src/store.ts";
import { framesOf } from "./frames.ts";

const metadataCodec: Codec<{ f3: CidBytes; head: readonly CidBytes[] }> = {
  encode(writer, { f3, head }) {
    writer.map(3).text("F3Data").link(f3).text("Version").uint(2).text("HeadTipsetKey").array(head.length);
    for (const cid of head) writer.link(cid);
  },
  decode: () => ({ f3: new Uint8Array(0), head: [] }),
};
const names = ["mainnet-chain4.car", "mainnet-chain4.car.zst", "mainnet-chain4.forest.car.zst"].map(
  (n) => `chain/${n}`,
);
const others = ["chain/mainnet-carv2.car.zst", "chain/mainnet-export40.car", "chain/calibnet-genesis.car"];
const report = (file: Uint8Array) => verifyCar(bytesAccess(file));

describeData("verify", [...names, ...others], () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "copse-verify-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it("finds the real files good, and the index of Forest's own file the same as one made anew", async () => {
    const kinds = ["CARv1", "CARv1.zst", "ForestCARv1.zst"];
    for (const [i, name] of names.entries()) {
      const found = await report(readData(name));
      expect(found).toMatchObject({ kind: kinds[i], isGood: true, blocks: 1222, duplicates: { blocks: 0 } });
      expect(found.index?.state).toBe(kinds[i] === "ForestCARv1.zst" ? "same" : undefined);
    }
    expect(await report(readData(others[0] as string))).toMatchObject({ kind: "CARv2.zst", version: 2, blocks: 7153 });
    const genesis = await report(readData(others[2] as string));
    expect(genesis).toMatchObject({ isGood: true, blocks: 1207 });
    expect(genesis.hashes.get(0)?.blocks).toBe(10);
  });

  it("counts duplicates, missing roots, bad blocks, and goes on after each", async () => {
    const { blocks } = decodeCar(readData(names[0] as string));
    const some = [...blocks.slice(0, 20), ...blocks.slice(0, 5)];
    const file = encodeCar([blocks[500]?.cid as Uint8Array], some);
    const at = (decodeCar(file, { requireRoots: false }).blocks[7]?.offset as number) + 50;
    file[at] = (file[at] as number) ^ 1;
    const found = await report(file);
    expect(found).toMatchObject({ isGood: false, blocks: 25, badBlocks: 1, duplicates: { blocks: 5 } });
    expect(found.missingRoots).toEqual([blocks[500]?.cid]);
    expect(found.faults[0]).toMatchObject({ why: "mismatch" });
    const cut = await report(file.subarray(0, file.length - 3));
    expect(cut).toMatchObject({ isGood: false, blocks: 24 });
    expect(cut.damage?.code).toBe("car/cut");
  });

  it("tells an index that is whole, in another form, incomplete or none", async () => {
    const { roots, blocks } = decodeCar(readData("chain/calibnet-genesis.car"));
    const path = join(folder, "v2.car");
    for (const index of [{}, { kind: "sorted" as const }, { identity: true }]) {
      await saveCarFile(path, roots, blocks, { version: 2, index });
      expect((await report(await readFile(path))).index).toEqual({ state: "same", lost: 0, why: undefined });
    }
    const file = await readFile(path);
    const cid = blocks[900]?.cid as Uint8Array;
    const at = file.lastIndexOf(cid.subarray(6));
    file[at + 20] = (file[at + 20] as number) ^ 1;
    expect((await report(file)).index).toMatchObject({ state: "incomplete", lost: 1 });
    file.writeUInt32LE(0xffff, file.readUInt32LE(43) + 2);
    const damaged = await report(file);
    expect(damaged.index?.state).toBe("damaged");
    expect(damaged.isGood).toBe(false);
    const forest = join(folder, "a.forest.car.zst");
    await saveForestCar(forest, roots, blocks);
    const packed = await readFile(forest);
    expect((await report(packed)).index?.state).toBe("same");
    const start = Number(packed.readBigUInt64LE(packed.length - 8));
    packed.writeUInt8(packed.readUInt8(start + 8) + 1, start + 8); // a longest distance of one more: other, but true
    expect((await report(packed)).index).toMatchObject({ state: "other", lost: 0 });
  });
});

describeData("edits", names, () => {
  const file = readData(names[0] as string);
  const { roots, blocks } = decodeCar(file);
  const collect = async (out: AsyncIterable<CarEntry>): Promise<CarEntry[]> => {
    const all: CarEntry[] = [];
    for await (const entry of out) all.push(entry);
    return all;
  };

  it("concat gives the union in order, and every root once", async () => {
    const halves = [
      encodeCar(roots, blocks.slice(0, 700)),
      encodeCar([...roots, blocks[9]?.cid as Uint8Array], blocks.slice(500)),
    ];
    const cars = await Promise.all(halves.map((half) => readCar(half, { requireRoots: false })));
    const both = concatCars(cars);
    expect(both.roots).toEqual([...roots, blocks[9]?.cid]);
    const all = await collect(both.blocks);
    expect(Buffer.compare(encodeCar(roots, all), file)).toBe(0);
  });

  it("dedup drops what came before", async () => {
    const twice = await readCar(encodeCar(roots, [...blocks, ...blocks]));
    expect(Buffer.compare(encodeCar(roots, await collect(dedupCar(twice).blocks)), file)).toBe(0);
  });

  it("filter keeps the order and takes other roots", async () => {
    const root = blocks[3]?.cid as Uint8Array;
    const kept = filterCar(await readCar(file), { roots: [root], keep: ({ bytes }) => bytes.length > 500 });
    expect(kept.roots).toEqual([root]);
    expect((await collect(kept.blocks)).length).toBe(blocks.filter(({ bytes }) => bytes.length > 500).length);
  });

  it("the two blocks that open a version 2 snapshot stay first, each in a frame of its own", async () => {
    const f3Bytes = new Uint8Array(9 << 20).map((_, i) => (i * 7) & 255); // larger than a section may be otherwise
    const f3 = rawCidOf(f3Bytes);
    const metadata = encode(metadataCodec, { f3, head: roots });
    const head = { cid: cidOf(metadata), bytes: metadata };
    const all = [head, { cid: f3, bytes: f3Bytes }, ...blocks];
    const chunks: Uint8Array[] = [];
    for await (const chunk of writeForestCar([head.cid], all)) chunks.push(chunk);
    const forest = Buffer.concat(chunks);
    const spans = framesOf(forest, Number(forest.readBigUInt64LE(forest.length - 8)) - 8);
    expect(spans[1]?.content.length).toBe(metadata.length + 38 + 2);
    expect(spans[2]?.content.length).toBe(f3Bytes.length + 38 + 4);
    const store = await createCarStore(bytesAccess(forest));
    const pieces: Uint8Array[] = [];
    for await (const piece of store.stream(f3)) pieces.push(piece);
    expect(pieces.length).toBeGreaterThan(10);
    expect(Buffer.compare(Buffer.concat(pieces), f3Bytes)).toBe(0);
    await expect(store.getBytes(f3)).rejects.toMatchObject({ code: "car/section-too-long" });
    expect(store.getSync(blocks[1000]?.cid as Uint8Array)).toEqual(blocks[1000]?.bytes);
    // Through a union with another file, and back.
    const limits = { sectionBytes: 64 << 20 };
    const both = concatCars([await readCar(decompressZstd(forest), { limits }), await readCar(file)]);
    const first = (await collect(both.blocks)).slice(0, 3);
    const expected = [head.cid, f3, blocks[0]?.cid as Uint8Array];
    expect(first.map(({ cid }) => toHex(cid))).toEqual(expected.map(toHex));
  });
});
