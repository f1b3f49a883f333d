/**
 * Every store of blocks beside those of Helia, through one set of operations.
 *
 * COPSE_BENCH_BLOCKS: how many (20,000 in a plain run; the published figures are of 1,000,000). COPSE_BENCH_FILES: how many
 * where each is a file (2,000; published 20,000). COPSE_BENCH_STORES, COPSE_BENCH_SIZES: which, by semicolon.
 * COPSE_BENCH_DIR: where.
 */
import { appendFileSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toCid } from "@copse/ipld";
import { seeded } from "@copse/testkit";
import { fileSubjects, type Made, type Subject, subjects } from "./subjects.ts";

const wanted = process.env["COPSE_BENCH_STORES"]?.split(";");
const batchBlocks = 10_000;
const pool = (() => {
  const random = seeded(42);
  return Uint8Array.from({ length: 1 << 20 }, () => random() * 256);
})();

/** Sizes of blocks: all alike, or as in a state tree with a Wasm module now and then (1.6 kB in the mean). */
const sizes: Readonly<Record<string, (random: () => number) => number>> = {
  "300 B": () => 300,
  mixed: (random) => {
    const kind = random();
    if (kind < 0.4) return 60 + random() * 240;
    if (kind < 0.8) return 300 + random() * 900;
    return kind < 0.99 ? 1200 + random() * 2800 : 60_000;
  },
};

/** Block `n`: a chain CID whose digest is as good as random. No hash is computed: that is not measured here. */
function block(n: number, sizeOf: (random: () => number) => number): Made {
  const key = new Uint8Array(38);
  key.set([1, 0x71, 0xa0, 0xe4, 2, 0x20]);
  const random = seeded(n);
  const words = new DataView(key.buffer, 6);
  for (let i = 0; i < 8; i++) words.setUint32(i * 4, random() * 4294967296);
  const size = Math.floor(sizeOf(random));
  const from = Math.floor(random() * (pool.length - size));
  return { key, cid: toCid(key), bytes: pool.subarray(from, from + size) };
}

function say(id: string, who: string, text: string): void {
  console.log(`${id.padEnd(46)} ${who.padEnd(20)} ${text}`);
}

/** Time on the clock, and of the CPU in all threads of the process: the latter says more where others use the machine. */
interface Spent {
  ms: number;
  cpuMicros: number;
}

async function spentOn(spent: Spent, work: () => unknown): Promise<void> {
  const cpu = process.cpuUsage();
  const began = performance.now();
  await work();
  spent.ms += performance.now() - began;
  const { user, system } = process.cpuUsage(cpu);
  spent.cpuMicros += user + system;
}

/** Runs work on `count` blocks and says how many a second. */
async function timed(id: string, who: string, count: number, work: () => unknown): Promise<void> {
  const spent: Spent = { ms: 0, cpuMicros: 0 };
  await spentOn(spent, work);
  row(id, who, count, spent);
}

function row(id: string, who: string, count: number, { ms, cpuMicros }: Spent): void {
  const log = process.env["COPSE_BENCH_ROWS"];
  const perSecond = (count * 1000) / ms;
  if (log !== undefined) appendFileSync(log, `${JSON.stringify({ id, who, perSecond, unit: "block" })}\n`);
  const rate = Math.round(perSecond).toLocaleString("en-US").padStart(12);
  say(id, who, `${rate} block/s ${(cpuMicros / count).toFixed(1).padStart(8)} µs of CPU`);
}

function bytesIn(folder: string): number {
  let sum = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    sum += statSync(join(entry.parentPath, entry.name)).blocks * 512;
  }
  return sum;
}

function expectCount(what: string, found: number, expected: number): void {
  if (found !== expected) throw new RangeError(`${what}: ${found} of ${expected}`);
}

async function measure(
  who: string,
  open: (folder: string) => Promise<Subject>,
  kind: string,
  total: number,
): Promise<void> {
  const sizeOf = sizes[kind] as (random: () => number) => number;
  const made = (n: number): Made => block(n, sizeOf);
  const id = (operation: string): string => `blockstore/${operation} ${total.toLocaleString("en-US")} of ${kind}`;
  const folder = mkdtempSync(join(process.env["COPSE_BENCH_DIR"] ?? tmpdir(), "copse-bench-"));
  try {
    const store = await open(join(folder, "db"));
    // First, while nothing is being compacted behind the scenes.
    const singles = Array.from({ length: store.durable ? 500 : 5000 }, (_, i) => made(total + i));
    await timed(id("put one"), who, singles.length, async () => {
      for (const one of singles) await store.put(one);
    });
    const spent: Spent = { ms: 0, cpuMicros: 0 };
    for (let at = 0; at < total; at += batchBlocks) {
      const batch = Array.from({ length: Math.min(batchBlocks, total - at) }, (_, i) => made(at + i));
      await spentOn(spent, () => store.putMany(batch));
    }
    row(id("put batches"), who, total, spent);
    const pick = seeded(7);
    const reads = Array.from({ length: Math.min(100_000, total) }, () => made(Math.floor(pick() * total)));
    const { getSync } = store;
    if (getSync !== undefined) {
      await timed(id("get sync, random"), who, reads.length, () => {
        let found = 0;
        for (const one of reads) if (getSync(one)?.length === one.bytes.length) found++;
        expectCount("get sync", found, reads.length);
      });
    }
    await timed(id("get, random"), who, reads.length, async () => {
      let found = 0;
      for (const one of reads) if ((await store.get(one))?.length === one.bytes.length) found++;
      expectCount("get", found, reads.length);
    });
    await timed(id("get many, random, by 1,000"), who, reads.length, async () => {
      let found = 0;
      for (let at = 0; at < reads.length; at += 1000) found += await store.getMany(reads.slice(at, at + 1000));
      expectCount("get many", found, reads.length);
    });
    const absent = Array.from({ length: reads.length }, (_, i) => made(2 * total + 5000 + i));
    await timed(id("has, absent"), who, absent.length, async () => {
      for (const one of absent) if (await store.has(one)) throw new RangeError("it is not there");
    });
    const all = total + singles.length;
    await timed(id("iterate"), who, all, async () => expectCount("iterate", await store.iterate(), all)).catch(
      (error) => {
        say(id("iterate"), who, `fails: ${error.message}`); // blockstore-fs lists no block of the chain
      },
    );
    await store.close();
    if (who !== "memory") {
      say(
        id("disk"),
        who,
        `${Math.round(bytesIn(join(folder, "db")) / all)
          .toLocaleString("en-US")
          .padStart(12)} B a block`,
      );
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

for (const kind of process.env["COPSE_BENCH_SIZES"]?.split(";") ?? Object.keys(sizes)) {
  for (const [which, count] of [
    [subjects, Number(process.env["COPSE_BENCH_BLOCKS"] ?? 20_000)],
    [fileSubjects, Number(process.env["COPSE_BENCH_FILES"] ?? 2_000)],
  ] as const) {
    for (const [who, open] of Object.entries(which)) {
      if (wanted === undefined || wanted.includes(who)) await measure(who, open, kind, count);
    }
  }
}
