import { toHex } from "@copse/primitives";
import { seeded } from "@copse/testkit";
import { beforeAll, describe, expect, it } from "vitest";
import type { BlsCurve, PointGroup } from "../src/engine.ts";
import { loadPointReaders } from "../src/native.node.ts";
import { nobleBls } from "../src/noble-bls.ts";
import { loadWasmBls } from "../src/wasm-bls.ts";
import { infinityG1, infinityG2, outsideG1, outsideG2 } from "./odd-points.ts";
import { bytesOf } from "./sample-checks.ts";

const random = seeded(21);
const scalar = (): Uint8Array => Uint8Array.of(...bytesOf(random, 31), 1);
const weight = (): Uint8Array => Uint8Array.of(...bytesOf(random, 15), 1);

/** The group of another engine does to the same bytes what noble's does. */
function agrees<P, Q>(noble: PointGroup<P>, other: PointGroup<Q>, infinity: Uint8Array): void {
  const points = Array.from({ length: 5 }, () => noble.encode(noble.multiply(noble.generator, scalar())));
  points.push(infinity, points[0] as Uint8Array);
  const mine = points.map((bytes) => noble.decode(bytes) as P);
  const theirs = points.map((bytes) => other.decode(bytes) as Q);
  const same = (a: P, b: Q): void => expect(toHex(other.encode(b))).toBe(toHex(noble.encode(a)));
  same(noble.generator, other.generator);
  same(noble.sum(mine), other.sum(theirs));
  same(noble.sum([]), other.sum([]));
  expect(theirs.map(other.isZero)).toEqual(mine.map(noble.isZero));
  for (const [i, point] of mine.entries()) {
    same(noble.negate(point), other.negate(theirs[i] as Q));
    const by = scalar();
    if (!noble.isZero(point)) same(noble.multiply(point, by), other.multiply(theirs[i] as Q, by));
  }
  for (const count of [0, 1, 2, 7]) {
    const weights = Array.from({ length: count }, weight);
    same(noble.weightedSum(mine.slice(0, count), weights), other.weightedSum(theirs.slice(0, count), weights));
  }
  for (const length of [0, 1, 31, 32, 64, 2000, 70_000]) {
    const message = bytesOf(random, length);
    same(noble.hash(message, "A TAG"), other.hash(message, "A TAG"));
  }
}

describe("the groups of mcl-wasm", () => {
  let wasm: BlsCurve;
  beforeAll(async () => {
    wasm = await loadWasmBls();
  });

  it("are those of noble", () => {
    agrees(nobleBls.g1, wasm.g1, infinityG1);
    agrees(nobleBls.g2, wasm.g2, infinityG2);
  });

  it("are loaded once", async () => {
    expect(await loadWasmBls()).toBe(wasm);
  });

  it("look at subgroups whatever another user of mcl-wasm has set", async () => {
    const mcl = (await import("mcl-wasm")).default;
    mcl.verifyOrderG1(false);
    mcl.verifyOrderG2(false);
    expect(wasm.g1.decode(outsideG1)).toBeUndefined();
    mcl.verifyOrderG2(false);
    expect(wasm.g2.decode(outsideG2)).toBeUndefined();
  });

  it("sum more points than go over the stack at once", () => {
    const { g2 } = wasm;
    const points = Array.from({ length: 600 }, (_, i) => (i % 3 === 0 ? g2.generator : g2.negate(g2.generator)));
    const weights = points.map((_, i) => Uint8Array.of(i & 255, i >> 8, 0, 0, 1));
    const slow = points.map((point, i) => g2.multiply(point, weights[i] as Uint8Array));
    expect(toHex(g2.encode(g2.weightedSum(points, weights)))).toBe(toHex(g2.encode(g2.sum(slow))));
  });

  it("sum more points of G1 than are summed at once", () => {
    const { g1 } = wasm;
    const points = Array.from({ length: 1600 }, (_, i) => (i % 3 === 0 ? g1.generator : g1.negate(g1.generator)));
    const weights = points.map((_, i) => Uint8Array.of(i & 255, i >> 8, ...bytesOf(random, 14), 1));
    // the generator times what is left of all weights, which is of 140 bits at most
    let total = 0n;
    for (const [i, bytes] of weights.entries()) {
      const value = BigInt(`0x${toHex(bytes.toReversed())}`);
      total += i % 3 === 0 ? value : -value;
    }
    const scalar = Uint8Array.from({ length: 32 }, (_, i) => Number((-total >> BigInt(8 * i)) & 0xffn));
    expect(total).toBeLessThan(0n);
    const expected = g1.negate(g1.multiply(g1.generator, scalar));
    expect(toHex(g1.encode(g1.weightedSum(points, weights)))).toBe(toHex(g1.encode(expected)));
  });

  it("pair more points than go over the stack at once", () => {
    const { g1, g2 } = wasm;
    const back = g2.negate(g2.generator);
    const g2s = Array.from({ length: 300 }, (_, i) => (i % 2 === 0 ? g2.generator : back));
    const g1s = g2s.map(() => g1.generator);
    expect(wasm.productIsOne(g1s, g2s)).toBe(true);
    expect(wasm.productIsOne(g1s.slice(1), g2s.slice(1))).toBe(false);
    expect(wasm.productIsOne([], [])).toBe(true);
  });

  it("read by blst the same points as by themselves", async () => {
    const readers = await loadPointReaders();
    if (readers === undefined) throw new Error("@chainsafe/blst does not load on this machine");
    const read: Uint8Array[] = [];
    const told = (reader: (bytes: Uint8Array) => Uint8Array | undefined) => (bytes: Uint8Array) => {
      read.push(bytes);
      return reader(bytes);
    };
    const native = await loadWasmBls({ g1: told(readers.g1), g2: told(readers.g2) });
    agrees(wasm.g1, native.g1, infinityG1);
    agrees(wasm.g2, native.g2, infinityG2);
    expect(read.length).toBeGreaterThan(10);
    expect([native.g1.decode(outsideG1), native.g2.decode(outsideG2)]).toEqual([undefined, undefined]);
    const everyBit = <P>(group: PointGroup<P>, other: PointGroup<P>): void => {
      const good = group.encode(group.negate(group.generator));
      for (let i = 1; i < good.length; i++) {
        const bytes = Uint8Array.from(good);
        bytes[i] = (bytes[i] as number) ^ 1;
        expect(other.decode(bytes) === undefined).toBe(group.decode(bytes) === undefined);
      }
    };
    everyBit(wasm.g1, native.g1);
    everyBit(wasm.g2, native.g2);
    // what is read by one is summed by the other
    const [a, b] = [native.g1.decode(wasm.g1.encode(wasm.g1.generator)), wasm.g1.negate(wasm.g1.generator)];
    expect(wasm.g1.isZero(wasm.g1.sum([a as typeof b, b]))).toBe(true);
  });

  it("do not trust readers that are wrong about the generator", async () => {
    const wrong = await loadWasmBls({ g1: () => undefined, g2: () => new Uint8Array(192) });
    expect(toHex(wrong.g1.encode(wrong.g1.generator))).toBe(toHex(nobleBls.g1.encode(nobleBls.g1.generator)));
    expect(wrong.g1.decode(wrong.g1.encode(wrong.g1.generator))).toBeDefined();
    expect(wrong.g2.decode(wrong.g2.encode(wrong.g2.generator))).toBeDefined();
  });

  it("do not run out of stack on ten thousand refusals", () => {
    const bytes = new Uint8Array(96).fill(0xff);
    for (let i = 0; i < 10_000; i++) expect(wasm.g2.decode(bytes)).toBeUndefined();
    expect(wasm.g2.isZero(wasm.g2.hash(bytes, "A TAG"))).toBe(false);
  });
});

describe("noble's groups", () => {
  it("weigh as they multiply", () => {
    const { g1 } = nobleBls;
    const points = Array.from({ length: 4 }, () => g1.multiply(g1.generator, scalar()));
    const weights = points.map(weight);
    const slow = points.map((point, i) => g1.multiply(point, weights[i] as Uint8Array));
    expect(g1.encode(g1.weightedSum(points, weights))).toEqual(g1.encode(g1.sum(slow)));
  });
});
