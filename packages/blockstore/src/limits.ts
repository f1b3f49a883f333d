import type { CidBytes } from "@copse/ipld";
import { maxRowKeyBytes, type RowOp } from "./database.ts";
import { BlockstoreError } from "./errors.ts";
import { maxCidBytes } from "./store.ts";

const tableName = /^[a-z0-9-]{1,64}$/;

/**
 * Refuses a name that no table may have: the on-disk store puts it before each key, so its form must be prefix-free.
 *
 * @throws {BlockstoreError} `blockstore/table-malformed`
 */
export function assertTable(table: string): void {
  if (!tableName.test(table)) throw new BlockstoreError("blockstore/table-malformed", { table: table.slice(0, 80) });
}

/**
 * Refuses a change no table may hold. Every store applies it before it writes anything, so that all agree.
 *
 * @throws {BlockstoreError} `blockstore/table-malformed`, `blockstore/key-empty`, `blockstore/key-too-long`
 */
export function assertRowOp(op: RowOp): void {
  assertTable(op.table);
  const length = op.key.length;
  if (length === 0) throw new BlockstoreError("blockstore/key-empty", { table: op.table });
  if (length > maxRowKeyBytes) {
    throw new BlockstoreError("blockstore/key-too-long", { table: op.table, length, limit: maxRowKeyBytes });
  }
}

/**
 * Refuses a CID longer than stores index.
 *
 * @throws {BlockstoreError} `blockstore/cid-too-long`
 */
export function assertStorableCid(cid: CidBytes): void {
  if (cid.length > maxCidBytes) {
    throw new BlockstoreError("blockstore/cid-too-long", { length: cid.length, limit: maxCidBytes });
  }
}
