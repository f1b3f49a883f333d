import type { AsyncDatabase } from "@copse/blockstore";
import { lookThenBatch } from "./batch-if.ts";
import type { KeyValueStore } from "./key-value-store.ts";

/**
 * A table of a database as the place of a certificate store. Nothing else may write to that table; any number of stores
 * may, each through a call of its own, as long as they have the same database object: one writes to a database at a time.
 *
 * @throws {BlockstoreError} `blockstore/table-malformed`
 * @example
 * const kv = rowsAsStore(await openLmdbDatabase("f3.mdb"), "f3");
 */
export function rowsAsStore(database: AsyncDatabase, table: string): KeyValueStore {
  const rows = database.rows(table);
  const plain: KeyValueStore = {
    get: (key) => rows.read(key),
    batch: (changes) => database.commit({ rows: changes.map(({ key, value }) => ({ table, key, value })) }),
  };
  return { ...plain, batchIf: (expected, changes) => lookThenBatch(database, plain, expected, changes) };
}
