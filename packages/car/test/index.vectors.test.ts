import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256 } from "@copse/crypto";
import { toHex } from "@copse/primitives";
import { dataFile, describeData, readData } from "@copse/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { decodeCar, encodeCar } from "../src/index.ts";
import { openCarStore, openFileAccess, openSpill, saveCarFile, saveCarIndex } from "../src/node.ts";
import { bytesAccess, createCarStore, indexCar } from "../src/store.ts";

/** SHA-256 of indexes that go-car v2.17 made (`GenerateIndex`, `StoreIdentityCIDs` where true; scratch program, 2026-11-20). */
const indexes = [
  ["calibnet-genesis", "sorted", false, "cf3979df8c88521fadbb74e13fb85e1614fa740e4e16a504e06b902b0a33896a"],
  ["calibnet-genesis", "sorted", true, "273bc92e4f2daa3c316ff22af452a2c246825c96936cd8110f3c5054075cb8e7"],
  ["calibnet-genesis", "multihash", false, "5599efcb95c10a826e07f57ec5b9a96d59528b409c212660d0c988c4fef22c85"],
  ["calibnet-genesis", "multihash", true, "b0a19394e58225ba2a277e9276470f557b223c21b46cf712e15076496b2e5ddb"],
  ["mainnet-chain4", "sorted", false, "56b5a0d8ae4cf0bc3b5d2062a117df736a0301d4b0937b5dea2b592e5abdbabd"],
  ["mainnet-chain4", "sorted", true, "56b5a0d8ae4cf0bc3b5d2062a117df736a0301d4b0937b5dea2b592e5abdbabd"],
  ["mainnet-chain4", "multihash", false, "810b3cfbc8a6354495fae0b4fed14dd8790dd2a4a1f2ceb16ce52aa89012a61d"],
  ["mainnet-chain4", "multihash", true, "810b3cfbc8a6354495fae0b4fed14dd8790dd2a4a1f2ceb16ce52aa89012a61d"],
  ["mainnet-export40", "sorted", false, "e65d5ad083e532dc43e249ee5376313f2942da974a42ff5300f6aa9c8b036e4d"],
  ["mainnet-export40", "sorted", true, "e65d5ad083e532dc43e249ee5376313f2942da974a42ff5300f6aa9c8b036e4d"],
  ["mainnet-export40", "multihash", false, "aa2f863f7c52e0fda5903d776fb70b5876957735640aa724702b89504a720265"],
  ["mainnet-export40", "multihash", true, "aa2f863f7c52e0fda5903d776fb70b5876957735640aa724702b89504a720265"],
  ["mainnet-genesis", "sorted", false, "ddd177239d2e75f6a0b32b5b4be8b14ec627a59d51fb2149b63c56573ac40099"],
  ["mainnet-genesis", "sorted", true, "de733c25896f823221092b41ba0f2f8d69adcbd12f32df0c0844bc4337d4df01"],
  ["mainnet-genesis", "multihash", false, "622c9b4ec68ff6c553450febfe95f750f84d370db50bc4a26737810457e85048"],
  ["mainnet-genesis", "multihash", true, "47a137d67c2c1d7f2b35ddf088e48d1f4eafc4360a30268f134ad7ca75e62225"],
] as const;
/** SHA-256 of the files that go-car's `WrapV1` made. */
const wrapped = [
  ["calibnet-genesis", "ea84179da9b70e0def960e0f7ff796e297a40ece89d0cc9077bc84ddddcc8853"],
  ["mainnet-chain4", "171ea6f90c55fbdda22dbcee3dfbbfa318e86f5638825f0aad4fbc7debd6c6f5"],
  ["mainnet-export40", "6fd6c6f30b2fc622934fe6560d05ee7d6ae30b759e8973d2362ae883c3cca997"],
  ["mainnet-genesis", "29e0d7d115f8ff27ce0916f17a9fafd70da1614c0e1783d103c901fe8d085e8f"],
] as const;
const names = wrapped.map(([name]) => `chain/${name}.car`);

async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}

describeData("indexes of CARv2, beside go-car", names, () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "copse-index-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it.each(indexes)(
    "%s, %s, identity CIDs %s: the bytes of go-car, sorted in memory or on disk",
    async (name, kind, identity, hash) => {
      await using file = await openFileAccess(dataFile(`chain/${name}.car`) as string);
      for (const memoryBytes of [undefined, 4000]) {
        const spill = await openSpill();
        const index = await indexCar(file, { kind, identity, memoryBytes, spill });
        expect(toHex(sha256(await bytesOf(index.write())))).toBe(hash);
        expect(toHex(sha256(await bytesOf(index.write())))).toBe(hash); // it can be written twice
        await spill.close();
      }
    },
  );

  it.each(wrapped)("%s as a CARv2 with its index: the bytes of go-car", async (name, hash) => {
    const path = join(folder, `${name}.car`);
    const { roots, blocks } = decodeCar(readData(`chain/${name}.car`));
    const size = await saveCarFile(path, roots, blocks, { version: 2, index: {} });
    const file = await readFile(path);
    expect(file.length).toBe(size);
    expect(toHex(sha256(file))).toBe(hash);
    const made = await saveCarIndex(`${path}.idx`, path);
    expect(file.subarray(-(await readFile(`${path}.idx`)).length).equals(await readFile(`${path}.idx`))).toBe(true);
    await using store = await openCarStore(path);
    expect(store.index).toEqual({ where: "in the file", entries: made, memory: 0 });
    for (const { cid, bytes } of blocks) expect(Buffer.compare(store.getSync(cid) as Uint8Array, bytes)).toBe(0);
  });

  it("says in a CARv2 that every CID is in the index, where it is", async () => {
    const path = join(folder, "full.car");
    const { roots, blocks } = decodeCar(readData("chain/mainnet-genesis.car"));
    await saveCarFile(path, roots, blocks, { version: 2, index: { identity: true } });
    expect((await readFile(path))[11]).toBe(0x80);
    await saveCarFile(path, roots, blocks, { version: 2, index: {} });
    expect((await readFile(path))[11]).toBe(0);
  });

  it("reads a plain file by an index in a file of its own", async () => {
    const { blocks } = decodeCar(readData("chain/mainnet-export40.car"));
    const path = dataFile("chain/mainnet-export40.car") as string;
    for (const kind of ["sorted", "multihash"] as const) {
      await saveCarIndex(join(folder, "own.idx"), path, { kind });
      await using store = await openCarStore(path, { index: join(folder, "own.idx") });
      expect(store.index.where).toBe("in a file of its own");
      for (const { cid, bytes } of blocks) expect(Buffer.compare(store.getSync(cid) as Uint8Array, bytes)).toBe(0);
      const absent = Uint8Array.from(blocks[3]?.cid as Uint8Array);
      absent[12] = (absent[12] as number) ^ 1;
      expect(store.getSync(absent)).toBeUndefined();
    }
  });

  it("finds what an index hides once it is told not to believe it", async () => {
    const { roots, blocks } = decodeCar(readData("chain/mainnet-chain4.car"));
    const path = join(folder, "liar.car");
    await saveCarFile(path, roots, blocks, { version: 2, index: {} });
    const file = await readFile(path);
    const cid = blocks[100]?.cid as Uint8Array;
    const at = file.lastIndexOf(cid.subarray(6));
    file[at + 20] = (file[at + 20] as number) ^ 1; // the record of another digest now
    await writeFile(path, file);
    await using believing = await openCarStore(path);
    expect(believing.getSync(cid)).toBeUndefined();
    await using doubting = await openCarStore(path, { rebuildIndex: true });
    expect(doubting.index.where).toBe("in memory");
    expect(doubting.getSync(cid)).toEqual(blocks[100]?.bytes);
  });

  it("makes the index of the data for a CARv2, wherever the data starts", async () => {
    const { roots, blocks } = decodeCar(readData("chain/mainnet-chain4.car"));
    const [first, second] = [1, 2].map((version) => encodeCar(roots, blocks, { version: version as 1 | 2 }));
    const [a, b] = await Promise.all([first, second].map((file) => indexCar(bytesAccess(file as Uint8Array))));
    expect(
      (await bytesOf(a?.write() as AsyncGenerator<Uint8Array>)).equals(
        await bytesOf(b?.write() as AsyncGenerator<Uint8Array>),
      ),
    ).toBe(true);
    const store = await createCarStore(bytesAccess(second as Uint8Array), {
      index: bytesAccess(await bytesOf(a?.write() as AsyncGenerator<Uint8Array>)),
    });
    expect(store.getSync(blocks[7]?.cid as Uint8Array)).toEqual(blocks[7]?.bytes);
  });
});
