// The tables of README.md: `npm run bench -- amt`. Sizes: COPSE_BENCH_SIZES=1k,100k,1M. The workloads are those of a
// program on the Rust crate outside the repository; the file that COPSE_BENCH_RUST names (a line an id: `id TAB ns`) is
// printed beside.
import { appendFileSync, readFileSync } from "node:fs";
import { type Amt, amtRoot, createAmt, diffAmt, loadAmt } from "@copse/amt";
import { installFastest } from "@copse/crypto/fastest";
import { type CidBytes, type Codec, cidOf, linkCodec, runSync } from "@copse/ipld";
import { bench } from "@copse/testkit/bench";

const options = { version: 3, bitWidth: 5 } as const;
const u64: Codec<number> = {
  encode: (writer, value) => void writer.uint(value),
  decode: (reader) => reader.safeUint(),
};
const sizes = (process.env["COPSE_BENCH_SIZES"] ?? "1k,100k").split(",");
const countOf = (size: string): number => Number(size.replace("k", "000").replace("M", "000000"));
const only = process.env["COPSE_BENCH_ONLY"] ?? "";
const rust = new Map<string, number>();
if (process.env["COPSE_BENCH_RUST"] !== undefined) {
  for (const line of readFileSync(process.env["COPSE_BENCH_RUST"], "utf8").split("\n")) {
    const [id, ns] = line.split("\t");
    if (id && ns) rust.set(id, Number(ns));
  }
}

/** Blocks by six bytes of their digests, as cheap as a store in memory gets. */
class Blocks {
  readonly #blocks = new Map<number, Uint8Array>();

  getSync(cid: CidBytes): Uint8Array | undefined {
    return this.#blocks.get(keyOf(cid));
  }

  putManySync(blocks: Iterable<readonly [CidBytes, Uint8Array]>): void {
    for (const [cid, block] of blocks) this.#blocks.set(keyOf(cid), block);
  }
}

function keyOf(cid: CidBytes): number {
  const at = (i: number): number => cid[6 + i] as number;
  return (at(0) | (at(1) << 8) | (at(2) << 16)) + (at(3) | (at(4) << 8) | ((at(5) & 0x7f) << 16)) * 0x1000000;
}

/**
 * Times a case whose every round needs a new state, which `bench` of testkit does not have: best of rounds, as the Rust
 * program takes it, or the mean of the thread's CPU time where that is less: on a busy machine a round of more than a
 * few milliseconds is never left alone.
 */
function timed<Given>(id: string, units: number, given: () => Given, run: (given: Given) => void): void {
  if (!id.includes(only)) return;
  let best = Number.POSITIVE_INFINITY;
  let cpu = 0;
  let rounds = 0;
  for (const begun = performance.now(); rounds < 6 || (rounds < 2000 && performance.now() - begun < 1500); rounds++) {
    const state = given();
    const [start, used] = [performance.now(), cpuMicros()];
    run(state);
    if (rounds >= 2) cpu += cpuMicros() - used;
    best = Math.min(best, ((performance.now() - start) * 1e6) / units);
  }
  best = Math.min(best, (cpu * 1e3) / units / (rounds - 2) || best);
  const beside = rust.get(id);
  const ratio = beside === undefined ? "" : `   Rust ${beside.toFixed(1)} ns, x${(best / beside).toFixed(1)}`;
  console.log(`${id.padEnd(28)} ${best.toFixed(1).padStart(10)} ns${ratio}`);
  const log = process.env["COPSE_BENCH_ROWS"];
  if (log !== undefined) {
    const row = { id, who: "copse", perSecond: 1e9 / best, unit: "op", ratio: undefined };
    appendFileSync(log, `${JSON.stringify(row)}\n`);
  }
}

function cpuMicros(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

let sum = 0;

function benchTree(size: string): void {
  const count = countOf(size);
  /** Indexes all over the tree. */
  const some = Array.from({ length: Math.min(count, 10_000) }, (_, i) => (i * 7919) % count);
  const build = (store: Blocks): CidBytes => {
    const tree = createAmt(u64, options);
    for (let i = 0; i < count; i++) tree.setSync(i, i);
    return tree.flushSync(store);
  };
  timed(`amt/build ${size}`, count, () => new Blocks(), build);
  const store = new Blocks();
  const root = build(store);
  const cold = (from = root): Amt<number> => runSync(loadAmt(from, u64, options), store);
  const warm = (from = root): Amt<number> => {
    const tree = cold(from);
    for (let i = 0; i < count; i++) sum += tree.getSync(i, store) as number;
    return tree;
  };
  const changed = cold();
  const few = some.slice(0, count / 100);
  for (const i of few) changed.setSync(i, i + 1, store);
  const after = changed.flushSync(store);
  for (const [temperature, open] of [
    ["cold", cold],
    ["warm", warm],
  ] as const) {
    const id = (operation: string): string => `amt/${operation} ${size} ${temperature}`;
    const kept = temperature === "warm" ? warm() : undefined;
    const reader = (): Amt<number> => kept ?? cold();
    timed(id("set"), some.length, open, (tree) => {
      for (const i of some) tree.setSync(i, i + 1, store);
      tree.flush();
    });
    timed(id("get"), some.length, reader, (tree) => {
      for (const i of some) sum += tree.getSync(i, store) as number;
    });
    timed(id("get-as-steps"), some.length, reader, (tree) => {
      for (const i of some) sum += runSync(tree.get(i), store) as number;
    });
    timed(id("delete"), some.length, open, (tree) => {
      for (const i of some) tree.deleteSync(i, store);
      tree.flush();
    });
    const add = (_: number | bigint, value: number): void => {
      sum += value;
    };
    timed(id("iterate"), count, reader, (tree) => runSync(tree.walkNumbers(add), store));
    timed(id("iterate-bigint"), count, reader, (tree) => runSync(tree.walk(add), store));
    timed(
      id("diff"),
      few.length,
      () => [open(), open(after)] as const,
      ([a, b]) => {
        runSync(
          diffAmt(a, b).walk(() => void sum++),
          store,
        );
      },
    );
  }
}

async function benchRoots(): Promise<void> {
  for (const count of [100, 1000]) {
    await bench(`amt/root ${count}-cids`, {
      given: () => {
        const values = Array.from({ length: count }, (_, i) => cidOf(Uint8Array.of(i, i >> 8)));
        return { values, blocks: amtRoot(values, linkCodec, { version: 0 }).blocks };
      },
      run: ({ values }) => {
        amtRoot(values, linkCodec, { version: 0 });
        return 1;
      },
      unit: "list",
      beside: {
        "value by value": ({ values }) => {
          const tree = createAmt(linkCodec, { version: 0 });
          for (let i = 0; i < values.length; i++) tree.setSync(i, values[i] as CidBytes);
          tree.flush();
          return 1;
        },
        // what cannot be saved: the tree's blocks, made already, hashed
        "the hashes alone": ({ blocks }) => {
          for (const [, block] of blocks) cidOf(block);
          return 1;
        },
      },
    });
  }
}

await installFastest();
await benchRoots();
for (const size of sizes) benchTree(size);
