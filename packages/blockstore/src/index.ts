export {
  type AsyncDatabase,
  type AsyncRows,
  type Batch,
  type Database,
  maxRowKeyBytes,
  type Row,
  type RowOp,
  type RowRange,
  type Rows,
} from "./database.ts";
export { BlockstoreError, type BlockstoreFacts, NotFoundError } from "./errors.ts";
export { fromBlockstore } from "./from-blockstore.ts";
export { createMemoryBlockstore, createMemoryDatabase } from "./memory.ts";
export {
  type AsyncBlockSource,
  type AsyncBlockTable,
  type AsyncStore,
  type BlockEntry,
  type BlockSource,
  type BlockTable,
  type Closable,
  maxCidBytes,
  type Store,
  type SyncReads,
} from "./store.ts";
export { asyncReadOnlyStoreOf, asyncStoreOf, readOnlyStoreOf, storeOf } from "./store-of.ts";
