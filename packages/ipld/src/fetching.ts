import { type AbortOptions, assertNotAborted, HostFault } from "@copse/primitives";
import { type CidBytes, toCid } from "./cid.ts";

/** An algorithm that names the blocks it needs and is handed their bytes; it never sees a store. */
export type Fetching<T> = Generator<CidBytes, T, Uint8Array>;

/** A store that answers at once. Bytes handed out are views: read, not kept changed. */
export interface SyncBlockReader {
  /** The block, or `undefined` when it is not held. @throws {HostFault} `host/store-failed` */
  getSync(cid: CidBytes): Uint8Array | undefined;
}

/** A store that answers later: a file, a peer. */
export interface AsyncBlockReader {
  /** The block, or `undefined` when it is not to be had. @throws {HostFault} */
  getBytes(cid: CidBytes, options?: AbortOptions): Promise<Uint8Array | undefined>;
}

/**
 * Runs an algorithm over a synchronous store.
 *
 * @throws {HostFault} `host/block-missing`, which the algorithm may catch at its `yield`
 * @example
 * function* first(root: CidBytes): Fetching<Uint8Array> { return yield root; }
 * runSync(first(root), store);
 */
export function runSync<T>(steps: Fetching<T>, store: SyncBlockReader): T {
  let step = steps.next();
  while (step.done !== true) {
    const block = store.getSync(step.value);
    step = block === undefined ? steps.throw(blockMissing(step.value)) : steps.next(block);
  }
  return step.value;
}

/**
 * Runs an algorithm over an asynchronous store, one block after another.
 *
 * @throws {HostFault} `host/block-missing`, `host/aborted`
 * @example
 * await runAsync(first(root), store, { signal });
 */
export async function runAsync<T>(steps: Fetching<T>, store: AsyncBlockReader, options: AbortOptions = {}): Promise<T> {
  let step = steps.next();
  while (step.done !== true) {
    assertNotAborted(options.signal);
    const block = await store.getBytes(step.value, options);
    step = block === undefined ? steps.throw(blockMissing(step.value)) : steps.next(block);
  }
  return step.value;
}

/** The fault of a block that should be there. */
export function blockMissing(cid: CidBytes): HostFault<"host/block-missing"> {
  return new HostFault("host/block-missing", { cid: toCid(cid).toString() });
}
