import type { InstrumentRules } from "./rules.ts";

/**
 * Operators as one byte each: the opcode itself, and `0xe0 + n` for those behind the prefix `0xfc n`. Only those are
 * named here that some pass treats specially.
 */
export const op = {
  unreachable: 0x00,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  brTable: 0x0e,
  return: 0x0f,
  call: 0x10,
  callIndirect: 0x11,
  select: 0x1b,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  globalGet: 0x23,
  globalSet: 0x24,
  memorySize: 0x3f,
  memoryGrow: 0x40,
  i32Const: 0x41,
  i64Const: 0x42,
  f32Const: 0x43,
  f64Const: 0x44,
  i32Eqz: 0x45,
  i32Eq: 0x46,
  i32GtU: 0x4b,
  i64LtS: 0x53,
  f32Eq: 0x5b,
  f64Eq: 0x61,
  i32Add: 0x6a,
  i32Sub: 0x6b,
  i64Sub: 0x7d,
  i64Mul: 0x7e,
  i64ExtendI32U: 0xad,
  refNull: 0xd0,
  refFunc: 0xd2,
  memoryInit: 0xe8,
  memoryCopy: 0xea,
  memoryFill: 0xeb,
  tableInit: 0xec,
  tableCopy: 0xee,
  tableGrow: 0xef,
  tableFill: 0xf1,
} as const;

/** First of the bytes that stand for operators behind the prefix. */
export const prefixed = 0xe0;
/** The byte before them in a module. */
export const prefix = 0xfc;

/** What follows an opcode; `refused` for all that neither release of the tool, or no engine of the reference, takes. */
export const immediate = {
  none: 0,
  refused: 1,
  blockType: 2,
  index: 3,
  twoIndexes: 4,
  memory: 5,
  zeroByte: 6,
  i32: 7,
  i64: 8,
  f32: 9,
  f64: 10,
  brTable: 11,
  prefixed: 12,
} as const;

/** What follows each operator. */
export const immediates: Uint8Array = table(immediate.refused, [
  [immediate.none, 0x00, 0x01, 0x05, 0x0b, 0x0f, 0x1a, 0x1b],
  [immediate.none, ...range(0x45, 0xc4), ...range(0xe0, 0xe7)],
  [immediate.blockType, 0x02, 0x03, 0x04],
  [immediate.index, 0x0c, 0x0d, 0x10, ...range(0x20, 0x26), 0xe9, 0xeb, 0xed, 0xef, 0xf0, 0xf1],
  [immediate.twoIndexes, 0x11, 0xe8, 0xea, 0xec, 0xee],
  [immediate.brTable, 0x0e],
  [immediate.memory, ...range(0x28, 0x3e)],
  [immediate.zeroByte, 0x3f, 0x40],
  [immediate.i32, 0x41],
  [immediate.i64, 0x42],
  [immediate.f32, 0x43],
  [immediate.f64, 0x44],
  [immediate.prefixed, prefix],
]);

/**
 * Operators that the decoder of 0.2.0 (parity-wasm with only its "bulk" feature) does not know: sign extension,
 * saturating truncation, table access.
 */
export const unknownTo020: Uint8Array = table(0, [
  [1, 0x25, 0x26, ...range(0xc0, 0xc4), ...range(0xe0, 0xe7), ...range(0xef, 0xf1)],
]);

/** How many values each operator with a fixed effect takes and gives. Calls and branches have 0 here. */
export const pops: Uint8Array = table(0, [
  [1, 0x1a, 0x21, 0x22, 0x24, 0x25, 0x40, ...range(0x28, 0x35), 0x45, 0x50],
  [2, 0x26, ...range(0x36, 0x3e), ...range(0x46, 0x4f), ...range(0x51, 0x66)],
  [1, ...range(0x67, 0x69), ...range(0x79, 0x7b), ...range(0x8b, 0x91), ...range(0x99, 0x9f)],
  [2, ...range(0x6a, 0x78), ...range(0x7c, 0x8a), ...range(0x92, 0x98), ...range(0xa0, 0xa6)],
  [1, ...range(0xa7, 0xc4), ...range(0xe0, 0xe7)],
  [3, 0xe8, 0xea, 0xeb, 0xec, 0xee, 0xf1],
  [2, 0xef],
]);
/** See `pops`. */
export const pushes: Uint8Array = table(0, [
  [1, 0x20, 0x22, 0x23, 0x25, 0x3f, 0x40, ...range(0x28, 0x35), ...range(0x41, 0xc4)],
  [1, ...range(0xe0, 0xe7), 0xef, 0xf0],
]);

/** 1 for operators that cost nothing. @see FIP-0032 */
export const isFree: Uint8Array = table(0, [[1, 0x00, 0x01, 0x02, 0x03, 0x05, 0x0b, 0x0f, 0x1a]]);

/**
 * Extra price of each operator by its topmost operand (bytes, table elements, pages). Unit: milligas; 0 where there is
 * none. Rules 0.2.0 have no such prices.
 *
 * @see ref-fvm:fvm/src/gas/price_list.rs (WasmGasPrices: 400 a byte, 8 bytes a table element, 65536 a page)
 */
export const unitPrices: { readonly [R in InstrumentRules]: Uint32Array } = {
  "0.2.0": new Uint32Array(256),
  "0.4.0": new Uint32Array(256),
};
for (const code of [op.memoryInit, op.memoryCopy, op.memoryFill]) unitPrices["0.4.0"][code] = 400;
for (const code of [op.tableInit, op.tableCopy, op.tableFill, op.tableGrow]) unitPrices["0.4.0"][code] = 3200;
unitPrices["0.4.0"][op.memoryGrow] = 26_214_400;

function table(rest: number, rows: readonly (readonly number[])[]): Uint8Array {
  const made = new Uint8Array(256).fill(rest);
  for (const [value, ...codes] of rows) for (const code of codes) made[code] = value as number;
  return made;
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
