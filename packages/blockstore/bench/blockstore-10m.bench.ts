/**
 * Bulk inserts and random reads of many blocks of 300 to 1,200 bytes under random keys.
 *
 * COPSE_BENCH_BLOCKS: how many (100,000 in a plain run; the published figures are of 10,000,000).
 * COPSE_BENCH_ENGINES: which, by semicolon. COPSE_BENCH_DIR: where; about 1.3 kB a block are needed.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seeded } from "@copse/testkit";
import { engines, folderBytes } from "./engines.ts";

const total = Number(process.env["COPSE_BENCH_BLOCKS"] ?? 100_000);
const wanted = (process.env["COPSE_BENCH_ENGINES"] ?? Object.keys(engines).join(";")).split(";");
const batchBlocks = Number(process.env["COPSE_BENCH_BATCH"] ?? 10_000);
const reads = Math.min(100_000, total);
const random = seeded(42);
const pool = Uint8Array.from({ length: 1 << 20 }, () => random() * 256);

/** Block `n`: a CID whose digest is as good as random, and 300 to 1,200 bytes. No hash is computed: that is not measured here. */
function block(n: number): readonly [Uint8Array, Uint8Array] {
  const cid = new Uint8Array(38);
  cid.set([1, 0x71, 0xa0, 0xe4, 2, 0x20]);
  const next = seeded(n);
  const words = new DataView(cid.buffer, 6);
  for (let i = 0; i < 8; i++) words.setUint32(i * 4, next() * 4294967296);
  const size = 300 + Math.floor(next() * 901);
  const from = Math.floor(next() * (pool.length - size));
  return [cid, pool.subarray(from, from + size)];
}

const cpuMicros = ({ user, system }: { user: number; system: number }): number => user + system;
/** Bytes this process has sent to disks so far, where the system tells (Linux). */
const writtenBytes = (): number =>
  existsSync("/proc/self/io")
    ? Number(/write_bytes: (\d+)/.exec(readFileSync("/proc/self/io", "utf8"))?.[1])
    : Number.NaN;
const say = (id: string, who: string, text: string): void => console.log(`${id.padEnd(44)} ${who.padEnd(18)} ${text}`);
const rate = (count: number, ms: number): string =>
  `${Math.round((count * 1000) / ms)
    .toLocaleString("en-US")
    .padStart(14)} block/s`;

for (const who of wanted) {
  const folder = mkdtempSync(join(process.env["COPSE_BENCH_DIR"] ?? tmpdir(), "copse-bench-"));
  const size = total.toLocaleString("en-US");
  try {
    const engine = await (engines[who] as (typeof engines)[string])(join(folder, "db"));
    let spent = 0; // making the blocks is not counted
    let slice = 0;
    let worst = 0;
    let making = 0;
    const before = { cpu: cpuMicros(process.cpuUsage()), written: writtenBytes() };
    for (let at = 0; at < total; at += batchBlocks) {
      const idle = cpuMicros(process.threadCpuUsage());
      const batch = Array.from({ length: Math.min(batchBlocks, total - at) }, (_, i) => block(at + i));
      making += cpuMicros(process.threadCpuUsage()) - idle;
      const began = performance.now();
      await engine.put(batch);
      const took = performance.now() - began;
      worst = Math.max(worst, took);
      spent += took;
      slice += took;
      if ((at + batchBlocks) % (total / 10) < batchBlocks && total >= 1_000_000) {
        say(`  ... at ${(at + batchBlocks).toLocaleString("en-US")}`, who, rate(total / 10, slice));
        slice = 0;
      }
    }
    say(`blockstore/put ${size} random bulk`, who, `${rate(total, spent)}   worst batch ${Math.round(worst)} ms`);
    const cpu = (cpuMicros(process.cpuUsage()) - before.cpu - making) / total;
    const written = (writtenBytes() - before.written) / total;
    // Of all threads, compaction included: comparable however busy the machine is.
    say(
      `blockstore/put ${size} cost`,
      who,
      `${cpu.toFixed(1).padStart(14)} µs of CPU a block, ${Math.round(written)} B written`,
    );
    const pick = seeded(7);
    const some = Array.from({ length: reads }, () => block(Math.floor(pick() * total))[0]);
    let found = 0;
    let began = performance.now();
    for (const cid of some) found += engine.get(cid) === undefined ? 0 : 1;
    say(
      `blockstore/get ${size} random present`,
      who,
      `${rate(reads, performance.now() - began)}   ${found === reads ? "" : "SOME MISSING"}`,
    );
    const absent = Array.from({ length: reads }, (_, i) => block(total + 1 + i)[0]);
    began = performance.now();
    for (const cid of absent) found += engine.get(cid) === undefined ? 1 : 0;
    say(
      `blockstore/get ${size} random absent`,
      who,
      `${rate(reads, performance.now() - began)}   ${found === 2 * reads ? "" : "WRONG"}`,
    );
    began = performance.now();
    await engine.close();
    const closing = performance.now() - began;
    const onDisk = folderBytes(join(folder, "db")) / total;
    began = performance.now();
    const again = await (engines[who] as (typeof engines)[string])(join(folder, "db"));
    const opening = performance.now() - began;
    await again.close();
    say(
      `blockstore/disk ${size}`,
      who,
      `${onDisk.toFixed(0).padStart(14)} B a block (of 750 + 38)   close ${Math.round(closing)} ms, open ${Math.round(opening)} ms`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
