import { type HashKernel, inputAt } from "./feed.ts";
import {
  binary,
  type Code,
  get,
  i32,
  i64,
  instantiate,
  load,
  loopWhile,
  set,
  store,
  types,
  when,
  zero,
} from "./wasm-code.ts";

const blockBytes = 128;
const initial = [
  0x6a09e667f3bcc908n,
  0xbb67ae8584caa73bn,
  0x3c6ef372fe94f82bn,
  0xa54ff53a5f1d36f1n,
  0x510e527fade682d1n,
  0x9b05688c2b3e6c1fn,
  0x1f83d9abfb41bd6bn,
  0x5be0cd19137e2179n,
] as const;
/** Which message word each round takes when: RFC 7693, section 2.7. Rounds 10 and 11 are 0 and 1 again. */
const schedule = [
  "0123456789abcdef",
  "ea489fd61c02b753",
  "b8c052fdae367194",
  "7931dcbe265a40f8",
  "905724afe1bc683d",
  "2c6a0b834d75fe19",
  "c51fed4a0763928b",
  "db7ec13950f4862a",
  "6fe9b308c2d714a5",
  "a2847615fb9e3cd0",
].map((row) => [...row].map((digit) => Number.parseInt(digit, 16)));
/** Columns, then diagonals, of the 4 by 4 working state. */
const mixes = [
  [0, 4, 8, 12],
  [1, 5, 9, 13],
  [2, 6, 10, 14],
  [3, 7, 11, 15],
  [0, 5, 10, 15],
  [1, 6, 11, 12],
  [2, 7, 8, 13],
  [3, 4, 9, 14],
] as const;

const [add, xor, rotate, and] = [binary(0x7c), binary(0x85), binary(0x8a), binary(0x71)];
const [addPointer, lessThan, atLeast, subtract] = [binary(0x6a), binary(0x49), binary(0x4f), binary(0x6b)];
const widen = (value: Code): Code => [value, 0xad];

// Parameters of `run`, then its locals.
const [length, before, size, isLast, pointer, end, count, final, work] = [0, 1, 2, 3, 4, 5, 6, 7, 8];
const state = i32(0);

/**
 * blake2b, in Wasm made here: one call a message of up to 64 KiB, where hash-wasm takes three, which is most of its time
 * at the size of a chain block (figures in bench/README.md).
 *
 * @see RFC 7693
 */
export function makeBlake2b(): HashKernel {
  const { memory, run } = instantiate(
    [types.i32, types.f64, types.i32, types.i32],
    [
      [2, types.i32],
      [18, types.i64],
    ],
    body(),
  );
  const take: HashKernel["take"] = (part, earlier, last, digestBytes) =>
    run(part, earlier, earlier === 0 ? digestBytes : 0, last ? 1 : 0);
  return { memory, digestAt: 0, take };
}

/** `run(length, before, size, isLast)`: takes the input buffer in; `size` is 0 but in the first call, `before` what came before. */
function body(): Code {
  const sizeWord = binary(0x84)(i64(0x01010000n), widen(get(size)));
  const begin = initial.map((word, i) => store(64, state, 8 * i, i === 0 ? xor(i64(word), sizeWord) : i64(word)));
  const lastBlock = and(get(isLast), atLeast(addPointer(get(pointer), i32(blockBytes)), get(end)));
  return [
    when(get(size), begin),
    set(pointer, i32(inputAt)),
    set(end, addPointer(i32(inputAt), get(length))),
    when(get(isLast), zero(get(end), i32(blockBytes))),
    set(count, [get(before), 0xb1]),
    loopWhile(
      [
        set(final, i64(0n)),
        set(count, add(get(count), i64(BigInt(blockBytes)))),
        when(lastBlock, [
          set(final, i64(-1n)),
          // counted as whole above: take back what is padding
          set(count, binary(0x7d)(get(count), widen(subtract(addPointer(get(pointer), i32(blockBytes)), get(end))))),
        ]),
        compress(),
        set(pointer, addPointer(get(pointer), i32(blockBytes))),
      ],
      lessThan(get(pointer), get(end)),
    ),
  ];
}

function compress(): Code {
  const word = (i: number): Code => get(work + i);
  const start = [...Array(16).keys()].map((i) => {
    if (i < 8) return set(work + i, load(64, state, 8 * i));
    const constant = i64(initial[i - 8] as bigint);
    if (i === 12) return set(work + i, xor(constant, get(count)));
    return set(work + i, i === 14 ? xor(constant, get(final)) : constant);
  });
  const half = (a: number, b: number, c: number, d: number, message: number, turnD: bigint, turnB: bigint): Code => [
    set(work + a, add(add(word(a), word(b)), load(64, get(pointer), 8 * message))),
    set(work + d, rotate(xor(word(d), word(a)), i64(turnD))),
    set(work + c, add(word(c), word(d))),
    set(work + b, rotate(xor(word(b), word(c)), i64(turnB))),
  ];
  const rounds = [...Array(12).keys()].map((round) => {
    const words = schedule[round % 10] as number[];
    return mixes.map(([a, b, c, d], i) => [
      half(a, b, c, d, words[2 * i] as number, 32n, 24n),
      half(a, b, c, d, words[2 * i + 1] as number, 16n, 63n),
    ]);
  });
  const finish = [...Array(8).keys()].map((i) =>
    store(64, state, 8 * i, xor(load(64, state, 8 * i), xor(word(i), word(i + 8)))),
  );
  return [start, rounds, finish];
}
