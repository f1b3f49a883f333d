import { ByteWriter } from "./byte-writer.ts";
import type { ConstExpr } from "./const-expr.ts";
import { op } from "./operators.ts";
import {
  type DataSegment,
  type ElementSegment,
  type Export,
  type FuncType,
  type GlobalEntry,
  type GlobalType,
  type Import,
  type Limits,
  valueType,
} from "./sections.ts";

/** A section's payload: a count and its entries. */
export function listPayload<T>(items: readonly T[], write: (writer: ByteWriter, item: T) => void): ByteWriter {
  const payload = new ByteWriter();
  payload.u32(items.length);
  for (const item of items) write(payload, item);
  return payload;
}

/** A function type. */
export function writeType(writer: ByteWriter, type: FuncType): void {
  writer.u8(0x60);
  for (const values of [type.params, type.results]) {
    writer.u32(values.length);
    for (const value of values) writer.u8(value);
  }
}

/** An import of any kind. */
export function writeImport(writer: ByteWriter, { module, name, item }: Import): void {
  writer.name(module);
  writer.name(name);
  writer.u8(item.kind);
  if (item.kind === 0) writer.u32(item.type);
  else if (item.kind === 1) writeTable(writer, item.table);
  else if (item.kind === 2) writeLimits(writer, item.memory);
  else writeGlobalType(writer, item.global);
}

/** A table of functions. */
export function writeTable(writer: ByteWriter, table: Limits): void {
  writer.u8(valueType.funcref);
  writeLimits(writer, table);
}

/** Limits of a table or memory. */
export function writeLimits(writer: ByteWriter, { min, max }: Limits): void {
  writer.u8(max === undefined ? 0 : 1);
  writer.u32(min);
  if (max !== undefined) writer.u32(max);
}

function writeGlobalType(writer: ByteWriter, { type, mutable }: GlobalType): void {
  writer.u8(type);
  writer.u8(mutable ? 1 : 0);
}

/** A global with its initial value. */
export function writeGlobal(writer: ByteWriter, { global, init }: GlobalEntry): void {
  writeGlobalType(writer, global);
  writeConstExpr(writer, init);
}

/** A mutable global that starts at 0. */
export function counterGlobal(type: 0x7f | 0x7e): GlobalEntry {
  const opcode = type === valueType.i32 ? op.i32Const : op.i64Const;
  return { global: { type, mutable: true }, init: { bytes: Uint8Array.of(opcode, 0), opcode, index: 0 } };
}

/** An initial value with its `end`. */
export function writeConstExpr(writer: ByteWriter, { bytes }: ConstExpr): void {
  writer.all(bytes);
  writer.u8(op.end);
}

/** An export of any kind. */
export function writeExport(writer: ByteWriter, { name, kind, index }: Export): void {
  writer.name(name);
  writer.u8(kind);
  writer.u32(index);
}

/**
 * An element segment of function indexes, or an empty one of expressions. With `withTable` an active segment names its
 * table even where that is the first, as the encoder of 0.4.0 does.
 */
export function writeElement(
  writer: ByteWriter,
  segment: ElementSegment,
  replace: (index: number) => number,
  withTable: boolean,
): void {
  const isActive = segment.offset !== undefined;
  const flags = isActive && withTable ? segment.flags | 2 : segment.flags;
  writer.u32(flags);
  if (isActive && (flags & 2) !== 0) writer.u32(segment.table);
  if (segment.offset !== undefined) writeConstExpr(writer, segment.offset);
  if ((flags & 3) !== 0) writer.u8((flags & 4) !== 0 ? valueType.funcref : 0);
  const items = segment.items ?? [];
  writer.u32(items.length);
  for (const index of items) writer.u32(replace(index));
}

/** A data segment; `bytes` are the module's. */
export function writeData(writer: ByteWriter, segment: DataSegment, bytes: Uint8Array): void {
  const flags = segment.flags === 2 && segment.memory === 0 ? 0 : segment.flags;
  writer.u32(flags);
  if (flags === 2) writer.u32(segment.memory);
  if (segment.offset !== undefined) writeConstExpr(writer, segment.offset);
  writer.u32(segment.end - segment.start);
  writer.range(bytes, segment.start, segment.end);
}
