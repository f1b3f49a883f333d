import { isCopseError } from "@copse/primitives";
import { fuzz } from "@copse/testkit";
import { describe, expect } from "vitest";
import * as BitField from "../../src/bitfield/index.ts";

const seeds = [
  BitField.empty,
  BitField.fromBits([0]),
  BitField.fromBits([3, 4, 9, 70, 71, 300]),
  BitField.fromRuns([{ start: 2n ** 40n, end: 2n ** 63n }]),
  BitField.fromRuns([{ start: 0, end: 2n ** 64n - 1n }]),
  BitField.fromBits(Array.from({ length: 40 }, (_, i) => i * i)),
].map(BitField.toBytes);

describe.each(["fvm", "go"] as const)("by the rules of %s", (rules) => {
  fuzz(
    "RLE+",
    seeds,
    (bytes) => {
      const field = BitField.fromBytes(bytes, rules);
      const written = BitField.toBytes(field);
      expect(BitField.fromBytes(written)).toEqual(field);
      if (rules === "fvm") expect(written).toEqual(bytes); // a field has one encoding
      expect(BitField.fromRuns(BitField.runsOfBytes(bytes, rules))).toEqual(field);
      expect(BitField.fromLengths(BitField.toLengths(field))).toEqual(field);
      const odd = BitField.fromBits([0, 5, 64, 2n ** 63n]);
      const either = BitField.union(field, odd);
      expect(BitField.containsAll(either, field)).toBe(true);
      expect(BitField.symmetricDifference(BitField.symmetricDifference(field, odd), odd)).toEqual(field);
      const kept = BitField.count(BitField.difference(field, odd));
      expect(BitField.count(BitField.cut(field, odd))).toBe(kept);
      expect(BitField.count(field) - kept).toBe(BitField.count(BitField.intersection(field, odd)));
      const half = BitField.count(field) / 2n;
      const parts = [BitField.slice(field, 0, half), BitField.slice(field, half, BitField.count(field) - half)];
      expect(BitField.unionAll(parts)).toEqual(field);
    },
    (error) => isCopseError(error, "bitfield/"),
  );
});
