import { it } from "vitest";

/** How long one fuzz target runs: `COPSE_FUZZ_SECONDS`, or a quarter of a second in a plain test run. */
export const fuzzSeconds: number = Number(process.env["COPSE_FUZZ_SECONDS"] ?? 0.25);

/** A small seeded generator (mulberry32): the same seed gives the same bytes on every machine. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Damages one of the seeds: flips, cuts, splices, inserts, lengthens. */
export function mutate(seeds: readonly Uint8Array[], random: () => number): Uint8Array {
  const pick = (limit: number): number => Math.floor(random() * limit);
  let bytes = Uint8Array.from(seeds[pick(seeds.length)] ?? []);
  for (let rounds = 1 + pick(4); rounds > 0; rounds--) {
    const at = pick(bytes.length + 1);
    const kind = pick(6);
    if (kind === 0 && at < bytes.length) bytes[at] = (bytes[at] as number) ^ (1 << pick(8));
    else if (kind === 1 && at < bytes.length) bytes[at] = pick(256);
    else if (kind === 2) bytes = bytes.slice(0, at);
    else if (kind === 3) bytes = Uint8Array.of(...bytes.subarray(0, at), pick(256), ...bytes.subarray(at));
    else if (kind === 4) bytes = Uint8Array.of(...bytes.subarray(0, at), ...bytes.subarray(at + 1 + pick(8)));
    else {
      const other = seeds[pick(seeds.length)] ?? bytes;
      bytes = Uint8Array.of(...bytes.subarray(0, at), ...other.subarray(pick(other.length + 1)));
    }
  }
  return bytes;
}

/**
 * A fuzz target: `run` gets damaged seeds and random bytes until the budget is spent. It must return, or throw an
 * error that `allowed` accepts; anything else fails with the input in hex.
 */
export function fuzz(
  name: string,
  seeds: readonly Uint8Array[],
  run: (bytes: Uint8Array) => void,
  allowed: (error: unknown) => boolean,
): void {
  it(`fuzz: ${name}`, { timeout: fuzzSeconds * 1000 + 60_000 }, () => {
    const random = seeded(Number(process.env["COPSE_FUZZ_SEED"] ?? 1));
    const until = performance.now() + fuzzSeconds * 1000;
    for (let count = 0; count < 100 || performance.now() < until; count++) {
      const bytes =
        count % 8 === 7
          ? Uint8Array.from({ length: Math.floor(random() * 200) }, () => Math.floor(random() * 256))
          : mutate(seeds, random);
      try {
        run(bytes);
      } catch (error) {
        if (allowed(error)) continue;
        const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
        throw new Error(`input ${count} of ${name} broke it: ${hex.slice(0, 4000)}`, { cause: error });
      }
    }
  });
}
