import type { CidBytes } from "@copse/ipld";
import { concatBytes, latin1, utf8 } from "@copse/primitives";

/**
 * How keys are laid out; a change of any of it changes {@link layoutName}.
 *
 * | key                    | value      |
 * | ---------------------- | ---------- |
 * | `b`, whole CID         | the block  |
 * | `m`, `layout`          | this name  |
 * | `r`, name, 0, key      | a row      |
 */
export const layoutName: Uint8Array = utf8("copse-level-1");

const [blocks, meta, rows] = [0x62, 0x6d, 0x72];

/** Where the name of the layout stands. */
export const layoutKey: Uint8Array = concatBytes(Uint8Array.of(meta), utf8("layout"));

/** Where a block stands: under its whole CID, as in every store here. */
export function blockKey(cid: CidBytes): Uint8Array {
  const key = new Uint8Array(1 + cid.length);
  key[0] = blocks;
  key.set(cid, 1);
  return key;
}

/** The keys of all blocks. */
export const allBlocks: { readonly gte: Uint8Array; readonly lt: Uint8Array } = {
  gte: Uint8Array.of(blocks),
  lt: Uint8Array.of(blocks + 1),
};

/** What stands before the key of every row of a table: names have no zero byte, so tables do not mix. */
export function tablePrefix(table: string): Uint8Array {
  return concatBytes(Uint8Array.of(rows), utf8(table), Uint8Array.of(0));
}

/** The first key past a table. */
export function afterTable(prefix: Uint8Array): Uint8Array {
  const key = Uint8Array.from(prefix);
  key[key.length - 1] = 1;
  return key;
}

/** The table and the key that a row stands under; `undefined` where something else does. */
export function readRowKey(key: Uint8Array): { readonly table: string; readonly key: Uint8Array } | undefined {
  if (key[0] !== rows) return undefined;
  const end = key.indexOf(0);
  if (end < 0) return undefined;
  return { table: latin1(key.subarray(1, end)), key: key.slice(end + 1) };
}
