import { seeded } from "@copse/testkit";
import { describe, expect, it } from "vitest";
import * as BitField from "../../src/bitfield/index.ts";

type Model = Set<bigint>;
const rise = (model: Iterable<bigint>): bigint[] => [...model].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));

/** Fields of small bits, of bits around 2^53 where numbers end, and at the end of all. */
const bases = [0n, 2n ** 53n - 40n, 2n ** 64n - 200n];

function made(random: () => number, base: bigint): { field: BitField.BitField; model: Model } {
  const pick = (limit: number): number => Math.floor(random() * limit);
  const model: Model = new Set();
  const runs = pick(8);
  for (let i = 0; i < runs; i++) {
    const start = pick(150);
    const length = pick(3) === 0 ? 1 + pick(40) : 1 + pick(3);
    for (let bit = start; bit < Math.min(199, start + length); bit++) model.add(base + BigInt(bit));
  }
  const listed = pick(2) === 0 ? rise(model) : [...model].sort(() => random() - 0.5);
  return { field: BitField.fromBits(listed), model };
}

function holds(field: BitField.BitField, model: Model): void {
  const listed = rise(model);
  expect([...BitField.bits(field)]).toEqual(listed);
  expect(field).toEqual(BitField.fromBits(listed));
  expect(BitField.count(field)).toBe(BigInt(listed.length));
  expect(BitField.first(field)).toBe(listed[0]);
  expect(BitField.last(field)).toBe(listed.at(-1));
  expect(BitField.isEmpty(field)).toBe(listed.length === 0);
  expect(BitField.fromBytes(BitField.toBytes(field))).toEqual(field);
  expect(BitField.fromBytes(BitField.toBytes(field), "go")).toEqual(field);
  expect(BitField.fromRuns(BitField.runsOfBytes(BitField.toBytes(field)))).toEqual(field);
  expect(BitField.fromLengths(BitField.toLengths(field))).toEqual(field);
  expect(BitField.fromRuns([...BitField.runs(field)].reverse())).toEqual(field);
}

describe.each(bases)("fields of bits from %i on", (base) => {
  it("behave as sets", () => {
    const random = seeded(Number(base % 1000n) + 1);
    const pick = (limit: number): number => Math.floor(random() * limit);
    for (let round = 0; round < 400; round++) {
      const a = made(random, base);
      const b = made(random, base);
      holds(a.field, a.model);
      holds(BitField.union(a.field, b.field), new Set([...a.model, ...b.model]));
      holds(BitField.intersection(a.field, b.field), new Set(rise(a.model).filter((bit) => b.model.has(bit))));
      holds(BitField.difference(a.field, b.field), new Set(rise(a.model).filter((bit) => !b.model.has(bit))));
      const apart = rise([...a.model, ...b.model]).filter((bit) => a.model.has(bit) !== b.model.has(bit));
      holds(BitField.symmetricDifference(a.field, b.field), new Set(apart));
      const left = rise(a.model).filter((bit) => !b.model.has(bit));
      const below = (bit: bigint): bigint => BigInt(rise(b.model).filter((other) => other < bit).length);
      holds(BitField.cut(a.field, b.field), new Set(left.map((bit) => bit - below(bit))));
      expect(BitField.containsAll(a.field, b.field)).toBe([...b.model].every((bit) => a.model.has(bit)));
      expect(BitField.containsAny(a.field, b.field)).toBe([...b.model].some((bit) => a.model.has(bit)));
      expect(BitField.equals(a.field, b.field)).toBe(a.field.edges.join() === b.field.edges.join());
      const some = rise(a.model).filter(() => pick(3) === 0);
      holds(BitField.set(b.field, some), new Set([...b.model, ...some]));
      holds(BitField.unset(a.field, some), new Set(rise(a.model).filter((bit) => !some.includes(bit))));
      const start = pick(a.model.size + 1);
      const length = pick(a.model.size - start + 1);
      holds(BitField.slice(a.field, start, length), new Set(rise(a.model).slice(start, start + length)));
      const n = pick(a.model.size + 2);
      expect(BitField.nth(a.field, n)).toBe(rise(a.model)[n]);
      const bit = base + BigInt(pick(199));
      expect(BitField.has(a.field, bit)).toBe(a.model.has(bit));
      expect([...BitField.bits(a.field, bit)]).toEqual(rise(a.model).filter((other) => other >= bit));
      const many = Array.from({ length: pick(9) }, () => made(random, base));
      const all = new Set(many.flatMap(({ model }) => [...model]));
      holds(BitField.unionAll(many.map(({ field }) => field)), all);
    }
  });
});
