import type { RowOp } from "@copse/blockstore";
import { chainCidLength } from "@copse/ipld";
import { utf8 } from "@copse/primitives";
import type { LinkedTipset } from "../link/link-types.ts";
import type { Assurance } from "./assurance.ts";
import { formatSpan, type Span } from "./span.ts";
import { encodeTipsetRow, rowKey, rowKeyDigest, type TipsetRow } from "./tipset-row.ts";

/**
 * The tables of a chain store. Digests are cut to their first 16 bytes: two that agree there cost 2^64 hashes to make,
 * and only hide a block from look-up by CID, since what is found is compared in full.
 */
export const tables = {
  /** height (6 B) → row of the canonical tipset */
  tipsets: "tipsets",
  /** digest of a header or of a key block → height (6 B) of the canonical tipset it belongs to; may be stale */
  heights: "heights",
  /** digest of a key block → row of a tipset that is or was not canonical */
  side: "side",
  /** digest of a header → digest of a key block in `side` */
  sideBlocks: "side-blocks",
  /** height ‖ digest of a key block, for pruning `side` */
  sideHeights: "side-heights",
  /** id (6 B) → span */
  spans: "spans",
  /** name → format, genesis, head, checkpoint, assurance, indexed */
  chain: "chain",
} as const;

/** The key of a height: 6 bytes, so that order is kept. */
export function heightKey(height: number): Uint8Array {
  const key = new Uint8Array(6);
  for (let i = 5, rest = height; i >= 0; i--, rest = Math.floor(rest / 256)) key[i] = rest % 256;
  return key;
}

/** The height of {@link heightKey}. */
export function keyHeight(key: Uint8Array): number {
  let height = 0;
  for (let i = 0; i < 6; i++) height = height * 256 + (key[i] as number);
  return height;
}

/** The index key of a digest. */
export const digestKey = (digest: Uint8Array): Uint8Array => digest.subarray(0, 16);

const present: Uint8Array = Uint8Array.of(1);

/** Gathers the row changes of one commit. */
export class ChainBatch {
  readonly rows: RowOp[] = [];

  /**
   * Makes a tipset the canonical one of its height.
   *
   * @param index which look-ups by digest it gets: keys are found by their first block. The others are random keys in a
   * growing tree, which cost a disk page each: writing all of them with each run made LMDB write 47 GB for 1 GB of
   * headers (200,000 epochs) and a tenth of the speed. For runs they follow later, sorted, by `ChainStore.indexBlocks`.
   */
  canonical(tipset: LinkedTipset, index: "first" | "all" = "all"): void {
    const row = rowOf(tipset);
    const key = heightKey(tipset.height);
    this.rows.push({ table: tables.tipsets, key, value: row });
    if (index === "all") this.indexRow(key, row);
    else this.rows.push({ table: tables.heights, key: rowKey(row).subarray(6, 22), value: key });
  }

  /** Writes every look-up by digest of a canonical row. */
  indexRow(height: Uint8Array, row: TipsetRow): void {
    for (const digest of indexDigests(row)) this.rows.push({ table: tables.heights, key: digest, value: height });
  }

  /** Takes a height from the canonical chain. Index rows of its blocks go too: call before any {@link canonical}. */
  clear(height: number, row: TipsetRow): void {
    this.rows.push({ table: tables.tipsets, key: heightKey(height) });
    for (const digest of indexDigests(row)) this.rows.push({ table: tables.heights, key: digest });
  }

  /** Keeps a tipset beside the canonical chain. */
  side(tipset: LinkedTipset): void {
    const row = rowOf(tipset);
    const name = digestKey(rowKeyDigest(row));
    const byHeight = new Uint8Array(22);
    byHeight.set(heightKey(tipset.height));
    byHeight.set(name, 6);
    this.rows.push({ table: tables.side, key: name, value: row });
    this.rows.push({ table: tables.sideHeights, key: byHeight, value: present });
    for (const digest of blockDigests(row)) this.rows.push({ table: tables.sideBlocks, key: digest, value: name });
  }

  /** Removes a tipset kept aside; its row in `sideHeights` is the caller's. */
  forgetSide(name: Uint8Array, row: TipsetRow | undefined): void {
    this.rows.push({ table: tables.side, key: name });
    if (row === undefined) return;
    for (const digest of blockDigests(row)) this.rows.push({ table: tables.sideBlocks, key: digest });
  }

  /** Writes a span, or removes it. */
  span(id: number, span: Span | undefined): void {
    const value = span === undefined ? undefined : utf8(formatSpan(span));
    this.rows.push({ table: tables.spans, key: heightKey(id), value });
  }

  assurance(assurance: Assurance): void {
    this.set("assurance", utf8(JSON.stringify(assurance)));
  }

  /** Writes one of the named values. */
  set(name: "format" | "genesis" | "head" | "checkpoint" | "assurance" | "indexed", value: Uint8Array): void {
    this.rows.push({ table: tables.chain, key: utf8(name), value });
  }
}

/** The row of a tipset, made where it is not there yet. */
export function rowOf(tipset: LinkedTipset): TipsetRow {
  return tipset.row ?? encodeTipsetRow(tipset);
}

/** Every index key of a row: its blocks' and its key block's. */
export function indexDigests(row: TipsetRow): Uint8Array[] {
  return [...blockDigests(row), digestKey(rowKeyDigest(row))];
}

/** Index keys of a row's blocks. */
export function blockDigests(row: TipsetRow): Uint8Array[] {
  const key = rowKey(row);
  const digests: Uint8Array[] = [];
  for (let at = 6; at < key.length; at += chainCidLength) digests.push(key.subarray(at, at + 16));
  return digests;
}
