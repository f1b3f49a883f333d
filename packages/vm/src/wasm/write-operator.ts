import { ByteReader } from "./byte-reader.ts";
import type { ByteWriter } from "./byte-writer.ts";
import type { CodeStream } from "./code.ts";
import { immediate, immediates, prefix, prefixed } from "./operators.ts";

/** Writes operator `index` of a stream in its shortest encoding, whatever the module's is. */
export function writeOperator(writer: ByteWriter, code: CodeStream, bytes: Uint8Array, index: number): void {
  const opcode = code.ops[index] as number;
  const reader = new ByteReader(bytes, (code.at[index] as number) + 1);
  if (opcode >= prefixed) {
    writer.u8(prefix);
    writer.u32(opcode - prefixed);
    reader.u32();
  } else writer.u8(opcode);
  switch (immediates[opcode]) {
    case immediate.blockType:
    case immediate.zeroByte:
      writer.u8(reader.u8());
      break;
    case immediate.index:
      writer.u32(reader.u32());
      break;
    case immediate.twoIndexes:
    case immediate.memory:
      writer.u32(reader.u32());
      writer.u32(reader.u32());
      break;
    case immediate.i32:
      writer.i32(reader.i32());
      break;
    case immediate.i64: {
      const value = reader.i64();
      writer.i64(Number(BigInt.asIntN(32, value)), Number(value >> 32n));
      break;
    }
    case immediate.f32:
    case immediate.f64:
      writer.range(bytes, reader.at, reader.at + (immediates[opcode] === immediate.f32 ? 4 : 8));
      break;
    case immediate.brTable: {
      const labels = reader.u32();
      writer.u32(labels);
      for (let label = 0; label <= labels; label++) writer.u32(reader.u32());
    }
  }
}
