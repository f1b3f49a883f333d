import type { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import { invalidModule } from "./invalid.ts";
import { op } from "./operators.ts";

/** An initial value: one operator, without its `end`. The reference has extended constant expressions off. */
export interface ConstExpr {
  /** The operator in its shortest encoding. */
  readonly bytes: Uint8Array;
  readonly opcode: number;
  /** The function of `ref.func`; 0 otherwise. */
  readonly index: number;
}

/**
 * Reads an initial value with its `end`. Only imported globals may be read, as the reference has the later rule off.
 *
 * @throws {VmError} `vm/module-invalid`
 */
export function readConstExpr(reader: ByteReader, importedGlobals: number): ConstExpr {
  const start = reader.at;
  const opcode = reader.u8();
  const writer = new ByteWriter(12);
  writer.u8(opcode);
  let index = 0;
  if (opcode === op.i32Const) writer.i32(reader.i32());
  else if (opcode === op.i64Const) {
    const value = reader.i64();
    writer.i64(Number(BigInt.asIntN(32, value)), Number(value >> 32n));
  } else if (opcode === op.f32Const || opcode === op.f64Const) {
    const size = opcode === op.f32Const ? 4 : 8;
    reader.skip(size);
    writer.range(reader.bytes, reader.at - size, reader.at);
  } else if (opcode === op.globalGet) {
    index = reader.u32();
    if (index >= importedGlobals) throw invalidModule(start, "an initial value read from the module's own global");
    writer.u32(index);
  } else if (opcode === op.refNull) {
    if (reader.u8() !== 0x70) throw invalidModule(reader.at - 1, "a null of other than functions");
    writer.u8(0x70);
  } else if (opcode === op.refFunc) {
    index = reader.u32();
    writer.u32(index);
  } else throw invalidModule(start, `initial value by operator 0x${opcode.toString(16)}`);
  if (reader.u8() !== op.end) throw invalidModule(reader.at - 1, "an initial value of several operators");
  return { bytes: writer.finish(), opcode, index };
}
