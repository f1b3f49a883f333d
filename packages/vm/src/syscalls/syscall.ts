import type { FvmVersion } from "../fvm-version.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { Layout } from "./layouts.ts";
import type { ActorMemory } from "./memory.ts";

/** Types of parameters, as WebAssembly has them. */
export type WasmType = "i32" | "i64";

type Values<P extends readonly WasmType[]> = { -readonly [I in keyof P]: P[I] extends "i64" ? bigint : number };

/**
 * One row of the table of syscalls: what actors import.
 *
 * Its WebAssembly type: the parameters, before them a pointer to the result where it has one; gives an error number.
 */
export interface Syscall {
  readonly module: string;
  readonly name: string;
  /** Generations that have it in this form. */
  readonly fvm: readonly FvmVersion[];
  readonly params: readonly WasmType[];
  /** Parameters by name, beside their types. */
  readonly paramNames: readonly string[];
  readonly returns: Layout<never>;
  /** Does it. Its result goes to the actor's memory. @throws {SyscallError} {OutOfGas} {FatalError} {ActorExit} */
  run(kernel: Kernel, memory: ActorMemory, ...args: (number | bigint)[]): unknown;
}

/** A row, whose function's parameters and result are those of the row. `params`: names and types. */
export function syscall<const P extends readonly (readonly [name: string, type: WasmType])[], T>(row: {
  readonly module: string;
  readonly name: string;
  readonly fvm: readonly FvmVersion[];
  readonly params: P;
  readonly returns: Layout<T>;
  run(kernel: Kernel, memory: ActorMemory, ...args: Values<{ [I in keyof P]: P[I][1] }>): T;
}): Syscall {
  return {
    ...row,
    params: row.params.map(([, type]) => type),
    paramNames: row.params.map(([name]) => name),
    returns: row.returns as Layout<never>,
    run: row.run as unknown as Syscall["run"],
  };
}

/** Of every generation. */
export const everyFvm: readonly FvmVersion[] = [2, 3, 4];
/** Of FVM 3 and 4. */
export const since3: readonly FvmVersion[] = [3, 4];
