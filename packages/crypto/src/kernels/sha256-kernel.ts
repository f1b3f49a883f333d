import { type HashKernel, inputAt } from "./feed.ts";
import {
  binary,
  type Code,
  get,
  i32,
  instantiate,
  load,
  loopWhile,
  set,
  store,
  types,
  when,
  zero,
} from "./wasm-code.ts";

const blockBytes = 64;
const digestAt = 64;
const stateWords = 8;

const [add, xor, and, or] = [binary(0x6a), binary(0x73), binary(0x71), binary(0x72)];
const [rotateLeft, rotateRight, shiftRight, lessThan] = [binary(0x77), binary(0x78), binary(0x76), binary(0x49)];

// Parameters of `run`, then its locals.
const [length, before, isFirst, isLast, pointer, end, bits, temporary, working, message] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 16,
];
const state = i32(0);

/**
 * SHA2-256, in Wasm made here: one call a message of up to 64 KiB. HAMT keys are a few bytes, of which hash-wasm's three
 * calls take longer than the hash (figures in bench/README.md).
 *
 * @see FIPS 180-4
 */
export function makeSha256(): HashKernel {
  const { memory, run } = instantiate(
    [types.i32, types.f64, types.i32, types.i32],
    [
      [2, types.i32],
      [1, types.i64],
      [25, types.i32],
    ],
    body(),
  );
  const take: HashKernel["take"] = (part, earlier, last) => run(part, earlier, earlier === 0 ? 1 : 0, last ? 1 : 0);
  return { memory, digestAt, take };
}

/** `run(length, before, isFirst, isLast)`: takes the input buffer in; `before` is what came before. */
function body(): Code {
  const primes = firstPrimes(64);
  // the first 32 bits behind the point of the square roots of eight primes (FIPS 180-4, 5.3.3), and of all cube roots (4.2.2)
  const initial = primes.slice(0, stateWords).map((prime) => fraction(prime, 2n));
  const constants = primes.map((prime) => fraction(prime, 3n));
  const wrap = (value: Code): Code => [value, 0xa7];
  const padded = and(add(get(length), i32(9 + 63)), i32(-64));
  const pad = [
    // 0x80, zeros, and the length in bits, in the block's last eight bytes
    store(32, get(end), 0, i32(0x80)),
    zero(add(get(end), i32(4)), i32(2 * blockBytes - 4)),
    set(bits, binary(0x86)(binary(0x7c)([get(before), 0xb1], [get(length), 0xad]), [0x42, 3])),
    set(end, add(i32(inputAt), padded)),
    store(32, add(get(end), i32(-8)), 0, swap(wrap(binary(0x88)(get(bits), [0x42, 32])))),
    store(32, add(get(end), i32(-4)), 0, swap(wrap(get(bits)))),
  ];
  return [
    when(
      get(isFirst),
      initial.map((word, i) => store(32, state, 4 * i, i32(word))),
    ),
    set(pointer, i32(inputAt)),
    set(end, add(i32(inputAt), get(length))),
    when(get(isLast), pad),
    loopWhile(
      [compress(constants), set(pointer, add(get(pointer), i32(blockBytes)))],
      lessThan(get(pointer), get(end)),
    ),
    when(
      get(isLast),
      initial.map((_, i) => store(32, i32(digestAt), 4 * i, swap(load(32, state, 4 * i)))),
    ),
  ];
}

function compress(constants: readonly number[]): Code {
  const words = [...Array(stateWords).keys()];
  const start = [
    ...words.map((i) => set(working + i, load(32, state, 4 * i))),
    ...Array.from({ length: 16 }, (_, i) => set(message + i, swap(load(32, get(pointer), 4 * i)))),
  ];
  const rounds = constants.map((constant, round) => {
    // the names a to h move by one a round, the values stay where they are
    const [a, b, c, d, e, f, g, h] = Array.from({ length: 8 }, (_, i) => working + ((i + 64 - round) % 8));
    const word = (back: number): Code => get(message + ((round - back) & 15));
    const schedule = add(add(sigma(word(2), 17, 19, 10), word(7)), add(sigma(word(15), 7, 18, 3), word(16)));
    const choice = xor(get(g as number), and(get(e as number), xor(get(f as number), get(g as number))));
    const majority = or(
      and(get(a as number), get(b as number)),
      and(get(c as number), or(get(a as number), get(b as number))),
    );
    const first = add(
      add(get(h as number), turns(get(e as number), 6, 11, 25)),
      add(choice, add(i32(constant), word(0))),
    );
    return [
      round < 16 ? [] : set(message + (round & 15), schedule),
      set(temporary, first),
      set(d as number, add(get(d as number), get(temporary))),
      set(h as number, add(get(temporary), add(turns(get(a as number), 2, 13, 22), majority))),
    ];
  });
  const finish = words.map((i) => store(32, state, 4 * i, add(load(32, state, 4 * i), get(working + i))));
  return [start, rounds, finish];
}

function turns(word: Code, one: number, two: number, three: number): Code {
  return xor(rotateRight(word, i32(one)), xor(rotateRight(word, i32(two)), rotateRight(word, i32(three))));
}

function sigma(word: Code, one: number, two: number, shift: number): Code {
  return xor(rotateRight(word, i32(one)), xor(rotateRight(word, i32(two)), shiftRight(word, i32(shift))));
}

/** The bytes of a word the other way round. */
function swap(word: Code): Code {
  return [
    set(temporary, word),
    or(
      and(rotateLeft(get(temporary), i32(8)), i32(0x00ff00ff)),
      and(rotateRight(get(temporary), i32(8)), i32(0xff00ff00)),
    ),
  ];
}

function firstPrimes(count: number): number[] {
  const found: number[] = [];
  for (let next = 2; found.length < count; next++) if (found.every((prime) => next % prime !== 0)) found.push(next);
  return found;
}

/** 32 bits behind the point of a prime's root, by integers. */
function fraction(prime: number, power: bigint): number {
  const goal = BigInt(prime) << (32n * power);
  let [low, high] = [0n, 1n << 40n];
  while (high - low > 1n) {
    const middle = (low + high) >> 1n;
    if (middle ** power <= goal) low = middle;
    else high = middle;
  }
  return Number(low & 0xffffffffn) | 0;
}
