import type { WasmModule } from "./module.ts";
import type { FuncType } from "./sections.ts";

/** What the stack limiter adds for functions that are entered other than by a direct call. */
export interface Thunks {
  /** Functions that get a thunk, in ascending order; thunk `i` is function `functions.length + i` of the result. */
  readonly of: readonly number[];
  /** The function that stands for another in exports, elements and start. */
  replace(index: number): number;
}

/**
 * Thunks of a module: one for each function that is exported, listed in an element segment or the start function, and
 * has a stack cost. Segments made of expressions are not looked at.
 *
 * @see fvm-wasm-instrument:src/stack_limiter/thunk.rs
 */
export function thunksOf(module: WasmModule, costs: Uint32Array): Thunks {
  const entered = new Set<number>();
  for (const { kind, index } of module.exports) if (kind === 0) entered.add(index);
  for (const { items } of module.elements) for (const index of items ?? []) entered.add(index);
  if (module.start !== undefined) entered.add(module.start);
  const of = [...entered].filter((index) => (costs[index] ?? 0) > 0).sort((a, b) => a - b);
  const thunkOf = new Map(of.map((index, at) => [index, module.functions.length + at]));
  return { of, replace: (index) => thunkOf.get(index) ?? index };
}

/**
 * Finds the first type equal to another, which is what the tools give to thunks; -1 where there is none. By a map: a
 * module may have a thunk for each of very many types.
 */
export function typeFinder(types: readonly FuncType[]): (wanted: FuncType) => number {
  const keyOf = ({ params, results }: FuncType): string => `${params.join()}:${results.join()}`;
  const first = new Map<string, number>();
  for (const [index, type] of types.entries()) {
    const key = keyOf(type);
    if (!first.has(key)) first.set(key, index);
  }
  return (wanted) => first.get(keyOf(wanted)) ?? -1;
}
