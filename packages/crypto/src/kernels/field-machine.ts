import {
  binary,
  type Code,
  get,
  i32,
  i64,
  instantiate,
  type Kernel,
  loopWhile,
  set,
  types,
  unsigned,
} from "./wasm-code.ts";

/** Order of the field of BLS12-381's coordinates. */
export const fieldOrder =
  0x1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaabn;
/** A number stands as 14 limbs of 28 bits, the lowest first, each in a 32-bit word. */
export const limbs = 14;
/** Bits of a limb. */
export const limbBits = 28;
/** Bytes from one number to the next: the last two words are not used. */
export const numberBytes = 64;
/** Numbers stand multiplied by 2^392, as Montgomery's multiplication wants them. */
export const radix: bigint = 1n << BigInt(limbs * limbBits);
/** Words of an instruction: what to do, where to put it, three operands (addresses). */
export const instructionWords = 5;
/** target = first · (second − third). */
export const multiply = 0;
/** target = first − second − third. */
export const subtract = 1;

const mask = (1n << BigInt(limbBits)) - 1n;
const limbsOf = (value: bigint): bigint[] =>
  Array.from({ length: limbs }, (_, i) => (value >> BigInt(limbBits * i)) & mask);
/** -1 / order, modulo a limb: Newton's iteration from the one bit that an odd number is its own inverse to. */
const inverse = ((): bigint => {
  let found = 1n;
  for (let i = 0; i < 5; i++) found = (found * (2n - fieldOrder * found)) & mask;
  return -found & mask;
})();

/** A multiple of the order in limbs so large that `times` limbs taken from each leave none negative. */
function raised(multiple: bigint, times: bigint): bigint[] {
  const lent = times << BigInt(limbBits);
  return limbsOf(multiple * fieldOrder).map((limb, i) => {
    if (i === 0) return limb + lent;
    return i === limbs - 1 ? limb - times : limb + lent - times;
  });
}

const [add, sub, mul, and, shiftRight, shiftSigned, divide] = [
  binary(0x7c),
  binary(0x7d),
  binary(0x7e),
  binary(0x83),
  binary(0x88),
  binary(0x87),
  binary(0x80),
];
const [addPointer, lessThan] = [binary(0x6a), binary(0x49)];

// Parameters of `run`, then its locals.
const [pointer, end, target, first, second, third, digit, factor] = [0, 1, 2, 3, 4, 5, 6, 7];
const sum = 8;
const held = sum + limbs;

const limbAt = (address: Code, i: number): Code => [address, 0x35, 2, unsigned(4 * i)];
const putLimb = (i: number, value: Code): Code => [get(target), value, 0x3e, 2, unsigned(4 * i)];
const wordAt = (i: number): Code => [get(pointer), 0x28, 2, unsigned(4 * i)];
const low = (value: Code): Code => and(value, i64(mask));

/**
 * A machine for arithmetic in the field of BLS12-381's coordinates: `run(from, to)` does the instructions that stand
 * between two addresses. What is done is given as data, since a call from JavaScript for each costs as much as a fifth of it.
 *
 * Numbers below 2 · order in and out; out of `multiply` below 1.01 · order. Numbers outside that give numbers that mean
 * nothing, but harm nothing else.
 *
 * @param pages memory it has, in 64 KiB
 * @see Montgomery, Modular multiplication without trial division; limbs of 28 bits leave room for all sums in 64
 */
export function makeFieldMachine(pages: number): Kernel {
  const locals = [
    [4, types.i32],
    [2 + 2 * limbs, types.i64],
  ] as const;
  const step: Code = [
    set(target, wordAt(1)),
    set(first, wordAt(2)),
    set(second, wordAt(3)),
    set(third, wordAt(4)),
    [wordAt(0), 0x45, 0x04, 0x40, multiplication(), 0x05, subtraction(), 0x0b], // if not 0 … else … end
    set(pointer, addPointer(get(pointer), i32(4 * instructionWords))),
  ];
  return instantiate([types.i32, types.i32], locals, loopWhile(step, lessThan(get(pointer), get(end))), pages);
}

function multiplication(): Code {
  const order = limbsOf(fieldOrder);
  const code: Code[] = [];
  for (const [i, lift] of raised(4n, 1n).entries()) {
    code.push(set(held + i, sub(add(limbAt(get(second), i), i64(lift)), limbAt(get(third), i))));
    code.push(set(sum + i, i64(0n)));
  }
  for (let i = 0; i < limbs; i++) {
    code.push(set(digit, limbAt(get(first), i)));
    code.push(set(sum, add(get(sum), mul(get(digit), get(held)))));
    // the multiple of the order that makes the lowest limb zero, so that all move down by one
    code.push(set(factor, low(mul(low(get(sum)), i64(inverse)))));
    const carry = shiftRight(add(get(sum), mul(get(factor), i64(order[0] as bigint))), i64(BigInt(limbBits)));
    for (let j = 1; j < limbs; j++) {
      const products = add(mul(get(digit), get(held + j)), mul(get(factor), i64(order[j] as bigint)));
      const moved = add(get(sum + j), products);
      code.push(set(sum + j - 1, j === 1 ? add(carry, moved) : moved));
    }
    code.push(set(sum + limbs - 1, i64(0n)));
  }
  return [code, carried((i) => get(sum + i))];
}

/** Writes limbs that are too large by what is carried to the next. */
function carried(limb: (i: number) => Code, shift = shiftRight): Code {
  const code: Code[] = [set(digit, i64(0n))];
  for (let i = 0; i < limbs; i++) {
    code.push(set(digit, add(get(digit), limb(i))), putLimb(i, low(get(digit))));
    code.push(set(digit, shift(get(digit), i64(BigInt(limbBits)))));
  }
  return code;
}

function subtraction(): Code {
  const order = limbsOf(fieldOrder);
  const code: Code[] = [set(digit, i64(0n))];
  for (const [i, lift] of raised(8n, 2n).entries()) {
    const difference = sub(sub(add(limbAt(get(first), i), i64(lift)), limbAt(get(second), i)), limbAt(get(third), i));
    code.push(set(digit, add(get(digit), difference)));
    code.push(set(sum + i, i === limbs - 1 ? get(digit) : low(get(digit))));
    code.push(set(digit, shiftRight(get(digit), i64(BigInt(limbBits)))));
  }
  // how often the order is in it, or once less: told by the highest limb
  code.push(set(factor, divide(get(sum + limbs - 1), i64((order[limbs - 1] as bigint) + 1n))));
  return [code, carried((i) => sub(get(sum + i), mul(get(factor), i64(order[i] as bigint))), shiftSigned)];
}
