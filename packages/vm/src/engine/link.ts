import type { FvmVersion } from "../fvm-version.ts";
import { FatalError } from "../syscall-error.ts";
import type { Syscall } from "../syscalls/syscall.ts";
import { findSyscall } from "../syscalls/table.ts";
import { ownModule } from "../wasm/prepared-writer.ts";
import type { LoadedModule } from "./engine.ts";

const linked: WeakMap<LoadedModule, Map<FvmVersion, readonly Syscall[] | FatalError>> = new WeakMap();

/**
 * The syscalls a module imports.
 *
 * @throws {FatalError} it asks for what this generation does not have, or has in another form
 */
export function importsOf(loaded: LoadedModule, fvm: FvmVersion): readonly Syscall[] {
  let byFvm = linked.get(loaded);
  if (byFvm === undefined) {
    byFvm = new Map();
    linked.set(loaded, byFvm);
  }
  let found = byFvm.get(fvm);
  if (found === undefined) {
    found = link(loaded, fvm);
    byFvm.set(fvm, found);
  }
  if (found instanceof FatalError) throw found;
  return found;
}

function link({ shape }: LoadedModule, fvm: FvmVersion): readonly Syscall[] | FatalError {
  const found = new Set<Syscall>();
  for (const { module, name, params, results } of shape.imports) {
    if (module === ownModule) continue;
    const row = findSyscall(fvm, module, name);
    if (row === undefined) return new FatalError(`failed to link actor module: unknown import ${module}.${name}`);
    const wanted = row.returns.size > 0 ? ["i32", ...row.params] : row.params;
    const isSame =
      params.length === wanted.length &&
      params.every((type, index) => type === wanted[index]) &&
      results.length === 1 &&
      results[0] === "i32";
    if (!isSame) return new FatalError(`failed to link actor module: ${module}.${name} has another type`);
    found.add(row);
  }
  return [...found];
}
