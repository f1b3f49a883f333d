export { storeOf } from "./cid-face.ts";
export {
  type Batch,
  type Database,
  maxRowKeyBytes,
  type Row,
  type RowOp,
  type RowRange,
  type Rows,
} from "./database.ts";
export { BlockstoreError, type BlockstoreFacts, NotFoundError } from "./errors.ts";
export { createMemoryBlockstore, createMemoryDatabase } from "./memory.ts";
export { type BlockEntry, type BlockTable, maxCidBytes, type Store } from "./store.ts";
