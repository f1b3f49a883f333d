import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMemoryDatabase, type Database } from "@copse/blockstore";
import { openLmdbDatabase } from "@copse/blockstore/lmdb";
import { blake2b256 } from "@copse/crypto";
import { installFastest } from "@copse/crypto/fastest";
import { cidOfDigest } from "@copse/ipld";
import { concatBytes } from "@copse/primitives";
import { bench } from "@copse/testkit/bench";
import type { TipsetKey } from "@copse/types";
import { type LinkedRun, type LinkedTipset, openChainStore, packRun } from "../src/index.ts";
import { fakeGenesis, fakeTipset } from "../test/fixtures/fake-chain.ts";

await installFastest();
const epochs = Number(process.env["COPSE_BENCH_EPOCHS"] ?? 50_000);
const perCommit = 500;
const model = fakeTipset(fakeGenesis, 1, [1, 2, 3, 4, 5, 6]);

/** A run of tipsets with keys of their own; the store does not look into linked headers, so they share bytes. */
function runAt(top: number, key: TipsetKey): LinkedRun {
  const linked: LinkedTipset[] = [];
  let next = key;
  for (let height = top; height > top - perCommit; height--) {
    const parents = keyOf(height - 1);
    linked.push({
      key: next,
      parents,
      height,
      timestamp: 0,
      parentWeight: BigInt(height),
      winCount: 5,
      log2Power: 49,
      headers: model.headers.slice(0, next.length / 38),
    });
    next = parents;
  }
  const child = { height: top - perCommit + 1, parentWeight: 1n, log2Power: 49 };
  return { linked, next: { key: next, child }, reachedGenesis: false };
}

function keyOf(height: number): TipsetKey {
  const blocks = 3 + (height % 4);
  const seed = new Uint8Array(9);
  new DataView(seed.buffer).setFloat64(0, height);
  return concatBytes(
    ...Array.from({ length: blocks }, (_, i) => {
      seed[8] = i;
      return cidOfDigest(blake2b256(seed));
    }),
  ) as TipsetKey;
}

interface Stored {
  readonly headers: number;
  /** Of the wall and of this process, all threads. */
  readonly seconds: number;
  readonly cpuSeconds: number;
}

async function store(database: Database): Promise<Stored> {
  const chain = await openChainStore(database, { genesis: fakeGenesis.key });
  const span = await chain.openSpan({ key: keyOf(epochs) });
  let [headers, ms, cpu] = [0, 0, 0];
  const timed = async (work: () => Promise<unknown>): Promise<void> => {
    const [start, before] = [performance.now(), process.cpuUsage()];
    await work();
    const { user, system } = process.cpuUsage(before);
    ms += performance.now() - start;
    cpu += user + system;
  };
  for (let top = epochs; top >= perCommit; top -= perCommit) {
    const { run } = packRun(runAt(top, keyOf(top))); // a worker's part, not timed
    await timed(() => chain.appendRun(span.id, run));
    for (const tipset of run.linked) headers += tipset.headers.length;
  }
  await timed(() => database.flush());
  return { headers, seconds: ms / 1e3, cpuSeconds: cpu / 1e6 };
}

function report(name: string, { headers, seconds, cpuSeconds }: Stored): void {
  const speed = (per: number): string =>
    Math.round(headers / per)
      .toLocaleString("en-US")
      .padStart(14);
  const id = `chain/appendRun ${epochs}-epochs ${name}`.padEnd(44);
  console.log(`${id} ${"copse".padEnd(18)} ${speed(seconds)} header/s ${speed(cpuSeconds)} header/CPU-s`);
}

report("memory", await store(createMemoryDatabase()));
const folder = mkdtempSync(join(tmpdir(), "copse-bench-"));
const lmdb = await openLmdbDatabase(folder);
report("lmdb", await store(lmdb));
const chain = await openChainStore(lmdb, { genesis: fakeGenesis.key });
const start = performance.now();
for (let done = 1; done > 0; ) done = await chain.indexBlocks();
const perSecond = Math.round((epochs * 1000) / (performance.now() - start)).toLocaleString("en-US");
console.log(
  `${`chain/indexBlocks ${epochs}-epochs lmdb`.padEnd(44)} ${"copse".padEnd(18)} ${perSecond.padStart(14)} tipset/s`,
);
let cursor = epochs;
await bench("chain/ancestors 100-tipsets lmdb", {
  given: () => chain,
  unit: "tipset",
  run: ({ reader }) => {
    let count = 0;
    for (const _ of reader.rows({ from: 0, to: cursor, reverse: true })) if (++count === 100) break;
    cursor = cursor > 1000 ? cursor - 137 : epochs;
    return count;
  },
});
await lmdb.close();
rmSync(folder, { recursive: true, force: true });
