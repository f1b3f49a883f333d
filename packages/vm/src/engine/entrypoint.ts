import type { LoadedModule } from "./engine.ts";
import { host, type WasmModule } from "./web-assembly.ts";

/** `(module (import "e" "f" (func (param i32) (result i32))))`: WebAssembly itself tells whether a function is of that type. */
// biome-ignore format: a section a line
const probeBytes: Uint8Array = Uint8Array.of(
  0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
  1, 6, 1, 0x60, 1, 0x7f, 1, 0x7f,
  2, 7, 1, 1, 0x65, 1, 0x66, 0, 0,
);

let probe: WasmModule | undefined;
const verdicts: WeakMap<LoadedModule, boolean> = new WeakMap();

/** Whether the function that a module exports to be run takes a handle and gives one. Cost: of the first time only. */
export function isEntrypoint(loaded: LoadedModule, run: unknown): run is (paramsId: number) => number {
  let verdict = verdicts.get(loaded);
  if (verdict === undefined) {
    verdict = isOfType(run);
    verdicts.set(loaded, verdict);
  }
  return verdict;
}

function isOfType(run: unknown): boolean {
  probe ??= new host.Module(probeBytes);
  try {
    new host.Instance(probe, { e: { f: run } });
    return true;
  } catch (error) {
    if (error instanceof host.LinkError) return false;
    throw error;
  }
}
