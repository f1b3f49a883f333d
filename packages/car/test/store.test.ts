import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AsyncStore, BlockEntry } from "@copse/blockstore";
import { describeReadOnlyAsyncStore, describeReadOnlyStore } from "@copse/blockstore/compliance";
import { concatBytes } from "@copse/primitives";
import { afterAll, beforeAll, describe, it } from "vitest";
import { encodeCar } from "../src/index.ts";
import { openCarStore, saveCarFile, writeForestCar } from "../src/node.ts";
import { blobAccess, bytesAccess, type CarStore, createCarStore } from "../src/store.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "copse-car-store-"));
});
afterAll(() => rm(folder, { recursive: true }));

const runner = { describe, it };
const close = (store: AsyncStore): Promise<void> => (store as CarStore).close();
const entries = (blocks: readonly BlockEntry[]) => blocks.map(([cid, bytes]) => ({ cid, bytes }));

async function forestOf(blocks: readonly BlockEntry[]): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of writeForestCar([], entries(blocks))) chunks.push(chunk);
  return concatBytes(...chunks);
}

async function indexed(blocks: readonly BlockEntry[], kind: "sorted" | "multihash"): Promise<Uint8Array> {
  const path = join(folder, "indexed.car");
  await saveCarFile(path, [], entries(blocks), { version: 2, index: { kind } });
  return readFile(path);
}

const files: Record<string, (blocks: readonly BlockEntry[]) => Uint8Array | Promise<Uint8Array>> = {
  CARv1: (blocks) => encodeCar([], entries(blocks)),
  "CARv2 with an index by digest": (blocks) => indexed(blocks, "sorted"),
  "CARv2 with an index by multihash": (blocks) => indexed(blocks, "multihash"),
  "CARv2 without an index": (blocks) => encodeCar([], entries(blocks), { version: 2 }),
  ".forest.car.zst": forestOf,
};

for (const [name, make] of Object.entries(files)) {
  const inMemory = async (blocks: readonly BlockEntry[]) => createCarStore(bytesAccess(await make(blocks)));
  describeReadOnlyStore(`${name} in memory`, { open: inMemory, close }, runner);

  const asBlob = async (blocks: readonly BlockEntry[]) =>
    createCarStore(blobAccess(new Blob([(await make(blocks)) as Uint8Array<ArrayBuffer>])));
  describeReadOnlyAsyncStore(`${name} in a Blob`, { open: asBlob, close }, runner);

  const onDisk = async (blocks: readonly BlockEntry[]) => {
    const path = join(folder, "file.car");
    await writeFile(path, await make(blocks));
    return openCarStore(path);
  };
  describeReadOnlyStore(`${name} on disk`, { open: onDisk, close }, runner);
}
