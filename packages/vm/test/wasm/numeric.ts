// Operators without immediates, from the specification. Values: i32 and f32 as 32-bit signed numbers, i64 and f64 as
// 64-bit signed big integers; floats are their bits. NaNs of arithmetic are the canonical one, as in the reference.
export type Value = number | bigint;
export class Trap extends Error {}

const view = new DataView(new ArrayBuffer(8));
const f32Of = (bits: Value): number => {
  view.setInt32(0, bits as number);
  return view.getFloat32(0);
};
const f64Of = (bits: Value): number => {
  view.setBigInt64(0, bits as bigint);
  return view.getFloat64(0);
};
const bitsOfF32 = (value: number): number => {
  if (Number.isNaN(value)) return 0x7fc0_0000;
  view.setFloat32(0, value);
  return view.getInt32(0);
};
const bitsOfF64 = (value: number): bigint => {
  if (Number.isNaN(value)) return 0x7ff8n << 48n;
  view.setFloat64(0, value);
  return view.getBigInt64(0);
};
const bool = (is: boolean): number => (is ? 1 : 0);
const s64 = (value: bigint): bigint => BigInt.asIntN(64, value);
const u64 = (value: Value): bigint => BigInt.asUintN(64, value as bigint);

function nearest(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  const rounded = rest < 0.5 ? floor : rest > 0.5 ? floor + 1 : floor % 2 === 0 ? floor : floor + 1;
  return rounded === 0 && (value < 0 || Object.is(value, -0)) ? -0 : rounded;
}
const min = (a: number, b: number): number => Math.min(a, b); // JavaScript's agree with Wasm's on zeros and NaN
const max = (a: number, b: number): number => Math.max(a, b);

type Unary = (a: Value) => Value;
type Binary = (a: Value, b: Value) => Value;
export const unary: Record<number, Unary> = {};
export const binary: Record<number, Binary> = {};

const compare = [
  (a: number | bigint, b: number | bigint) => a === b,
  (a: number | bigint, b: number | bigint) => a !== b,
  (a: number | bigint, b: number | bigint) => a < b,
  (a: number | bigint, b: number | bigint) => a > b,
  (a: number | bigint, b: number | bigint) => a <= b,
  (a: number | bigint, b: number | bigint) => a >= b,
];
const [eq, ne, lt, gt, le, ge] = compare as [Cmp, Cmp, Cmp, Cmp, Cmp, Cmp];
type Cmp = (a: number | bigint, b: number | bigint) => boolean;
for (const [at, [test, isUnsigned]] of (
  [
    [eq, 0],
    [ne, 0],
    [lt, 0],
    [lt, 1],
    [gt, 0],
    [gt, 1],
    [le, 0],
    [le, 1],
    [ge, 0],
    [ge, 1],
  ] as [Cmp, number][]
).entries()) {
  binary[0x46 + at] = (a, b) => bool(isUnsigned ? test((a as number) >>> 0, (b as number) >>> 0) : test(a, b));
  binary[0x51 + at] = (a, b) => bool(isUnsigned ? test(u64(a), u64(b)) : test(a, b));
}
for (const [at, test] of [eq, ne, lt, gt, le, ge].entries()) {
  binary[0x5b + at] = (a, b) => bool(test(f32Of(a), f32Of(b)));
  binary[0x61 + at] = (a, b) => bool(test(f64Of(a), f64Of(b)));
}
unary[0x45] = (a) => bool(a === 0);
unary[0x50] = (a) => bool(a === 0n);

const bitsCount = (value: bigint): number => value.toString(2).replaceAll("0", "").length;
const leading = (value: bigint, width: number): number => (value === 0n ? width : width - value.toString(2).length);
const trailing = (value: bigint, width: number): number =>
  value === 0n ? width : value.toString(2).length - 1 - value.toString(2).lastIndexOf("1");
const wide = (a: Value): bigint => BigInt((a as number) >>> 0);
unary[0x67] = (a) => leading(wide(a), 32);
unary[0x68] = (a) => trailing(wide(a), 32);
unary[0x69] = (a) => bitsCount(wide(a));
unary[0x79] = (a) => BigInt(leading(u64(a), 64));
unary[0x7a] = (a) => BigInt(trailing(u64(a), 64));
unary[0x7b] = (a) => BigInt(bitsCount(u64(a)));

/** Integer arithmetic of one width, over unsigned big integers. */
function integers(width: number): ((a: bigint, b: bigint) => bigint)[] {
  const signed = (value: bigint): bigint => BigInt.asIntN(width, value);
  const bits = BigInt(width);
  const divide = (a: bigint, b: bigint): bigint => {
    if (b === 0n) throw new Trap("divide by zero");
    return a / b;
  };
  const rest = (a: bigint, b: bigint): bigint => {
    if (b === 0n) throw new Trap("divide by zero");
    return a % b;
  };
  return [
    (a, b) => a + b,
    (a, b) => a - b,
    (a, b) => a * b,
    (a, b) => {
      const found = divide(signed(a), signed(b));
      if (found === 1n << (bits - 1n)) throw new Trap("overflow");
      return found;
    },
    divide,
    (a, b) => rest(signed(a), signed(b)),
    rest,
    (a, b) => a & b,
    (a, b) => a | b,
    (a, b) => a ^ b,
    (a, b) => a << (b % bits),
    (a, b) => signed(a) >> (b % bits),
    (a, b) => a >> (b % bits),
    (a, b) => (a << (b % bits)) | (a >> (bits - (b % bits))),
    (a, b) => (a >> (b % bits)) | (a << (bits - (b % bits))),
  ];
}
for (const [at, run] of integers(32).entries()) {
  binary[0x6a + at] = (a, b) => Number(BigInt.asIntN(32, run(wide(a), wide(b))));
}
for (const [at, run] of integers(64).entries()) binary[0x7c + at] = (a, b) => s64(run(u64(a), u64(b)));

const round = [Math.ceil, Math.floor, Math.trunc, nearest, Math.sqrt];
for (const [at, run] of round.entries()) {
  unary[0x8d + at] = (a) => bitsOfF32(Math.fround(run(f32Of(a))));
  unary[0x9b + at] = (a) => bitsOfF64(run(f64Of(a)));
}
const arithmetic = [
  (a: number, b: number) => a + b,
  (a: number, b: number) => a - b,
  (a: number, b: number) => a * b,
  (a: number, b: number) => a / b,
  min,
  max,
];
for (const [at, run] of arithmetic.entries()) {
  binary[0x92 + at] = (a, b) => bitsOfF32(Math.fround(run(f32Of(a), f32Of(b))));
  binary[0xa0 + at] = (a, b) => bitsOfF64(run(f64Of(a), f64Of(b)));
}
const sign32 = 0x8000_0000 | 0;
const sign64 = 1n << 63n;
unary[0x8b] = (a) => (a as number) & ~sign32;
unary[0x8c] = (a) => (a as number) ^ sign32;
binary[0x98] = (a, b) => ((a as number) & ~sign32) | ((b as number) & sign32);
unary[0x99] = (a) => s64(u64(a) & ~sign64);
unary[0x9a] = (a) => s64(u64(a) ^ sign64);
binary[0xa6] = (a, b) => s64((u64(a) & ~sign64) | (u64(b) & sign64));

/** To an integer: signed or not, of a width; saturating or trapping. */
function truncate(value: number, width: number, isSigned: boolean, saturates: boolean): bigint {
  const low = isSigned ? -(1n << BigInt(width - 1)) : 0n;
  const high = isSigned ? (1n << BigInt(width - 1)) - 1n : (1n << BigInt(width)) - 1n;
  if (Number.isNaN(value)) {
    if (saturates) return 0n;
    throw new Trap("not a number");
  }
  const found = Number.isFinite(value) ? BigInt(Math.trunc(value)) : value < 0 ? low - 1n : high + 1n;
  if (found >= low && found <= high) return found;
  if (!saturates) throw new Trap("out of range");
  return found < low ? low : high;
}
for (let kind = 0; kind < 8; kind++) {
  const width = kind < 4 ? 32 : 64;
  const isSigned = kind % 2 === 0;
  const read = kind % 4 < 2 ? f32Of : f64Of;
  const run =
    (saturates: boolean): Unary =>
    (a) => {
      const found = truncate(read(a), width, isSigned, saturates);
      return width === 32 ? Number(BigInt.asIntN(32, found)) : s64(found);
    };
  unary[(kind < 4 ? 0xa8 : 0xae) + (kind % 4)] = run(false);
  unary[0xfc00 + kind] = run(true);
}
/** An integer as the nearest f32: through f64 it would be rounded twice, so odd bits are kept in the last place. */
function nearestF32(value: bigint): number {
  const size = value < 0n ? -value : value;
  const excess = size.toString(2).length - 40;
  if (excess <= 0) return Math.fround(Number(value));
  const kept = size >> BigInt(excess);
  const sticky = kept << BigInt(excess) === size ? kept : kept | 1n;
  return Math.fround(Number(sticky << BigInt(excess)) * (value < 0n ? -1 : 1));
}
unary[0xa7] = (a) => Number(BigInt.asIntN(32, a as bigint));
unary[0xac] = (a) => BigInt(a);
unary[0xad] = wide;
unary[0xb2] = (a) => bitsOfF32(Math.fround(a as number));
unary[0xb3] = (a) => bitsOfF32(Math.fround((a as number) >>> 0));
unary[0xb4] = (a) => bitsOfF32(nearestF32(a as bigint));
unary[0xb5] = (a) => bitsOfF32(nearestF32(u64(a)));
unary[0xb6] = (a) => bitsOfF32(Math.fround(f64Of(a)));
unary[0xb7] = (a) => bitsOfF64(a as number);
unary[0xb8] = (a) => bitsOfF64((a as number) >>> 0);
unary[0xb9] = (a) => bitsOfF64(Number(a));
unary[0xba] = (a) => bitsOfF64(Number(u64(a)));
unary[0xbb] = (a) => bitsOfF64(f32Of(a));
for (const same of [0xbc, 0xbd, 0xbe, 0xbf]) unary[same] = (a) => a;
unary[0xc0] = (a) => ((a as number) << 24) >> 24;
unary[0xc1] = (a) => ((a as number) << 16) >> 16;
unary[0xc2] = (a) => BigInt.asIntN(8, a as bigint);
unary[0xc3] = (a) => BigInt.asIntN(16, a as bigint);
unary[0xc4] = (a) => BigInt.asIntN(32, a as bigint);
