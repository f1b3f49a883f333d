import type { StoreCore } from "./store-core.ts";

/** What is behind each store, for imports: users cannot write past the verifier. */
const cores = new WeakMap<object, StoreCore>();

/** Remembers what is behind a store. */
export function registerCore(store: object, core: StoreCore): void {
  cores.set(store, core);
}

/** What is behind a store of this package; `undefined` for anything else. */
export function coreOf(store: object): StoreCore | undefined {
  return cores.get(store);
}
