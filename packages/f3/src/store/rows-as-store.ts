import type { AsyncDatabase } from "@copse/blockstore";
import type { KeyValueStore } from "./key-value-store.ts";

/**
 * A table of a database as the place of a certificate store. Nothing else may write to that table.
 *
 * @throws {BlockstoreError} `blockstore/table-malformed`
 * @example
 * const kv = rowsAsStore(await openLmdbDatabase("f3.mdb"), "f3");
 */
export function rowsAsStore(database: AsyncDatabase, table: string): KeyValueStore {
  const rows = database.rows(table);
  return {
    get: (key) => rows.read(key),
    batch: (changes) => database.commit({ rows: changes.map(({ key, value }) => ({ table, key, value })) }),
  };
}
