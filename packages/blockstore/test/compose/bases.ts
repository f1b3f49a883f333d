import type { CidBytes } from "@copse/ipld";
import { type AbortOptions, assertNotAborted } from "@copse/primitives";
import { type AsyncStore, asyncStoreOf, type BlockEntry, createMemoryBlockstore, type Store } from "../../src/index.ts";

/** A store that only answers later, in a turn of its own; `gate` holds its reads until it resolves. */
export function laterStore(store: Store = createMemoryBlockstore(), gate?: () => Promise<void>): AsyncStore {
  const turn = async (options?: AbortOptions): Promise<void> => {
    await (gate === undefined ? new Promise<void>((resolve) => setImmediate(resolve)) : gate());
    assertNotAborted(options?.signal);
  };
  return asyncStoreOf({
    async getBytes(cid: CidBytes, options?: AbortOptions) {
      await turn(options);
      return store.getSync(cid);
    },
    async hasBytes(cid: CidBytes, options?: AbortOptions) {
      await turn(options);
      return store.hasSync(cid);
    },
    async putManyBytes(entries: Iterable<BlockEntry>, options?: AbortOptions) {
      await turn(options);
      store.putManySync(entries);
    },
    async deleteManyBytes(cids: Iterable<CidBytes>, options?: AbortOptions) {
      await turn(options);
      store.deleteManySync(cids);
    },
    entries: (options?: AbortOptions) => store.entries(options),
  });
}

/** A memory store that holds the blocks. */
export function holding(blocks: Iterable<BlockEntry>): Store {
  const store = createMemoryBlockstore();
  store.putManySync(blocks);
  return store;
}

/** A store that fails whatever is asked, with `error`. */
export function failingStore(error: Error): AsyncStore {
  const fail = async (): Promise<never> => {
    throw error;
  };
  return asyncStoreOf({ getBytes: fail, hasBytes: fail, putManyBytes: fail, deleteManyBytes: fail });
}
