import { instanceOf } from "./web-assembly.ts";

/** Instructions of a Wasm function body: bytes, in lists of lists. */
export type Code = readonly (number | Code)[];

/** LEB128 of a non-negative integer. */
export function unsigned(value: number): readonly number[] {
  const bytes: number[] = [];
  let left = value;
  while (left > 0x7f) {
    bytes.push((left & 0x7f) | 0x80);
    left >>>= 7;
  }
  return [...bytes, left];
}

function signed(value: bigint): Code {
  const bytes: number[] = [];
  let left = value;
  for (;;) {
    const low = Number(left & 0x7fn);
    left >>= 7n;
    if ((left === 0n && low < 0x40) || (left === -1n && low >= 0x40)) return [...bytes, low];
    bytes.push(low | 0x80);
  }
}

/** `local.get`. */
export const get = (local: number): Code => [0x20, unsigned(local)];
/** `local.set` to what `value` leaves. */
export const set = (local: number, value: Code): Code => [value, 0x21, unsigned(local)];
/** `i32.const`. */
export const i32 = (value: number): Code => [0x41, signed(BigInt(value | 0))];
/** `i64.const`. */
export const i64 = (value: bigint): Code => [0x42, signed(BigInt.asIntN(64, value))];
/** Two operands and the instruction that takes them. */
export const binary =
  (opcode: number) =>
  (left: Code, right: Code): Code => [left, right, opcode];
/** A load of a 32- or 64-bit word. */
export const load = (bits: 32 | 64, address: Code, offset: number): Code =>
  bits === 32 ? [address, 0x28, 2, unsigned(offset)] : [address, 0x29, 3, unsigned(offset)];
/** A store of a 32- or 64-bit word. */
export const store = (bits: 32 | 64, address: Code, offset: number, value: Code): Code =>
  bits === 32 ? [address, value, 0x36, 2, unsigned(offset)] : [address, value, 0x37, 3, unsigned(offset)];
/** `memory.fill` with zeros. */
export const zero = (address: Code, length: Code): Code => [address, i32(0), length, 0xfc, 0x0b, 0];
/** `if … end`. */
export const when = (condition: Code, then: Code): Code => [condition, 0x04, 0x40, then, 0x0b];
/** `loop … end`, again while `condition` holds. */
export const loopWhile = (body: Code, condition: Code): Code => [0x03, 0x40, body, condition, 0x0d, 0, 0x0b];

/** Types of Wasm by their code. */
export const types = { i32: 0x7f, i64: 0x7e, f64: 0x7c } as const;

/** What {@link instantiate} hands out. */
export interface Kernel {
  readonly memory: Uint8Array;
  /** The one function. */
  readonly run: (...parameters: number[]) => void;
}

/**
 * Compiles a module of one function, `run`, and two pages of memory.
 *
 * @throws what the host throws where a page's policy allows no Wasm
 */
export function instantiate(
  parameters: readonly number[],
  locals: readonly (readonly [count: number, type: number])[],
  body: Code,
): Kernel {
  const vector = (items: readonly Code[]): Code => [unsigned(items.length), ...items];
  const sized = (content: Code): Code => {
    const flat = flatten(content);
    return [unsigned(flat.length), flat];
  };
  const name = (text: string): Code => vector([...text].map((letter) => [letter.charCodeAt(0)]));
  const code = [vector(locals.map(([count, type]) => [unsigned(count), type])), body, 0x0b];
  const bytes = flatten([
    [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    [1, sized(vector([[0x60, vector(parameters.map((type) => [type])), 0]]))],
    [3, sized(vector([[0]]))],
    [5, sized(vector([[0x01, 2, 2]]))],
    [
      7,
      sized(
        vector([
          [name("memory"), 2, 0],
          [name("run"), 0, 0],
        ]),
      ),
    ],
    [10, sized(vector([sized(code)]))],
  ]);
  const { memory, run } = instanceOf(Uint8Array.from(bytes)) as {
    readonly memory: { readonly buffer: ArrayBuffer };
    readonly run: Kernel["run"];
  };
  return { memory: new Uint8Array(memory.buffer), run };
}

function flatten(code: Code, into: number[] = []): number[] {
  for (const part of code) {
    if (typeof part === "number") into.push(part);
    else flatten(part, into);
  }
  return into;
}
