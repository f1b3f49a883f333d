import { utf8 } from "@copse/primitives";
import type { WeierstrassPoint } from "@noble/curves/abstract/weierstrass.js";
import { bls12_381 } from "@noble/curves/bls12-381.js";
import type { BlsCurve, G1Point, G2Point, PointGroup } from "./engine.ts";

type Fp2 = { c0: bigint; c1: bigint };
/** What we use of noble's two groups, as one type over their coordinates. */
interface NobleGroup<F> {
  readonly Point: {
    readonly BASE: WeierstrassPoint<F>;
    readonly ZERO: WeierstrassPoint<F>;
    fromBytes(bytes: Uint8Array): WeierstrassPoint<F>;
  };
  hashToCurve(message: Uint8Array, options: { DST: Uint8Array }): WeierstrassPoint<F>;
}

const { fields, millerLoopBatch, utils } = bls12_381;
type Lines = ReturnType<typeof utils.calcPairingPrecomputes>;

/** The line functions of points that come again: the generator, a beacon's key. */
const linesOf = new WeakMap<object, Lines>();

/** BLS12-381 of @noble/curves: pure JavaScript, everywhere. */
export const nobleBls: BlsCurve = {
  g1: group<bigint, G1Point>(bls12_381.G1 as unknown as NobleGroup<bigint>),
  g2: group<Fp2, G2Point>(bls12_381.G2 as unknown as NobleGroup<Fp2>),
  productIsOne(g1s, g2s) {
    // not noble's pairingBatch: it looks at the subgroup of every point again, sums and hashes included
    const pairs = g1s.map((g1, i): Parameters<typeof millerLoopBatch>[0][number] => {
      const { x, y } = (g1 as unknown as WeierstrassPoint<bigint>).toAffine();
      return [lines(g2s[i] as unknown as WeierstrassPoint<Fp2>), x, y];
    });
    return fields.Fp12.eql(fields.Fp12.finalExponentiate(millerLoopBatch(pairs)), fields.Fp12.ONE);
  },
};

function lines(point: WeierstrassPoint<Fp2>): Lines {
  let found = linesOf.get(point);
  if (found === undefined) {
    found = utils.calcPairingPrecomputes(point);
    linesOf.set(point, found);
  }
  return found;
}

function group<F, P>({ Point, hashToCurve }: NobleGroup<F>): PointGroup<P> {
  type Held = WeierstrassPoint<F>;
  const held = (point: P): Held => point as unknown as Held;
  const given = (point: Held): P => point as unknown as P;
  return {
    generator: given(Point.BASE),
    decode(bytes) {
      try {
        return given(Point.fromBytes(bytes)); // looks at curve and subgroup
      } catch {
        return undefined;
      }
    },
    // noble writes (0, 1, 0) only; a point minus itself may be another form of zero
    encode: (point) => (held(point).is0() ? Point.ZERO : held(point)).toBytes(true),
    isZero: (point) => held(point).is0(),
    negate: (point) => given(held(point).negate()),
    sum: (points) => given(points.reduce((sum, point) => sum.add(held(point)), Point.ZERO)),
    multiply: (point, scalar) => given(held(point).multiply(toScalar(scalar))),
    weightedSum: (points, weights) => given(straus(Point.ZERO, points.map(held), weights)),
    hash: (message, tag) => given(hashToCurve(message, { DST: utf8(tag) })),
  };
}

function toScalar(littleEndian: Uint8Array): bigint {
  let value = 0n;
  for (let i = littleEndian.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(littleEndian[i] as number);
  return value;
}

/**
 * Straus: all points share the doublings, four bits at a time. Batch weights have 16 bytes, where noble's `pippenger`
 * always walks the full 255 bits.
 */
function straus<F>(
  zero: WeierstrassPoint<F>,
  points: readonly WeierstrassPoint<F>[],
  weights: readonly Uint8Array[],
): WeierstrassPoint<F> {
  const tables = points.map((point) => {
    const multiples = [zero, point];
    for (let i = 2; i < 16; i++) multiples.push((multiples[i - 1] as WeierstrassPoint<F>).add(point));
    return multiples;
  });
  const longest = weights.reduce((most, weight) => Math.max(most, weight.length), 0);
  let sum = zero;
  for (let nibble = 2 * longest - 1; nibble >= 0; nibble--) {
    if (!sum.is0()) sum = sum.double().double().double().double();
    for (const [i, weight] of weights.entries()) {
      const digit = ((weight[nibble >> 1] ?? 0) >> (4 * (nibble & 1))) & 15;
      if (digit !== 0) sum = sum.add(tables[i]?.[digit] as WeierstrassPoint<F>);
    }
  }
  return sum;
}
