import { bls12_381 } from "@noble/curves/bls12-381.js";

const { Fp, Fp2 } = bls12_381.fields;

/** Points on the curve, outside the prime-order subgroup, compressed: what a lax reader would let in. */
export const outsideG1: Uint8Array = firstOutside(48);
export const outsideG2: Uint8Array = firstOutside(96);

/** Infinity, in its one encoding. */
export const infinityG1: Uint8Array = encodedInfinity(48);
export const infinityG2: Uint8Array = encodedInfinity(96);

/** Encodings of a good point that no encoder makes: flags, lengths, coordinates past the field's order. */
export function damagedForms(good: Uint8Array): readonly (readonly [string, Uint8Array])[] {
  const size = good.length;
  const past = Uint8Array.from(good).fill(0xff);
  past[0] = 0x9f;
  const order = Uint8Array.from(good);
  order.set(
    bytesOf("1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab"),
  );
  order[0] = (order[0] as number) | 0x80;
  const dirty = encodedInfinity(size);
  dirty[size - 1] = 1;
  return [
    ["empty", new Uint8Array(0)],
    ["short", good.subarray(1)],
    ["long", Uint8Array.of(...good, 0)],
    ["without its compression flag", withFirst(good, (first) => first & 0x7f)],
    ["with an infinity flag", withFirst(good, (first) => first | 0x40)],
    ["a coordinate of all ones", past],
    ["a coordinate equal to the order", order],
    ["infinity with a sign", withFirst(encodedInfinity(size), () => 0xe0)],
    ["infinity with a rest", dirty],
    ["infinity without compression", withFirst(encodedInfinity(size), () => 0x40)],
    ["zeros", new Uint8Array(size)],
    ["uncompressed length", new Uint8Array(2 * size)],
  ];
}

function withFirst(bytes: Uint8Array, change: (first: number) => number): Uint8Array {
  const changed = Uint8Array.from(bytes);
  changed[0] = change(bytes[0] as number);
  return changed;
}

function encodedInfinity(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  bytes[0] = 0xc0;
  return bytes;
}

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function firstOutside(size: number): Uint8Array {
  for (let x = 1n; x < 100n; x++) {
    const bytes = new Uint8Array(size);
    bytes[0] = 0x80;
    bytes[size - 1] = Number(x);
    try {
      const inside =
        size === 48
          ? bls12_381.G1.Point.fromAffine({ x, y: Fp.sqrt(x ** 3n + 4n) }).isTorsionFree()
          : bls12_381.G2.Point.fromAffine(affineG2(x)).isTorsionFree();
      if (!inside) return bytes;
    } catch {
      // no point of the curve at this x
    }
  }
  throw new Error("no point outside the subgroup below x = 100");
}

function affineG2(x: bigint): { x: { c0: bigint; c1: bigint }; y: { c0: bigint; c1: bigint } } {
  const c = Fp2.fromBigTuple([x, 0n]);
  const b = Fp2.fromBigTuple([4n, 4n]);
  return { x: c, y: Fp2.sqrt(Fp2.add(Fp2.mul(Fp2.sqr(c), c), b)) };
}
