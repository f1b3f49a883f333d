// Modules written out by hand: sections from plain lists, code as bytes.
export const i32 = 0x7f;
export const i64 = 0x7e;
export const f32 = 0x7d;
export const f64 = 0x7c;
export const empty = 0x40;

export interface FunctionDraft {
  readonly type: number;
  /** Groups: how many, of what type. */
  readonly locals?: readonly (readonly [number, number])[];
  /** Operators without the last `end`. */
  readonly code: readonly number[];
}
export interface ModuleDraft {
  readonly types: readonly (readonly [readonly number[], readonly number[]])[];
  /** Functions: module, name, type. */
  readonly imports?: readonly (readonly [string, string, number])[];
  readonly functions: readonly FunctionDraft[];
  readonly table?: readonly [min: number, max?: number];
  readonly memory?: readonly [min: number, max?: number];
  /** Type, mutable, operator of the initial value. */
  readonly globals?: readonly (readonly [number, boolean, readonly number[]])[];
  readonly exports?: readonly (readonly [string, number, number])[];
  readonly start?: number;
  /** Function indexes from an offset. */
  readonly elements?: readonly (readonly [number, readonly number[]])[];
  readonly dataCount?: number;
  readonly data?: readonly (readonly [number, readonly number[]])[];
  readonly customs?: readonly (readonly [string, readonly number[]])[];
}

/** The module's bytes. */
export function build(draft: ModuleDraft): Uint8Array {
  const limits = ([min, max]: readonly [number, number?]): number[] =>
    max === undefined ? [0, ...u32(min)] : [1, ...u32(min), ...u32(max)];
  const out = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  const section = (id: number, entries: readonly (readonly number[])[] | undefined): void => {
    if (entries !== undefined && entries.length > 0) out.push(id, ...sized(list(entries)));
  };
  section(
    1,
    draft.types.map(([params, results]) => [0x60, ...sized(params), ...sized(results)]),
  );
  section(
    2,
    draft.imports?.map(([module, name, type]) => [...text(module), ...text(name), 0, ...u32(type)]),
  );
  section(
    3,
    draft.functions.map(({ type }) => u32(type)),
  );
  if (draft.table) section(4, [[0x70, ...limits(draft.table)]]);
  if (draft.memory) section(5, [limits(draft.memory)]);
  section(
    6,
    draft.globals?.map(([type, isMutable, init]) => [type, isMutable ? 1 : 0, ...init, 0x0b]),
  );
  section(
    7,
    draft.exports?.map(([name, kind, index]) => [...text(name), kind, ...u32(index)]),
  );
  if (draft.start !== undefined) out.push(8, ...sized(u32(draft.start)));
  section(
    9,
    draft.elements?.map(([offset, items]) => [0, 0x41, ...s32(offset), 0x0b, ...list(items.map(u32))]),
  );
  if (draft.dataCount !== undefined) out.push(12, ...sized(u32(draft.dataCount)));
  section(
    10,
    draft.functions.map(({ locals = [], code }) =>
      sized([...list(locals.map(([count, type]) => [...u32(count), type])), ...code, 0x0b]),
    ),
  );
  section(
    11,
    draft.data?.map(([offset, bytes]) => [0, 0x41, ...s32(offset), 0x0b, ...sized(bytes)]),
  );
  for (const [name, bytes] of draft.customs ?? []) out.push(0, ...sized([...text(name), ...bytes]));
  return Uint8Array.from(out);
}

/** Unsigned LEB128. */
export function u32(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return [...bytes, rest];
}

/** Signed LEB128. */
export function s64(value: bigint): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7n) {
    const byte = Number(rest & 0x7fn);
    if (rest >> 6n === 0n || rest >> 6n === -1n) return [...bytes, byte];
    bytes.push(byte | 0x80);
  }
}

export const s32 = (value: number): number[] => s64(BigInt(value));

function text(value: string): number[] {
  return sized([...new TextEncoder().encode(value)]);
}

function sized(bytes: readonly number[]): number[] {
  return [...u32(bytes.length), ...bytes];
}

function list(entries: readonly (readonly number[])[]): number[] {
  return [...u32(entries.length), ...entries.flat()];
}
