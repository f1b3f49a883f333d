import { currentEngine } from "@copse/crypto";
import { fromHex } from "@copse/primitives";
import { describe, expect, it } from "vitest";
import { KeyCache } from "../src/key-cache.ts";
import { publicKeys } from "./golden.ts";

const { bls: curve } = currentEngine();
const infinity = fromHex(`c0${"0".repeat(94)}`);

/** Keys that are none, each another: reading them costs nothing. */
const nothing = (i: number): Uint8Array => Uint8Array.of(...new Uint8Array(46), i >> 8, i & 255);

describe("KeyCache", () => {
  it("gives one object for one key, and none for what is no key", () => {
    const cache = new KeyCache(curve);
    const [first, second] = publicKeys as [Uint8Array, Uint8Array];
    const points = cache.getAll([first, infinity, second, first.slice(), new Uint8Array(48), first.subarray(1)]);
    expect(points.map((point) => point !== undefined)).toEqual([true, false, true, true, false, false]);
    expect(points[3]).toBe(points[0]);
    expect(cache.getAll([second, first])).toEqual([points[2], points[0]]);
    expect(cache.getAll([first])[0]).toBe(points[0]);
  });

  it("forgets none while it is asked for more than it keeps", () => {
    const cache = new KeyCache(curve);
    const [first] = publicKeys as [Uint8Array];
    const many = [first, ...Array.from({ length: 12_000 }, (_, i) => nothing(i)), first];
    for (let round = 0; round < 2; round++) {
      const points = cache.getAll(many);
      expect(points[0]).toBeDefined();
      expect(points.at(-1)).toBe(points[0]);
      expect(points.filter((point) => point !== undefined)).toHaveLength(2);
    }
  });

  it("keeps what is used", () => {
    const cache = new KeyCache(curve);
    const [first] = publicKeys as [Uint8Array];
    const [point] = cache.getAll([first]);
    for (let i = 0; i < 4; i++) {
      cache.getAll(Array.from({ length: 4000 }, (_, at) => nothing(4000 * i + at)));
      expect(cache.getAll([first])[0]).toBe(point);
    }
  });
});
