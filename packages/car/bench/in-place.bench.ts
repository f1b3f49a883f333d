/** Blocks read in place from files of every kind, beside a Map of the blocks and the indexed reader of @ipld/car. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installFastest } from "@copse/crypto/fastest";
import { type CidBytes, cidKey, cidOf, toCid } from "@copse/ipld";
import { seeded } from "@copse/testkit";
import { bench } from "@copse/testkit/bench";
import { CarIndexedReader } from "@ipld/car/indexed-reader";
import type { CarEntry } from "../src/index.ts";
import { openCarStore, openFileAccess, saveCarFile, saveCarIndex, saveForestCar } from "../src/node.ts";
import { verifyCar } from "../src/report.ts";
import { indexCar } from "../src/store.ts";

console.log((await installFastest()).join(", "));
const folder = await mkdtemp(join(tmpdir(), "copse-bench-"));
const path = (name: string): string => join(folder, name);
const count = 100_000;
const random = seeded(1);

/** Blocks of 200 to 1,400 B that compress to about half, as those of state trees do. */
const blocks: CarEntry[] = Array.from({ length: count }, (_, i) => {
  const bytes = new Uint8Array(200 + (i % 1200));
  for (let at = 0; at < bytes.length; at++) bytes[at] = at % 2 === 0 ? Math.floor(random() * 256) : i & 7;
  return { cid: cidOf(bytes), bytes };
});
const roots = [(blocks[0] as CarEntry).cid];
await saveCarFile(path("plain.car"), roots, blocks);
await saveCarFile(path("v2.car"), roots, blocks, { version: 2, index: {} });
await saveCarIndex(path("plain.idx"), path("plain.car"));
await saveForestCar(path("a.forest.car.zst"), roots, blocks);
const megabytes = blocks.reduce((sum, { bytes }) => sum + bytes.length, 0) / 1e6;

/** The same CIDs in the same random order for every side. */
const order = Array.from({ length: 1000 }, () => (blocks[Math.floor(random() * count)] as CarEntry).cid);
const near = Array.from({ length: 1000 }, (_, i) => (blocks[50_000 + i] as CarEntry).cid);
const cids = order.map((cid) => toCid(cid));
const map = new Map(blocks.map(({ cid, bytes }) => [cidKey(cid), bytes]));
const theirs = await CarIndexedReader.fromFile(path("plain.car"));

const inMap = (): number => {
  for (const cid of order) map.get(cidKey(cid));
  return order.length;
};
const byTheirs = async (): Promise<number> => {
  for (const cid of cids) await theirs.get(cid);
  return cids.length;
};
type Opened = Awaited<ReturnType<typeof openCarStore>>;
const atOnce = (store: Opened, wanted: readonly CidBytes[]): number => {
  for (const cid of wanted) store.getSync(cid);
  return wanted.length;
};
const later = async (store: Opened): Promise<number> => {
  for (const cid of order) await store.getBytes(cid);
  return order.length;
};
const beside = { "@ipld/car indexed, no hash": byTheirs, "Map of all blocks": inMap };

await using plain = await openCarStore(path("plain.car"));
await using unchecked = await openCarStore(path("plain.car"), { verify: false });
await using own = await openCarStore(path("plain.car"), { index: path("plain.idx") });
await using second = await openCarStore(path("v2.car"));
await using forest = await openCarStore(path("a.forest.car.zst"));
await using bare = await openCarStore(path("a.forest.car.zst"), { cacheBytes: 0 });

const cases: Record<string, () => number | Promise<number>> = {
  "plain, index in memory": () => atOnce(plain, order),
  "plain, index in memory, unchecked": () => atOnce(unchecked, order),
  "plain, index in memory, later": () => later(plain),
  "plain, index in a file": () => atOnce(own, order),
  "CARv2, index in the file": () => atOnce(second, order),
  "forest, random, cached frames": () => atOnce(forest, order),
  "forest, random, no cache": () => atOnce(bare, order),
  "forest, neighbours": () => atOnce(forest, near),
};
for (const [name, run] of Object.entries(cases)) {
  await bench(`car/get 100k ${name}`, { given: () => undefined, run, unit: "block", beside });
}

await bench("car/open 100k plain", {
  given: () => undefined,
  run: async () => {
    await (await openCarStore(path("plain.car"))).close();
    return count;
  },
  unit: "block",
  beside: {
    "@ipld/car indexed": async () => {
      await (await CarIndexedReader.fromFile(path("plain.car"))).close();
      return count;
    },
  },
});

await bench("car/index 100k multihash", {
  given: () => undefined,
  run: async () => {
    await using file = await openFileAccess(path("plain.car"));
    const index = await indexCar(file);
    for await (const _ of index.write());
    return count;
  },
  unit: "block",
});

for (const name of ["plain.car", "v2.car", "a.forest.car.zst"]) {
  await bench(`car/verify 100k ${name}`, {
    given: () => undefined,
    run: async () => {
      await using file = await openFileAccess(path(name));
      if (!(await verifyCar(file)).isGood) return 0;
      return megabytes;
    },
    unit: "MB",
  });
}

await bench("car/write 100k forest", {
  given: () => blocks.slice(0, 10_000),
  run: async (some) => {
    await saveForestCar(path("b.forest.car.zst"), roots, some);
    return megabytes / 10;
  },
  unit: "MB",
  rounds: 3,
});

await theirs.close();
await rm(folder, { recursive: true });
