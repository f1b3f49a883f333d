import { toHex, utf8 } from "@copse/primitives";
import type { BlsCurve, G1Point, G2Point, PointGroup } from "./engine.ts";
import { engineMissing } from "./errors.ts";
import { nobleBls } from "./noble-bls.ts";
import type { PointReaders } from "./point-readers.ts";

type Mcl = typeof import("mcl-wasm");
/** Calls of mcl's C interface that the object layer of mcl-wasm 2.4 does not wrap. Addresses are bytes of Wasm memory. */
interface Raw {
  stackSave(): number;
  stackRestore(stack: number): void;
  salloc(words: Uint32Array): number;
  sallocCopy(words: Uint32Array): number;
  sallocBytes(bytes: Uint8Array): number;
  sallocArray(points: readonly Uint32Array[]): number;
  copyFromHeap32(words: Uint32Array, address: number): void;
  _mclBnG1_hashAndMapToWithDst(out: number, message: number, length: number, tag: number, tagLength: number): number;
  _mclBnG2_hashAndMapToWithDst(out: number, message: number, length: number, tag: number, tagLength: number): number;
  _mclBnG1_mulCT(out: number, point: number, scalar: number): void;
  _mclBnG2_mulCT(out: number, point: number, scalar: number): void;
  _mclBn_millerLoopVec(out: number, g1s: number, g2s: number, count: number): void;
}

/** Vectors go over Wasm's stack of 1 MiB: this many points of G2 are 72 KiB of it. Longer ones go in parts. */
const atOnce = 256;
/** Points of G1, 144 B each, that are summed at once: 15 % faster than parts of 256 for a thousand of them. */
const summedAtOnce = 1536;
/** The longest message that goes over the stack; longer ones, which no block holds, are hashed by noble. */
const longestMessage = 65_536;

/**
 * BLS12-381 of mcl-wasm. The package's own signatures know other domain tags only; its C interface takes any.
 *
 * mcl keeps its curve and its modes for the whole module. Modes are set again at every read, lest another user of
 * mcl-wasm in the process has turned subgroup checks off; another user that initialises it with another curve breaks it.
 *
 * @param readers read points in its place: mcl takes 0.3 ms for one of G1, blst 0.06
 * @throws {CryptoError} `crypto/engine-missing` where the package is not installed or Wasm is not allowed
 * @see herumi/mcl include/mcl/bn.h
 */
export async function loadWasmBls(readers?: PointReaders): Promise<BlsCurve> {
  loading ??= load();
  const { mcl, raw } = await loading;
  if (readers !== undefined) return curve(mcl, raw, readers);
  plain ??= curve(mcl, raw, undefined);
  return plain;
}

let plain: BlsCurve | undefined;

/** mcl-wasm is one module for the process: initialised again, it would serve a moment without subgroup checks. */
let loading: Promise<{ readonly mcl: Mcl; readonly raw: Raw }> | undefined;

async function load(): Promise<{ readonly mcl: Mcl; readonly raw: Raw }> {
  try {
    const mcl = unwrap(await import("mcl-wasm")) as Mcl;
    const inside = unwrap(await import("mcl-wasm/dist/mcl.js")) as unknown as { mod: Raw };
    await mcl.init(mcl.BLS12_381);
    setModes(mcl);
    if (typeof inside.mod._mclBnG2_hashAndMapToWithDst === "function") return { mcl, raw: inside.mod };
  } catch (error) {
    throw engineMissing("mcl-wasm", error);
  }
  throw engineMissing("mcl-wasm", "this version has no hash to a curve with a free domain tag");
}

/** The Ethereum form of points, maps of RFC 9380, and a look at the subgroup of each point that is read. */
function setModes(mcl: Mcl): void {
  mcl.setETHserialization(true);
  mcl.setMapToMode(mcl.IRTF);
  mcl.verifyOrderG1(true);
  mcl.verifyOrderG2(true);
}

/** CommonJS seen from ESM: bundlers and Node disagree on whether names are copied; `default` is the live object. */
function unwrap<T extends object>(module: T): T {
  return "default" in module ? (module.default as T) : module;
}

function curve(mcl: Mcl, raw: Raw, readers: PointReaders | undefined): BlsCurve {
  return {
    g1: group<G1Point>(mcl, raw, {
      create: () => new mcl.G1(),
      read: readers?.g1,
      generator: nobleBls.g1.encode(nobleBls.g1.generator),
      hash: raw._mclBnG1_hashAndMapToWithDst,
      hashLong: (message, tag) => nobleBls.g1.encode(nobleBls.g1.hash(message, tag)),
      multiply: raw._mclBnG1_mulCT,
      summedAtOnce,
    }),
    g2: group<G2Point>(mcl, raw, {
      create: () => new mcl.G2() as unknown as McPoint,
      read: readers?.g2,
      generator: nobleBls.g2.encode(nobleBls.g2.generator),
      hash: raw._mclBnG2_hashAndMapToWithDst,
      hashLong: (message, tag) => nobleBls.g2.encode(nobleBls.g2.hash(message, tag)),
      multiply: raw._mclBnG2_mulCT,
      summedAtOnce: atOnce,
    }),
    productIsOne(g1s, g2s) {
      let product: InstanceType<Mcl["GT"]> | undefined;
      for (let at = 0; at < g1s.length; at += atOnce) {
        const part = new mcl.GT();
        onStack(raw, () => {
          const out = raw.salloc(words(part));
          const left = raw.sallocArray(g1s.slice(at, at + atOnce).map(words));
          const right = raw.sallocArray(g2s.slice(at, at + atOnce).map(words));
          raw._mclBn_millerLoopVec(out, left, right, Math.min(atOnce, g1s.length - at));
          raw.copyFromHeap32(words(part), out);
        });
        product = product === undefined ? part : mcl.mul(product, part);
      }
      return product === undefined || mcl.finalExp(product).isOne();
    },
  };
}

/** mcl's two groups have one interface but for their names. */
type McPoint = InstanceType<Mcl["G1"]>;
interface GroupCalls {
  create(): McPoint;
  /** Reads a point that is not infinity in place of mcl. */
  readonly read: ((bytes: Uint8Array) => Uint8Array | undefined) | undefined;
  readonly generator: Uint8Array;
  hash(out: number, message: number, length: number, tag: number, tagLength: number): number;
  hashLong(message: Uint8Array, tag: string): Uint8Array;
  multiply(out: number, point: number, scalar: number): void;
  /** Points that go into one weighted sum. */
  readonly summedAtOnce: number;
}

function group<P>(mcl: Mcl, raw: Raw, calls: GroupCalls): PointGroup<P> {
  const held = (point: P): McPoint => point as unknown as McPoint;
  const given = (point: McPoint): P => point as unknown as P;
  const decodeHere = (bytes: Uint8Array): McPoint | undefined => {
    const point = calls.create();
    setModes(mcl); // under a microsecond of some 400
    try {
      point.deserialize(bytes);
    } catch {
      return undefined;
    }
    return point;
  };
  /** Puts coordinates into a point. Whoever gave them has looked at the subgroup. */
  const fromAffine = (coordinates: Uint8Array): McPoint | undefined => {
    const point = calls.create();
    const text = toHex(coordinates);
    const numbers = Array.from({ length: text.length / 96 }, (_, i) => text.slice(96 * i, 96 * i + 96));
    // of a number with two parts mcl writes the first part first
    const [x1, x0, y1, y0] = numbers;
    setModes(mcl);
    mcl.verifyOrderG1(false);
    mcl.verifyOrderG2(false);
    try {
      point.setStr(`1 ${(numbers.length === 2 ? numbers : [x0, x1, y0, y1]).join(" ")}`, 16);
    } catch {
      return undefined; // not on the curve
    } finally {
      setModes(mcl);
    }
    return point;
  };
  const { read } = calls;
  const readHere = (bytes: Uint8Array): McPoint | undefined => {
    const coordinates = read?.(bytes);
    return coordinates && fromAffine(coordinates);
  };
  const generator = decodeHere(calls.generator) as McPoint;
  const isReadRight = read !== undefined && readHere(calls.generator)?.isEqual(generator) === true;
  const decode = (bytes: Uint8Array): P | undefined => {
    const isInfinity = ((bytes[0] as number) & 0x40) !== 0;
    const point = isReadRight && !isInfinity ? readHere(bytes) : decodeHere(bytes);
    return point && given(point);
  };
  const sum = (points: readonly P[]): P =>
    given(points.reduce((total, point) => mcl.add(total, held(point)), calls.create()));
  return {
    generator: given(generator),
    decode,
    encode: (point) => held(point).serialize(),
    isZero: (point) => held(point).isZero(),
    negate: (point) => given(mcl.neg(held(point))),
    sum,
    multiply(point, scalar) {
      const product = calls.create();
      onStack(raw, () => {
        const out = raw.salloc(words(product));
        calls.multiply(out, raw.sallocCopy(words(point)), raw.sallocCopy(words(toScalar(mcl, scalar))));
        raw.copyFromHeap32(words(product), out);
      });
      return given(product);
    },
    weightedSum(points, weights) {
      const parts: P[] = [];
      for (let at = 0; at < points.length; at += calls.summedAtOnce) {
        const end = at + calls.summedAtOnce;
        const scalars = weights.slice(at, end).map((weight) => toScalar(mcl, weight));
        parts.push(given(mcl.mulVec(points.slice(at, end).map(held), scalars)));
      }
      return sum(parts);
    },
    hash(message, tag) {
      if (message.length > longestMessage) return decode(calls.hashLong(message, tag)) as P;
      const point = calls.create();
      const domain = utf8(tag);
      onStack(raw, () => {
        const out = raw.salloc(words(point));
        calls.hash(out, raw.sallocBytes(message), message.length, raw.sallocBytes(domain), domain.length);
        raw.copyFromHeap32(words(point), out);
      });
      return given(point);
    },
  };
}

function onStack(raw: Raw, run: () => void): void {
  const stack = raw.stackSave();
  try {
    run();
  } finally {
    raw.stackRestore(stack);
  }
}

function words(value: unknown): Uint32Array {
  return (value as { a_: Uint32Array }).a_;
}

function toScalar(mcl: Mcl, littleEndian: Uint8Array): InstanceType<Mcl["Fr"]> {
  const scalar = new mcl.Fr();
  scalar.setLittleEndian(littleEndian);
  return scalar;
}
