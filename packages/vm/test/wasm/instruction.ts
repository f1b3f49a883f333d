import { s32, s64, u32 } from "./build.ts";

/** One operator of a generated body, as a tree. */
export interface Instruction {
  readonly op: number;
  /** Index, label, constant (floats as bits), offset of a load or store. */
  readonly a?: number | bigint;
  /** Block type. */
  readonly type?: number;
  readonly body?: readonly Instruction[];
  readonly otherwise?: readonly Instruction[];
  /** Targets of a table, the default last. */
  readonly labels?: readonly number[];
}

/** The operators' bytes. Those behind the prefix have `0xfc00 + n` as their code. */
export function encode(code: readonly Instruction[]): number[] {
  return code.flatMap(encodeOne);
}

function encodeOne({ op, a = 0, type, body, otherwise, labels }: Instruction): number[] {
  if (body !== undefined) {
    const rest = otherwise === undefined ? [] : [0x05, ...encode(otherwise)];
    return [op, type as number, ...encode(body), ...rest, 0x0b];
  }
  if (labels !== undefined) return [op, ...u32(labels.length - 1), ...labels.flatMap(u32)];
  if (op >= 0xfc00) {
    const indexes = op === 0xfc0a ? [0, 0] : op === 0xfc0b ? [0] : [];
    return [0xfc, op - 0xfc00, ...indexes];
  }
  if (op === 0x41) return [op, ...s32(a as number)];
  if (op === 0x42) return [op, ...s64(a as bigint)];
  if (op === 0x43) return [op, ...bits(BigInt.asUintN(32, BigInt(a)), 4)];
  if (op === 0x44) return [op, ...bits(BigInt.asUintN(64, a as bigint), 8)];
  if (op >= 0x28 && op <= 0x3e) return [op, 0, ...u32(a as number)];
  if (op === 0x3f || op === 0x40) return [op, 0];
  if (op === 0x11) return [op, ...u32(a as number), 0];
  const hasIndex = (op >= 0x0c && op <= 0x10) || (op >= 0x20 && op <= 0x24);
  return hasIndex && op !== 0x0f ? [op, ...u32(a as number)] : [op];
}

function bits(value: bigint, count: number): number[] {
  return Array.from({ length: count }, (_, at) => Number((value >> BigInt(8 * at)) & 0xffn));
}
