import { blake2b256 } from "@copse/crypto";
import { CborReader, CborWriter } from "@copse/ipld";
import { equalBytes, isCopseError } from "@copse/primitives";
import { VmError } from "../errors.ts";
import type { PreparedImport, PreparedModule, ValueTypeName } from "./prepare.ts";
import type { InstrumentRules } from "./rules.ts";

/** Rises with every change of what {@link prepare} makes of a module, so that what older releases kept is made anew. */
export const preparedVersion = 1;

const magic = [0x63, 0x6f, 0x70, 0x73, 0x65, 0x56, 0x4d, preparedVersion]; // "copseVM" and the version
const headerSize = 40;
const mostBytes = 256 << 20;
const mostEntries = 1_000_000;
const valueTypes: readonly ValueTypeName[] = ["i32", "i64", "f32", "f64", "funcref"];

/**
 * A prepared module as bytes, for a cache on disk.
 *
 * Shape: 8 bytes of magic with the version, the BLAKE2b-256 of the rest, then one CBOR array:
 * `[rules, bytes, gasExport, startExport | null, [minPages, maxPages | null] | null, tableElements, initTableElements,
 * [export...], [[module, name, [param...], [result...]]...]]`.
 *
 * @example
 * const kept = encodePrepared(prepare(wasm, "0.4.0"), "0.4.0");
 * decodePrepared(kept, "0.4.0").bytes // the same module
 */
export function encodePrepared(prepared: PreparedModule, rules: InstrumentRules): Uint8Array {
  const { memory, startExport } = prepared;
  const writer = new CborWriter(prepared.bytes.length + 4096);
  writer.array(9).text(rules).bytes(prepared.bytes).text(prepared.gasExport);
  if (startExport === undefined) writer.null();
  else writer.text(startExport);
  if (memory === undefined) writer.null();
  else {
    writer.array(2).uint(memory.minPages);
    if (memory.maxPages === undefined) writer.null();
    else writer.uint(memory.maxPages);
  }
  writer.uint(prepared.tableElements).uint(prepared.initTableElements);
  writer.array(prepared.exports.size);
  for (const name of prepared.exports) writer.text(name);
  writer.array(prepared.imports.length);
  for (const { module, name, params, results } of prepared.imports) {
    writer.array(4).text(module).text(name);
    for (const types of [params, results]) {
      writer.array(types.length);
      for (const type of types) writer.text(type);
    }
  }
  const body = writer.finish();
  const out = new Uint8Array(headerSize + body.length);
  out.set(magic);
  out.set(blake2b256(body), 8);
  out.set(body, headerSize);
  return out;
}

/**
 * Reads what {@link encodePrepared} wrote. The checksum tells damage from writing or keeping, not intent: what is read
 * here is run, so it must come from where only this node writes.
 *
 * @throws {VmError} `vm/prepared-invalid`: damaged, of another release, or prepared under other rules
 */
export function decodePrepared(bytes: Uint8Array, rules: InstrumentRules): PreparedModule {
  if (bytes.length < headerSize || magic.some((byte, at) => bytes[at] !== byte)) throw invalid("magic or version");
  const body = bytes.subarray(headerSize);
  if (!equalBytes(blake2b256(body), bytes.subarray(8, headerSize))) throw invalid("checksum");
  try {
    return readBody(new CborReader(body), rules);
  } catch (error) {
    if (isCopseError(error, "cbor/")) throw invalid(error.message, { cause: error });
    throw error;
  }
}

function readBody(reader: CborReader, rules: InstrumentRules): PreparedModule {
  reader.array(9);
  const found = reader.text();
  if (found !== rules) throw invalid(`rules ${found}, not ${rules}`);
  const prepared: PreparedModule = {
    bytes: reader.bytes(mostBytes).slice(),
    gasExport: reader.text(),
    startExport: reader.null() ? undefined : reader.text(),
    memory: reader.null() ? undefined : readMemory(reader),
    tableElements: reader.safeUint(),
    initTableElements: reader.safeUint(),
    exports: new Set(readList(reader, () => reader.text())),
    imports: readList(reader, () => readImport(reader)),
  };
  reader.end();
  return prepared;
}

function readMemory(reader: CborReader): PreparedModule["memory"] {
  reader.array(2);
  return { minPages: reader.safeUint(), maxPages: reader.null() ? undefined : reader.safeUint() };
}

function readImport(reader: CborReader): PreparedImport {
  reader.array(4);
  const readTypes = (): ValueTypeName[] => readList(reader, () => readValueType(reader));
  return { module: reader.text(), name: reader.text(), params: readTypes(), results: readTypes() };
}

function readValueType(reader: CborReader): ValueTypeName {
  const name = reader.text();
  const type = valueTypes.find((known) => known === name);
  if (type === undefined) throw invalid(`value type ${name}`);
  return type;
}

function readList<T>(reader: CborReader, read: () => T): T[] {
  return Array.from({ length: reader.array(undefined, mostEntries) }, read);
}

function invalid(why: string, options?: ErrorOptions): VmError<"vm/prepared-invalid"> {
  return new VmError("vm/prepared-invalid", { why }, options);
}
