import * as BitField from "@copse/ipld/bitfield";
import { bench } from "@copse/testkit/bench";

/** The same sectors as in the Rust program beside: runs of 1 to 20 with gaps of 1 to 60, from a small generator. */
function sectors(seed: number, count: number): { runs: { start: number; end: number }[] } {
  let state = seed >>> 0;
  const next = (limit: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) % limit;
  };
  const runs: { start: number; end: number }[] = [];
  let at = next(100);
  for (let i = 0; i < count; i++) {
    const end = at + 1 + (next(3) === 0 ? next(20) : 0);
    runs.push({ start: at, end });
    at = end + 1 + next(60);
  }
  return { runs };
}

const fieldOf = (seed: number, count: number): BitField.BitField => BitField.fromRuns(sectors(seed, count).runs);

for (const [count, name] of [
  [10, "10"],
  [1000, "1k"],
  [10_000, "10k"],
] as const) {
  await bench(`bitfield/read ${name}-runs`, {
    given: () => BitField.toBytes(fieldOf(1, count)),
    run: (bytes) => {
      BitField.fromBytes(bytes);
      return count;
    },
    unit: "run",
  });

  await bench(`bitfield/write ${name}-runs`, {
    given: () => fieldOf(1, count),
    run: (field) => {
      BitField.toBytes(field);
      return count;
    },
    unit: "run",
  });

  const pair = () => {
    const a = fieldOf(1, count);
    const b = fieldOf(2, count);
    return { a, b, left: new Set(BitField.numbers(a)), right: new Set(BitField.numbers(b)) };
  };

  await bench(`bitfield/union ${name}-runs`, {
    given: pair,
    run: ({ a, b }) => {
      BitField.union(a, b);
      return count;
    },
    unit: "run",
    beside: {
      Set: ({ left, right }) => {
        new Set([...left, ...right]);
        return count;
      },
    },
  });

  await bench(`bitfield/intersection ${name}-runs`, {
    given: pair,
    run: ({ a, b }) => {
      BitField.intersection(a, b);
      return count;
    },
    unit: "run",
    beside: {
      Set: ({ left, right }) => {
        new Set([...left].filter((bit) => right.has(bit)));
        return count;
      },
    },
  });

  await bench(`bitfield/difference ${name}-runs`, {
    given: pair,
    run: ({ a, b }) => {
      BitField.difference(a, b);
      return count;
    },
    unit: "run",
  });

  await bench(`bitfield/cut ${name}-runs`, {
    given: pair,
    run: ({ a, b }) => {
      BitField.cut(a, b);
      return count;
    },
    unit: "run",
  });
}

await bench("bitfield/union of 1k fields of 100 runs", {
  given: () => Array.from({ length: 1000 }, (_, i) => fieldOf(i + 1, 100)),
  run: (fields) => {
    BitField.unionAll(fields);
    return 100_000;
  },
  unit: "run",
});

await bench("bitfield/has 10k-runs", {
  given: () => fieldOf(1, 10_000),
  run: (field) => {
    let found = 0;
    for (let bit = 0; bit < 100_000; bit += 10) if (BitField.has(field, bit)) found++;
    return found > 0 ? 10_000 : 0;
  },
});

await bench("bitfield/numbers 10k-runs", {
  given: () => fieldOf(1, 10_000),
  run: (field) => {
    let sum = 0;
    let seen = 0;
    for (const bit of BitField.numbers(field)) {
      sum += bit;
      seen++;
    }
    return sum > 0 ? seen : 0;
  },
  unit: "bit",
});
