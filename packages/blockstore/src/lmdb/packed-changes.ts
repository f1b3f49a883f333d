import { fromLatin1, latin1 } from "@copse/primitives";
import type { RowOp } from "../database.ts";
import type { BlockEntry } from "../store.ts";
import type { Changes } from "./writes.ts";

/** Stands for the length of an absent value. */
const absent = 0xffffffff;

/**
 * Changes as one byte string, which goes to another thread without a copy.
 *
 * Shape: counts of blocks, rows and deleted CIDs (4 B each); then each part with its length before it (4 B): CID and bytes,
 * name, key and value, CID. Both sides are this process, so nothing is checked.
 */
export function packChanges({ blocks, rows, deleted }: Changes): Uint8Array {
  let size = 12;
  for (const [cid, bytes] of blocks) size += 8 + cid.length + bytes.length;
  for (const { table, key, value } of rows) size += 12 + table.length + key.length + (value?.length ?? 0);
  for (const cid of deleted) size += 4 + cid.length;
  const packed = new Uint8Array(size);
  const view = new DataView(packed.buffer);
  let at = 0;
  const count = (value: number): void => {
    view.setUint32(at, value);
    at += 4;
  };
  const part = (bytes: Uint8Array): void => {
    count(bytes.length);
    packed.set(bytes, at);
    at += bytes.length;
  };
  count(blocks.length);
  count(rows.length);
  count(deleted.length);
  for (const [cid, bytes] of blocks) {
    part(cid);
    part(bytes);
  }
  for (const { table, key, value } of rows) {
    part(fromLatin1(table));
    part(key);
    if (value === undefined) count(absent);
    else part(value);
  }
  for (const cid of deleted) part(cid);
  return packed;
}

/** The changes in a packed byte string: views of it. */
export function unpackChanges(packed: Uint8Array): Changes {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.length);
  let at = 0;
  const count = (): number => {
    at += 4;
    return view.getUint32(at - 4);
  };
  const optional = (): Uint8Array | undefined => {
    const length = count();
    if (length === absent) return undefined;
    at += length;
    return packed.subarray(at - length, at);
  };
  const part = (): Uint8Array => optional() as Uint8Array;
  const [blockCount, rowCount, deletedCount] = [count(), count(), count()];
  const blocks = Array.from({ length: blockCount }, (): BlockEntry => [part(), part()]);
  const rows = Array.from(
    { length: rowCount },
    (): RowOp => ({ table: latin1(part()), key: part(), value: optional() }),
  );
  const deleted = Array.from({ length: deletedCount }, part);
  return { blocks, rows, deleted };
}
