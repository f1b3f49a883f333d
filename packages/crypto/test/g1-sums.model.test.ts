import { toHex } from "@copse/primitives";
import { seeded } from "@copse/testkit";
import { beforeAll, describe, expect, it } from "vitest";
import { readAllG1, readG1 } from "../src/bls-points.ts";
import type { BlsCurve, G1Point } from "../src/engine.ts";
import {
  fieldOrder,
  limbBits,
  limbs,
  makeFieldMachine,
  multiply,
  radix,
  subtract,
} from "../src/kernels/field-machine.ts";
import { nobleBls } from "../src/noble-bls.ts";
import { loadWasmBls } from "../src/wasm-bls.ts";
import { infinityG1, outsideG1 } from "./odd-points.ts";
import { bytesOf } from "./sample-checks.ts";

const random = seeded(33);

describe("the field machine", () => {
  const machine = makeFieldMachine(2);
  const words = new Uint32Array(machine.memory.buffer);
  const put = (at: number, value: bigint): void => {
    for (let i = 0; i < limbs; i++) words[at / 4 + i] = Number((value >> BigInt(limbBits * i)) & 0xfffffffn);
  };
  const read = (at: number): bigint => {
    let value = 0n;
    for (let i = limbs - 1; i >= 0; i--) value = (value << BigInt(limbBits)) | BigInt(words[at / 4 + i] as number);
    return value;
  };
  const modulo = (value: bigint): bigint => ((value % fieldOrder) + fieldOrder) % fieldOrder;
  const ends = [0n, 1n, fieldOrder - 1n, fieldOrder, fieldOrder + 1n, 2n * fieldOrder - 1n];

  it("computes as the field does, for all numbers it may be given", () => {
    const number = (): bigint => {
      if (random() < 0.3) return ends[Math.floor(random() * ends.length)] as bigint;
      return BigInt(`0x${toHex(bytesOf(random, 48))}`) % (2n * fieldOrder);
    };
    const program = 4096;
    words.set([multiply, 256, 0, 64, 128, subtract, 320, 0, 64, 128], program / 4);
    for (let round = 0; round < 2000; round++) {
      const [a, b, c] = [number(), number(), number()];
      put(0, a);
      put(64, b);
      put(128, c);
      machine.run(program, program + 40);
      const [product, difference] = [read(256), read(320)];
      expect(modulo(product * radix)).toBe(modulo(a * (b - c)));
      expect(100n * product).toBeLessThan(101n * fieldOrder);
      expect(modulo(difference)).toBe(modulo(a - b - c));
      expect(difference).toBeLessThan(2n * fieldOrder);
    }
  });
});

describe("weighted sums of many points", () => {
  let curve: BlsCurve;
  const points: G1Point[] = [];
  const secrets: bigint[] = [];
  const order = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n;
  const number = (littleEndian: Uint8Array): bigint => BigInt(`0x${toHex(littleEndian.toReversed()) || "0"}`);
  const scalar = (value: bigint): Uint8Array =>
    Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
  const normal = (point: G1Point): G1Point => curve.g1.decode(curve.g1.encode(point)) as G1Point;

  beforeAll(async () => {
    curve = await loadWasmBls();
    for (let i = 0; i < 300; i++) {
      const secret = number(bytesOf(random, 31)) + 1n;
      secrets.push(secret);
      points.push(normal(curve.g1.multiply(curve.g1.generator, scalar(secret))));
    }
  });

  /** The sum by one multiplication of the generator. */
  function expectSum(chosen: readonly number[], weights: readonly Uint8Array[]): void {
    const total =
      chosen.reduce((sum, i, at) => sum + (secrets[i] as bigint) * number(weights[at] as Uint8Array), 0n) % order;
    const { g1 } = curve;
    const found = g1.weightedSum(
      chosen.map((i) => points[i] as G1Point),
      weights,
    );
    if (total === 0n) expect(g1.isZero(found)).toBe(true);
    else expect(toHex(g1.encode(found))).toBe(toHex(g1.encode(g1.multiply(g1.generator, scalar(total)))));
  }
  const all = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

  it.each([63, 64, 65, 128, 300])("%i points, weights of every length", (count) => {
    for (const length of [0, 1, 2, 8, 16, 17, 31])
      expectSum(
        all(count),
        all(count).map(() => bytesOf(random, length)),
      );
    const ends = [0, 0x7f, 0x80, 0xff];
    expectSum(
      all(count),
      all(count).map((i) => new Uint8Array(17).fill(ends[i % 4] as number)),
    );
    expectSum(
      all(count),
      all(count).map((i) => Uint8Array.of(...new Uint8Array(16), i % 2)),
    );
    expectSum(
      all(count),
      all(count).map((i) => bytesOf(random, i % 20)),
    );
  });

  it("are exact where points meet their equals or opposites", () => {
    const weights = all(200).map(() => bytesOf(random, 16));
    expectSum(
      all(200).map((i) => i % 100),
      weights,
    ); // each comes twice
    const twin = points.length;
    points.push(normal(points[3] as G1Point)); // another object, the same point
    secrets.push(secrets[3] as bigint);
    const opposite = points.length;
    points.push(normal(curve.g1.negate(points[4] as G1Point)));
    secrets.push(order - (secrets[4] as bigint));
    for (const same of [weights, weights.map(() => weights[0] as Uint8Array)]) {
      expectSum([...all(100), twin], same.slice(0, 101));
      expectSum([...all(100), opposite], same.slice(0, 101));
    }
    const progression = points.length; // sums of some are others
    for (let i = 1n; i <= 80n; i++) {
      secrets.push(i);
      points.push(normal(curve.g1.multiply(curve.g1.generator, scalar(i))));
    }
    expectSum(
      all(80).map((i) => i + progression),
      weights.slice(0, 80),
    );
  });

  it("are exact for points that are not normalized, and for zeros", () => {
    const { g1 } = curve;
    const weights = all(100).map(() => bytesOf(random, 16));
    const some = points.slice(0, 100);
    const expected = toHex(g1.encode(g1.weightedSum(some, weights)));
    const changed = some.map((point, i) => (i === 50 ? g1.sum([point, g1.generator, g1.negate(g1.generator)]) : point));
    expect(toHex(g1.encode(g1.weightedSum(changed, weights)))).toBe(expected);
    const zero = g1.sum([]);
    expect(toHex(g1.encode(g1.weightedSum([...some, zero], [...weights, weights[0] as Uint8Array])))).toBe(expected);
  });

  it("are exact for more points than are summed at once", () => {
    const many = all(2100).map((i) => i % 290);
    // other objects, so that none is the same: equal points go another way
    const { g1 } = curve;
    const weights = many.map(() => bytesOf(random, 4));
    const shifted = many.map((i, at) => ({ secret: (secrets[i] as bigint) + BigInt(at), at }));
    const fresh = shifted.map(({ secret }) => normal(g1.multiply(g1.generator, scalar(secret % order))));
    const total = shifted.reduce((sum, { secret, at }) => sum + secret * number(weights[at] as Uint8Array), 0n) % order;
    const expected = g1.encode(g1.multiply(g1.generator, scalar(total)));
    expect(toHex(g1.encode(g1.weightedSum(fresh, weights)))).toBe(toHex(expected));
  }, 60_000);
});

describe("reading many points", () => {
  let curve: BlsCurve;
  let good: Uint8Array[];

  beforeAll(async () => {
    curve = await loadWasmBls();
    const { g1 } = curve;
    good = Array.from({ length: 450 }, () => g1.encode(g1.multiply(g1.generator, bytesOf(random, 31))));
  });

  /** Reads them together and each alone, and tells which are points. */
  function expectAlike(list: readonly Uint8Array[]): boolean[] {
    const { g1 } = curve;
    const told = (point: G1Point | undefined): string => (point === undefined ? "none" : toHex(g1.encode(point)));
    const together = readAllG1(curve, list);
    expect(together.map(told)).toEqual(list.map((bytes) => told(readG1(curve, bytes))));
    return together.map((point) => point !== undefined);
  }

  it("is reading each", () => {
    expect(expectAlike(good)).not.toContain(false);
    expect(expectAlike(good.slice(0, 31))).not.toContain(false);
    expect(expectAlike([])).toEqual([]);
    expect(expectAlike([...good, ...good.slice(0, 5)])).not.toContain(false);
    expect(expectAlike(good.slice(0, 401))).not.toContain(false);
  });

  it("finds one of many that is outside the subgroup", { timeout: 60_000 }, () => {
    const { g1 } = curve;
    const opposite = g1.encode(g1.negate(g1.decode(good[3] as Uint8Array) as G1Point));
    const third = Uint8Array.of(0x80, ...new Uint8Array(47));
    for (const [at, odd] of [
      [0, outsideG1],
      [449, outsideG1],
      [200, third],
    ] as const) {
      const answers = expectAlike(good.with(at, odd));
      expect(answers.indexOf(false)).toBe(at);
      expect(answers.lastIndexOf(false)).toBe(at);
    }
    expect(expectAlike(good.with(7, opposite))).not.toContain(false);
  });

  it("finds every one that is none, wherever it stands", () => {
    const damaged = good.map((bytes, i) => {
      const changed = bytes.slice();
      if (i % 4 === 1) changed[47] = (changed[47] as number) ^ (1 << (i & 7));
      if (i % 16 === 2) changed[0] = (changed[0] as number) ^ 0x20; // the opposite: a point
      if (i % 16 === 3) changed[0] = (changed[0] as number) & 0x7f;
      return changed;
    });
    const all = damaged.with(50, outsideG1).with(290, outsideG1).with(70, new Uint8Array(47));
    const answers = expectAlike(all);
    expect(answers).toContain(true);
    expect([answers[50], answers[290], answers[70]]).toEqual([false, false, false]);
  });

  it("is left to mcl where one is infinity, or of small order", () => {
    expect(expectAlike([...good, infinityG1]).at(-1)).toBe(true);
    // x = 0: y is 2 or -2, points of order 3
    const third = Uint8Array.of(0x80, ...new Uint8Array(47));
    expect(expectAlike([...good.slice(0, 40), third]).at(-1)).toBe(false);
  });

  it("agrees with noble on points all over the curve", () => {
    const list = Array.from({ length: 120 }, () => {
      const bytes = bytesOf(random, 48);
      bytes[0] = 0x80 | ((bytes[0] as number) & 0x2f);
      return bytes;
    });
    const answers = readAllG1(curve, list).map((point) => point !== undefined);
    expect(answers).toEqual(list.map((bytes) => readG1(nobleBls, bytes) !== undefined));
  });
});
