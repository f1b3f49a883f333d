import { f32, f64, i32, i64 } from "./build.ts";

/** Operators without immediates: code, operands, result. */
export const computed: (readonly [number, readonly number[], number])[] = [];
const add = (first: number, last: number, operands: readonly number[], result: number): void => {
  for (let op = first; op <= last; op++) computed.push([op, operands, result]);
};
add(0x3f, 0x3f, [], i32);
add(0x40, 0x40, [i32], i32);
add(0x45, 0x45, [i32], i32);
add(0x46, 0x4f, [i32, i32], i32);
add(0x50, 0x50, [i64], i32);
add(0x51, 0x5a, [i64, i64], i32);
add(0x5b, 0x60, [f32, f32], i32);
add(0x61, 0x66, [f64, f64], i32);
add(0x67, 0x69, [i32], i32);
add(0x6a, 0x78, [i32, i32], i32);
add(0x79, 0x7b, [i64], i64);
add(0x7c, 0x8a, [i64, i64], i64);
add(0x8b, 0x91, [f32], f32);
add(0x92, 0x98, [f32, f32], f32);
add(0x99, 0x9f, [f64], f64);
add(0xa0, 0xa6, [f64, f64], f64);
add(0xa7, 0xa7, [i64], i32);
add(0xa8, 0xa9, [f32], i32);
add(0xaa, 0xab, [f64], i32);
add(0xac, 0xad, [i32], i64);
add(0xae, 0xaf, [f32], i64);
add(0xb0, 0xb1, [f64], i64);
add(0xb2, 0xb3, [i32], f32);
add(0xb4, 0xb5, [i64], f32);
add(0xb6, 0xb6, [f64], f32);
add(0xb7, 0xb8, [i32], f64);
add(0xb9, 0xba, [i64], f64);
add(0xbb, 0xbb, [f32], f64);
add(0xbc, 0xbc, [f32], i32);
add(0xbd, 0xbd, [f64], i64);
add(0xbe, 0xbe, [i32], f32);
add(0xbf, 0xbf, [i64], f64);
/** Those that tool 0.2.0 does not know. */
export const computedNew: readonly (readonly [number, readonly number[], number])[] = [
  [0xc0, [i32], i32],
  [0xc1, [i32], i32],
  [0xc2, [i64], i64],
  [0xc3, [i64], i64],
  [0xc4, [i64], i64],
  [0xfc00, [f32], i32],
  [0xfc01, [f32], i32],
  [0xfc02, [f64], i32],
  [0xfc03, [f64], i32],
  [0xfc04, [f32], i64],
  [0xfc05, [f32], i64],
  [0xfc06, [f64], i64],
  [0xfc07, [f64], i64],
];
