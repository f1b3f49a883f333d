import { describe, it } from "vitest";
import {
  describeAsyncStore,
  describeDatabase,
  describeReadOnlyAsyncStore,
  describeReadOnlyStore,
  describeStore,
} from "../src/compliance.ts";
import {
  asyncReadOnlyStoreOf,
  asyncStoreOf,
  createMemoryBlockstore,
  createMemoryDatabase,
  readOnlyStoreOf,
  type Store,
} from "../src/index.ts";

describeStore("memory store", { open: createMemoryBlockstore }, { describe, it });
describeDatabase("memory database", { open: createMemoryDatabase, close: (db) => db.close() }, { describe, it });

/** Only what answers later. */
function asyncOnly(store: Store) {
  return {
    getBytes: store.getBytes.bind(store),
    hasBytes: store.hasBytes.bind(store),
    putManyBytes: store.putManyBytes.bind(store),
    deleteManyBytes: store.deleteManyBytes.bind(store),
    entries: store.entries.bind(store),
  };
}

function holding(blocks: Parameters<Store["putManySync"]>[0]): Store {
  const store = createMemoryBlockstore();
  store.putManySync(blocks);
  return store;
}

const asyncStore = () => asyncStoreOf(asyncOnly(createMemoryBlockstore()));
describeAsyncStore("a store that answers later", { open: asyncStore }, { describe, it });
describeAsyncStore("one that reads at once", { open: () => asyncStoreOf(createMemoryBlockstore()) }, { describe, it });
describeReadOnlyStore("a view of a store", { open: (blocks) => readOnlyStoreOf(holding(blocks)) }, { describe, it });
describeReadOnlyAsyncStore(
  "a view of what answers later",
  { open: (blocks) => asyncReadOnlyStoreOf(asyncOnly(holding(blocks))) },
  { describe, it },
);
describeReadOnlyAsyncStore(
  "a view that reads at once and lists nothing",
  {
    unlisted: true,
    open(blocks) {
      const { entries: _, ...rest } = asyncOnly(holding(blocks));
      const store = holding(blocks);
      return asyncReadOnlyStoreOf({ ...rest, getSync: store.getSync.bind(store), hasSync: store.hasSync.bind(store) });
    },
  },
  { describe, it },
);
