import type { ByteReader } from "./byte-reader.ts";
import { type ConstExpr, readConstExpr } from "./const-expr.ts";
import { invalidModule } from "./invalid.ts";

/** Value types that the reference's engine has, as their bytes. Vectors and references to host values are off. */
export const valueType = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, funcref: 0x70 } as const;

/** Value types as their bytes. */
export interface FuncType {
  readonly params: readonly number[];
  readonly results: readonly number[];
}
/** Size of a memory (pages) or a table (elements). */
export interface Limits {
  readonly min: number;
  readonly max: number | undefined;
}
/** Type of a global, and whether code may set it. */
export interface GlobalType {
  readonly type: number;
  readonly mutable: boolean;
}
/** What is imported: `kind` as in the binary form; `type` is an index. */
export type ImportedItem =
  | { readonly kind: 0; readonly type: number }
  | { readonly kind: 1; readonly table: Limits }
  | { readonly kind: 2; readonly memory: Limits }
  | { readonly kind: 3; readonly global: GlobalType };
/** One import: where from, and what. */
export interface Import {
  readonly module: string;
  readonly name: string;
  readonly item: ImportedItem;
}
/** A global of the module's own. */
export interface GlobalEntry {
  readonly global: GlobalType;
  readonly init: ConstExpr;
}
/** `kind`: 0 function, 1 table, 2 memory, 3 global. */
export interface Export {
  readonly name: string;
  readonly kind: number;
  readonly index: number;
}
/** One element segment. `flags` as in the binary form; `items` is absent in segments made of expressions. */
export interface ElementSegment {
  readonly flags: number;
  readonly table: number;
  readonly offset: ConstExpr | undefined;
  readonly items: readonly number[] | undefined;
  /** How many expressions there are, in segments made of expressions. */
  readonly expressions: number;
}
/** One data segment: its bytes are `[start, end)` of the module. `flags` as in the binary form; 1 is passive. */
export interface DataSegment {
  readonly flags: number;
  readonly memory: number;
  readonly offset: ConstExpr | undefined;
  readonly start: number;
  readonly end: number;
}

/** Most entries, as wasmparser 0.236 has them. */
const limit = { most: 1_000_000, segments: 100_000, params: 1000 };

/** Section 1. At most one result each: several are off in the reference's engine. @throws {VmError} `vm/module-invalid` */
export function readTypes(reader: ByteReader): FuncType[] {
  return list(reader, 3, limit.most, () => {
    if (reader.u8() !== 0x60) throw invalidModule(reader.at - 1, "a type that is not a function's");
    const params = list(reader, 1, limit.params, () => readValueType(reader));
    const at = reader.at;
    const results = list(reader, 1, limit.params, () => readValueType(reader));
    if (results.length > 1) throw invalidModule(at, "several results");
    return { params, results };
  });
}

/** Section 2. @throws {VmError} `vm/module-invalid` */
export function readImports(reader: ByteReader): Import[] {
  return list(reader, 4, limit.most, () => ({
    module: reader.name(),
    name: reader.name(),
    item: readImported(reader),
  }));
}

function readImported(reader: ByteReader): ImportedItem {
  const kind = reader.u8();
  if (kind === 0) return { kind, type: reader.u32() };
  if (kind === 1) return { kind, table: readTable(reader) };
  if (kind === 2) return { kind, memory: readMemory(reader) };
  if (kind === 3) return { kind, global: readGlobalType(reader) };
  throw invalidModule(reader.at - 1, "an import of unknown kind");
}

/** Section 3: indexes of types. @throws {VmError} `vm/module-invalid` */
export function readFunctions(reader: ByteReader): number[] {
  return list(reader, 1, limit.most, () => reader.u32());
}

/** Section 4. @throws {VmError} `vm/module-invalid` */
export function readTables(reader: ByteReader): Limits[] {
  return list(reader, 3, 100, () => readTable(reader));
}

function readTable(reader: ByteReader): Limits {
  if (reader.u8() !== valueType.funcref) throw invalidModule(reader.at - 1, "a table of other than functions");
  return readLimits(reader);
}

/** Section 5: at most one. @throws {VmError} `vm/module-invalid` */
export function readMemories(reader: ByteReader): Limits[] {
  return list(reader, 2, 1, () => readMemory(reader));
}

function readMemory(reader: ByteReader): Limits {
  return readLimits(reader);
}

function readLimits(reader: ByteReader): Limits {
  const flags = reader.u8();
  if (flags > 1) throw invalidModule(reader.at - 1, "shared, 64-bit or odd-page limits");
  const min = reader.u32();
  return { min, max: flags === 1 ? reader.u32() : undefined };
}

/** Section 6. @throws {VmError} `vm/module-invalid` */
export function readGlobals(reader: ByteReader, importedGlobals: number): GlobalEntry[] {
  return list(reader, 4, limit.most, () => ({
    global: readGlobalType(reader),
    init: readConstExpr(reader, importedGlobals),
  }));
}

function readGlobalType(reader: ByteReader): GlobalType {
  const type = readValueType(reader);
  const flags = reader.u8();
  if (flags > 1) throw invalidModule(reader.at - 1, "a global that is neither constant nor plainly mutable");
  return { type, mutable: flags === 1 };
}

/** Section 7. @throws {VmError} `vm/module-invalid` */
export function readExports(reader: ByteReader): Export[] {
  return list(reader, 3, limit.most, () => {
    const name = reader.name();
    const kind = reader.u8();
    if (kind > 3) throw invalidModule(reader.at - 1, "an export of unknown kind");
    return { name, kind, index: reader.u32() };
  });
}

/** Section 9. @throws {VmError} `vm/module-invalid` */
export function readElements(reader: ByteReader, importedGlobals: number): ElementSegment[] {
  return list(reader, 2, limit.segments, () => {
    const flags = reader.u32();
    if (flags > 7) throw invalidModule(reader.at - 1, "an element segment of unknown kind");
    const isActive = (flags & 1) === 0;
    const table = isActive && (flags & 2) !== 0 ? reader.u32() : 0;
    const offset = isActive ? readConstExpr(reader, importedGlobals) : undefined;
    const isExpressions = (flags & 4) !== 0;
    if ((flags & 3) !== 0) {
      const wanted = isExpressions ? valueType.funcref : 0;
      if (reader.u8() !== wanted) throw invalidModule(reader.at - 1, "elements of other than functions");
    }
    if (!isExpressions) {
      const items = list(reader, 1, 10_000_000, () => reader.u32());
      return { flags, table, offset, items, expressions: 0 };
    }
    const expressions = list(reader, 2, 10_000_000, () => readConstExpr(reader, importedGlobals)).length;
    return { flags, table, offset, items: undefined, expressions };
  });
}

/** Section 11. @throws {VmError} `vm/module-invalid` */
export function readData(reader: ByteReader, importedGlobals: number): DataSegment[] {
  return list(reader, 2, limit.segments, () => {
    const flags = reader.u32();
    if (flags > 2) throw invalidModule(reader.at - 1, "a data segment of unknown kind");
    const memory = flags === 2 ? reader.u32() : 0;
    const offset = flags === 1 ? undefined : readConstExpr(reader, importedGlobals);
    const size = reader.u32();
    const start = reader.at;
    reader.skip(size);
    return { flags, memory, offset, start, end: reader.at };
  });
}

/** A value type's byte. @throws {VmError} `vm/module-invalid` */
export function readValueType(reader: ByteReader): number {
  const type = reader.u8();
  if ((type >= 0x7c && type <= 0x7f) || type === valueType.funcref) return type;
  throw invalidModule(reader.at - 1, `value type 0x${type.toString(16)}`);
}

function list<T>(reader: ByteReader, least: number, most: number, read: () => T): T[] {
  const count = reader.count(least, most);
  const items: T[] = [];
  for (let index = 0; index < count; index++) items.push(read());
  return items;
}
