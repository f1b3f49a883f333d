export { openLmdbDatabase } from "./lmdb/database.ts";
export type { LmdbOptions } from "./lmdb/tables.ts";
