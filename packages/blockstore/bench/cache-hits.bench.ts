/**
 * How many reads a cache answers, S3-FIFO beside LRU of the same bytes: reads by Zipf's law, as of popular blocks; the
 * same with a walk over blocks that are read once in between; and the real order of a walk that comes back to its upper
 * nodes. No time is measured.
 */
import { seeded } from "@copse/testkit";
import { CacheTable } from "../src/compose/cache-table.ts";
import { costOf } from "../src/compose/held-blocks.ts";

const block = new Uint8Array(700);
const keyOf = (name: string): string => name.padEnd(38);
const costEach = costOf(keyOf(""), block);

class Lru {
  readonly #blocks = new Map<string, Uint8Array>();
  readonly #most: number;

  constructor(maxBytes: number) {
    this.#most = Math.floor(maxBytes / costEach);
  }

  get(key: string): Uint8Array | undefined {
    const bytes = this.#blocks.get(key);
    if (bytes === undefined) return undefined;
    this.#blocks.delete(key);
    this.#blocks.set(key, bytes);
    return bytes;
  }

  put(key: string, bytes: Uint8Array): void {
    this.#blocks.set(key, bytes);
    if (this.#blocks.size > this.#most) this.#blocks.delete(this.#blocks.keys().next().value ?? "");
  }
}

const universe = 50_000;
const weights = Array.from({ length: universe }, (_, rank) => 1 / (rank + 1) ** 0.9);
const sums: number[] = [];
for (const weight of weights) sums.push((sums.at(-1) ?? 0) + weight);

function zipf(random: () => number): number {
  const at = random() * (sums.at(-1) as number);
  let low = 0;
  for (let high = universe - 1; low < high; ) {
    const middle = (low + high) >> 1;
    if ((sums[middle] as number) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

function* popular(): Generator<string> {
  const random = seeded(1);
  for (let i = 0; i < 400_000; i++) yield keyOf(`p${zipf(random)}`);
}

function* popularAndWalk(): Generator<string> {
  let once = 0;
  for (const key of popular()) {
    yield key;
    yield keyOf(`w${once++}`);
  }
}

/** Random look-ups in a tree of 32-way nodes, four levels deep. */
function* lookUps(): Generator<string> {
  const random = seeded(2);
  for (let i = 0; i < 150_000; i++) {
    let path = "";
    for (let level = 0; level < 4; level++) {
      yield keyOf(`n${path}`);
      path += `.${Math.floor(random() * 32)}`;
    }
  }
}

for (const [name, reads] of Object.entries({
  popular,
  "popular and a walk": popularAndWalk,
  "tree look-ups": lookUps,
})) {
  for (const share of [0.01, 0.1]) {
    const maxBytes = Math.floor(universe * share * costEach);
    const sides = { copse: new CacheTable(maxBytes), LRU: new Lru(maxBytes) };
    const rates = Object.entries(sides).map(([who, cache]) => {
      let [hits, total] = [0, 0];
      for (const key of reads()) {
        total++;
        if (cache.get(key) !== undefined) hits++;
        else cache.put(key, block);
      }
      return `${who} ${((100 * hits) / total).toFixed(1)} %`;
    });
    console.log(`blockstore/cache hits, ${name}, room for ${universe * share} blocks`.padEnd(64), rates.join("   "));
  }
}
