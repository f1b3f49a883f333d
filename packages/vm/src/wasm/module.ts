import { ByteReader } from "./byte-reader.ts";
import { type CodeStream, readCode } from "./code.ts";
import { invalidModule } from "./invalid.ts";
import type { InstrumentRules } from "./rules.ts";
import {
  type DataSegment,
  type ElementSegment,
  type Export,
  type FuncType,
  type GlobalEntry,
  type Import,
  type Limits,
  readData,
  readElements,
  readExports,
  readFunctions,
  readGlobals,
  readImports,
  readMemories,
  readTables,
  readTypes,
} from "./sections.ts";

/** Bytes `[start, end)` of the module. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A decoded module. Index spaces of functions and globals begin with what is imported. */
export interface WasmModule {
  readonly bytes: Uint8Array;
  readonly types: readonly FuncType[];
  readonly imports: readonly Import[];
  /** Type of every function, imported ones first. */
  readonly functions: readonly number[];
  readonly importedFunctions: number;
  readonly importedGlobals: number;
  /** Defined in the module. */
  readonly tables: readonly Limits[];
  readonly memories: readonly Limits[];
  readonly globals: readonly GlobalEntry[];
  readonly exports: readonly Export[];
  readonly start: number | undefined;
  readonly elements: readonly ElementSegment[];
  readonly dataCount: number | undefined;
  readonly data: readonly DataSegment[];
  readonly code: CodeStream;
  /** Payload of each section but custom ones, by id. */
  readonly sections: ReadonlyMap<number, Span>;
  /** Payloads of custom sections, in order. */
  readonly customs: readonly Span[];
}

/** Where a section may stand: element (9) < data count (12) < code (10) < data (11). */
const orderOfId = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 10];

/**
 * Decodes a module within the features that the reference's engine and the given tool take. Structure only: whether
 * bodies are well typed is for `WebAssembly.validate`.
 *
 * Cost: linear in `bytes`; memory about nine bytes an operator.
 *
 * @throws {VmError} `vm/module-invalid`
 */
export function readModule(bytes: Uint8Array, rules: InstrumentRules): WasmModule {
  const reader = new ByteReader(bytes);
  for (const expected of [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]) {
    if (reader.u8() !== expected) throw invalidModule(reader.at - 1, "not a module of version 1");
  }
  const { sections, customs } = readSectionTable(reader);
  const within = <T>(id: number, read: (reader: ByteReader) => T, absent: T): T => {
    const span = sections.get(id);
    if (span === undefined) return absent;
    const inside = new ByteReader(bytes, span.start, span.end);
    const found = read(inside);
    if (inside.at !== span.end) throw invalidModule(inside.at, "a section goes on after its last entry");
    return found;
  };
  const imports = within(2, readImports, []);
  const importedTypes = imports.flatMap(({ item }) => (item.kind === 0 ? [item.type] : []));
  const importedGlobals = imports.filter(({ item }) => item.kind === 3).length;
  const types = within(1, readTypes, []);
  const defined = within(3, readFunctions, []);
  const functions = [...importedTypes, ...defined];
  for (const type of functions) {
    if (type >= types.length) throw invalidModule(sections.get(3)?.start ?? 0, `type ${type} of ${types.length}`);
  }
  const memories = within(5, readMemories, []);
  if (memories.length + imports.filter(({ item }) => item.kind === 2).length > 1) {
    throw invalidModule(sections.get(5)?.start ?? sections.get(2)?.start ?? 0, "several memories");
  }
  return {
    bytes,
    types,
    imports,
    functions,
    importedFunctions: importedTypes.length,
    importedGlobals,
    tables: within(4, readTables, []),
    memories,
    globals: within(6, (inside) => readGlobals(inside, importedGlobals), []),
    exports: within(7, readExports, []),
    start: within<number | undefined>(8, (inside) => inside.u32(), undefined),
    elements: within(9, (inside) => readElements(inside, importedGlobals), []),
    dataCount: within<number | undefined>(12, (inside) => inside.u32(), undefined),
    code: readCode(
      new ByteReader(bytes, sections.get(10)?.start ?? 0, sections.get(10)?.end ?? 0),
      defined.length,
      rules,
    ),
    data: within(11, (inside) => readData(inside, importedGlobals), []),
    sections,
    customs,
  };
}

function readSectionTable(reader: ByteReader): { sections: Map<number, Span>; customs: Span[] } {
  const sections = new Map<number, Span>();
  const customs: Span[] = [];
  let lastOrder = 0;
  while (reader.at < reader.end) {
    const at = reader.at;
    const id = reader.u8();
    const size = reader.u32();
    const start = reader.at;
    reader.skip(size);
    if (id === 0) {
      new ByteReader(reader.bytes, start, reader.at).name();
      customs.push({ start, end: reader.at });
      continue;
    }
    const order = orderOfId[id];
    if (order === undefined) throw invalidModule(at, `section ${id}`);
    if (order <= lastOrder) throw invalidModule(at, `section ${id} out of order`);
    lastOrder = order;
    sections.set(id, { start, end: reader.at });
  }
  return { sections, customs };
}
