import type { ByteReader } from "./byte-reader.ts";
import { invalidModule } from "./invalid.ts";
import { immediate, immediates, op, prefixed, unknownTo020 } from "./operators.ts";
import type { InstrumentRules } from "./rules.ts";
import { readValueType } from "./sections.ts";

/** A run of locals of one type, as a body declares them. */
export interface LocalGroup {
  readonly count: number;
  readonly type: number;
}
/** One body: its locals, and where its operators are in the stream (`[first, end)`) and in the module. */
export interface FunctionBody {
  readonly locals: readonly LocalGroup[];
  readonly localCount: number;
  readonly first: number;
  readonly end: number;
  /** Offset after the last operator. */
  readonly bytesEnd: number;
}

/** Operators of all bodies, one after another, in parallel arrays. */
export interface CodeStream {
  readonly bodies: readonly FunctionBody[];
  readonly length: number;
  /** Operators as one byte each, see `op`. */
  readonly ops: Uint8Array;
  /** Offset of each in the module. */
  readonly at: Uint32Array;
  /** First immediate: index, label, value of `i32.const`, block type byte, number of labels. */
  readonly args: Int32Array;
  /** 1 where the module's encoding is not the shortest, so that its bytes cannot be copied. */
  readonly isPadded: Uint8Array;
}

const brTableLimit = 128 * 1024;
const localsLimit = 50_000;

/**
 * Decodes the code section. `reader` spans its payload; an empty span stands for no section.
 *
 * @throws {VmError} `vm/module-invalid`
 */
export function readCode(reader: ByteReader, functions: number, rules: InstrumentRules): CodeStream {
  const isAbsent = reader.at === reader.end;
  const count = isAbsent ? 0 : reader.count(2, 1_000_000);
  if (count !== functions) throw invalidModule(reader.at, `${count} bodies of ${functions} functions`);
  const room = reader.end - reader.at + 1; // an operator takes a byte at least; pages never written cost nothing
  const stream = {
    bodies: [] as FunctionBody[],
    length: 0,
    ops: new Uint8Array(room),
    at: new Uint32Array(room),
    args: new Int32Array(room),
    isPadded: new Uint8Array(room),
  };
  const sectionEnd = reader.end;
  for (let index = 0; index < count; index++) {
    const size = reader.u32();
    const end = reader.at + size;
    if (end > sectionEnd) throw invalidModule(reader.at, "a body longer than its section");
    reader.end = end;
    const { locals, localCount } = readLocals(reader);
    const first = stream.length;
    stream.length = readOperators(reader, stream, first, rules);
    stream.bodies.push({ locals, localCount, first, end: stream.length, bytesEnd: end });
    reader.end = sectionEnd;
  }
  if (reader.at !== sectionEnd) throw invalidModule(reader.at, "a section goes on after its last entry");
  return stream;
}

function readLocals(reader: ByteReader): { locals: LocalGroup[]; localCount: number } {
  const groups = reader.count(2, 1_000_000);
  const locals: LocalGroup[] = [];
  let localCount = 0;
  for (let index = 0; index < groups; index++) {
    const count = reader.u32();
    localCount += count;
    if (localCount > localsLimit) throw invalidModule(reader.at, `more than ${localsLimit} locals`);
    locals.push({ count, type: readValueType(reader) });
  }
  return { locals, localCount };
}

/** Decodes operators up to the end of the body, which must be the `end` that closes it. Returns the new length. */
function readOperators(
  reader: ByteReader,
  { ops, at, args, isPadded }: CodeStream,
  first: number,
  rules: InstrumentRules,
): number {
  const { bytes, end } = reader;
  const isOld = rules === "0.2.0";
  let length = first;
  let depth = 1;
  let pos = reader.at;
  while (depth > 0) {
    if (pos >= end) throw invalidModule(pos, "a body ends early");
    const start = pos;
    let code = bytes[pos++] as number;
    let kind = immediates[code] as number;
    at[length] = start;
    if (kind === immediate.none) {
      if (code === op.end) depth--;
      else if (isOld && unknownTo020[code] === 1) throw refused(code, start, rules);
    } else if (kind === immediate.index || kind === immediate.i32) {
      // nearly all are one byte; the reader takes the rest
      const byte = pos < end ? (bytes[pos] as number) : 0x80;
      if (byte < 0x80) {
        args[length] = kind === immediate.i32 && byte >= 0x40 ? byte - 0x80 : byte;
        pos++;
      } else {
        reader.at = pos;
        args[length] = kind === immediate.i32 ? reader.i32() : reader.u32();
        pos = reader.at;
        if (isLong(bytes, start + 1, pos, kind === immediate.i32)) isPadded[length] = 1;
      }
      if (isOld && unknownTo020[code] === 1) throw refused(code, start, rules);
    } else if (
      kind === immediate.memory &&
      pos + 1 < end &&
      (bytes[pos] as number) < 32 &&
      (bytes[pos + 1] as number) < 0x80
    ) {
      args[length] = bytes[pos] as number;
      pos += 2;
    } else if (kind === immediate.memory) {
      reader.at = pos;
      const align = reader.u32();
      if (align >= 32) throw invalidModule(start, "an alignment with memory index or too large");
      const offsetAt = reader.at;
      reader.u32();
      args[length] = align;
      if (isLong(bytes, pos, offsetAt, false) || isLong(bytes, offsetAt, reader.at, false)) isPadded[length] = 1;
      pos = reader.at;
    } else {
      reader.at = pos;
      if (kind === immediate.prefixed) {
        const sub = reader.u32();
        code = sub <= 0x11 ? prefixed + sub : 0xff;
        kind = immediates[code] as number;
        if (isOld && (unknownTo020[code] === 1 || reader.at !== start + 2)) throw refused(code, start, rules);
        if (reader.at !== start + 2) isPadded[length] = 1;
        pos = reader.at;
      }
      switch (kind) {
        case immediate.none:
          break;
        case immediate.blockType: {
          const type = reader.u8();
          if (type !== 0x40 && (type < 0x7c || type > 0x7f) && (type !== 0x70 || isOld)) {
            throw invalidModule(reader.at - 1, "a block type that is neither empty nor one value");
          }
          args[length] = type;
          depth++;
          break;
        }
        case immediate.index:
          args[length] = reader.u32();
          if (isLong(bytes, pos, reader.at, false)) isPadded[length] = 1;
          if (isOld && code === op.memoryFill && reader.at !== pos + 1) throw refused(code, start, rules);
          break;
        case immediate.twoIndexes: {
          args[length] = reader.u32();
          const secondAt = reader.at;
          const second = reader.u32();
          if (isLong(bytes, pos, secondAt, false) || isLong(bytes, secondAt, reader.at, false)) isPadded[length] = 1;
          if (
            isOld &&
            (second !== 0 || reader.at !== secondAt + 1 || !isOldFirst(code, args[length], secondAt - pos))
          ) {
            throw invalidModule(start, "indexes that tool 0.2.0 cannot read");
          }
          break;
        }
        case immediate.zeroByte:
          if (reader.u8() !== 0) throw invalidModule(reader.at - 1, "a memory other than the first");
          break;
        case immediate.i64:
          reader.skipI64();
          if (isLong(bytes, pos, reader.at, true)) isPadded[length] = 1;
          break;
        case immediate.f32:
          reader.skip(4);
          break;
        case immediate.f64:
          reader.skip(8);
          break;
        case immediate.brTable: {
          const labels = reader.count(1, brTableLimit);
          args[length] = labels;
          let isAnyLong = isLong(bytes, pos, reader.at, false);
          for (let label = 0; label <= labels; label++) {
            const labelAt = reader.at;
            reader.u32();
            isAnyLong ||= isLong(bytes, labelAt, reader.at, false);
          }
          if (isAnyLong) isPadded[length] = 1;
          break;
        }
        default:
          throw refused(code, start, rules);
      }
      pos = reader.at;
    }
    ops[length++] = code;
  }
  if (pos !== end) throw invalidModule(pos, "a body goes on after its end");
  reader.at = pos;
  return length;
}

/**
 * Whether the decoder of 0.2.0 can read the first of two indexes: except that of `call_indirect` it must be one zero
 * byte, for what it reads there is an early form of the operators.
 */
function isOldFirst(code: number, index: number | undefined, size: number): boolean {
  return code === op.callIndirect || (index === 0 && size === 1);
}

/** Whether the last byte of an integer in `[start, end)` carries nothing. */
function isLong(bytes: Uint8Array, start: number, end: number, isSigned: boolean): boolean {
  if (end - start < 2) return false;
  const last = bytes[end - 1] as number;
  if (!isSigned) return last === 0;
  const isNegative = ((bytes[end - 2] as number) & 0x40) !== 0;
  return isNegative ? last === 0x7f : last === 0;
}

function refused(code: number, offset: number, rules: InstrumentRules): Error {
  const name = code >= prefixed ? `0xfc ${code - prefixed}` : `0x${code.toString(16)}`;
  return invalidModule(offset, `operator ${name} under rules ${rules}`);
}
