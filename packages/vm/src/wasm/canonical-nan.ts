import type { ByteWriter } from "./byte-writer.ts";
import { op } from "./operators.ts";

/**
 * Which operators' NaN results the reference's compiler replaces: 1 for those that give an f32, 2 for an f64, 0 for all
 * others. Arithmetic, rounding, square root, minimum and maximum, and the conversions between the two widths; not
 * negation, absolute value and copysign, which touch only the sign bit, nor reinterpretation, loads and constants.
 *
 * @see cranelift-codegen:src/nan_canonicalization.rs (is_fp_arith), wasmtime 36
 */
export const canonicalised: Uint8Array = new Uint8Array(256);
for (const code of [0x8d, 0x8e, 0x8f, 0x90, 0x91, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0xb6]) canonicalised[code] = 1;
for (const code of [0x9b, 0x9c, 0x9d, 0x9e, 0x9f, 0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xbb]) canonicalised[code] = 2;

/** The quiet NaN with no payload, as constants. */
const f32Nan = Uint8Array.of(op.f32Const, 0, 0, 0xc0, 0x7f);
const f64Nan = Uint8Array.of(op.f64Const, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f);

/** Replaces the topmost value, if it is a NaN; `local` is of its type and free to use. */
export function writeCanonicalNan(out: ByteWriter, isF32: boolean, local: number): void {
  out.u8(op.localTee);
  out.u32(local);
  out.all(isF32 ? f32Nan : f64Nan);
  for (let operand = 0; operand < 2; operand++) {
    out.u8(op.localGet);
    out.u32(local);
  }
  out.u8(isF32 ? op.f32Eq : op.f64Eq); // false for NaN alone
  out.u8(op.select);
}
