import type { Database, Row, Rows } from "@copse/blockstore";
import { blake2b256 } from "@copse/crypto";
import { type CidBytes, chainCidLength, isChainCid } from "@copse/ipld";
import { equalBytes } from "@copse/primitives";
import { TipsetKey } from "@copse/types";
import type { LinkedTipset } from "../link/link-types.ts";
import { skimHeader } from "../link/skim-header.ts";
import { composeTipset } from "./compose-tipset.ts";
import { readStoredMessages, type StoredMessages } from "./messages.ts";
import { digestKey, heightKey, keyHeight, tables } from "./tables.ts";
import { decodeTipsetRow, rowHeaders, rowKey, rowKeyDigest, type TipsetRow } from "./tipset-row.ts";

/** Which tipset stands for a null round: the one before it, the one after it, or none. */
export type NullRound = "previous" | "next" | "none";

/** A stretch of heights, both ends within; none where `from` is above `to`. */
export interface TipsetsRange {
  readonly from?: number;
  readonly to?: number;
  /** Highest first. */
  readonly reverse?: boolean;
}

/**
 * Reads the chain from a database; needs no open store, so any thread with a reader of the database can use it.
 *
 * @example
 * new ChainReader(database).tipsetAt(0)?.height // => 0
 */
export class ChainReader {
  readonly #database: Database;
  readonly #tipsets: Rows;
  readonly #heights: Rows;
  readonly #side: Rows;
  readonly #sideBlocks: Rows;

  constructor(database: Database) {
    this.#database = database;
    this.#tipsets = database.rows(tables.tipsets);
    this.#heights = database.rows(tables.heights);
    this.#side = database.rows(tables.side);
    this.#sideBlocks = database.rows(tables.sideBlocks);
  }

  /** Row of the canonical tipset of exactly this height. */
  rowAt(height: number): TipsetRow | undefined {
    return this.#tipsets.get(heightKey(height));
  }

  /**
   * The canonical tipset at a height; `nulls` says what stands for a null round ("none" unless told). A height nothing
   * is linked across, above the highest tipset or between two spans, is no null round: `undefined`.
   */
  tipsetAt(height: number, nulls: NullRound = "none"): LinkedTipset | undefined {
    if (!Number.isSafeInteger(height) || height < 0) return undefined;
    const row = this.rowAt(height);
    if (row !== undefined) return decodeTipsetRow(row);
    if (nulls === "none") return undefined;
    const after = first(this.#tipsets.range({ gte: heightKey(height), limit: 1 }));
    const before = first(this.#tipsets.range({ lt: heightKey(height), reverse: true, limit: 1 }));
    const child = after && decodeTipsetRow(after);
    if (child === undefined || before === undefined || !equalBytes(child.parents, rowKey(before))) return undefined;
    return nulls === "next" ? child : decodeTipsetRow(before);
  }

  /** A tipset by its key, canonical or not, also where only its blocks are known, from other tipsets. */
  tipset(key: TipsetKey): LinkedTipset | undefined {
    const row = this.row(key);
    return row === undefined ? composeTipset(key, (cid) => this.headerBytes(cid)) : decodeTipsetRow(row);
  }

  /** A tipset by the CID of its key block: an Ethereum block hash, or a tipset F3 certifies. */
  tipsetByKeyCid(cid: CidBytes): LinkedTipset | undefined {
    const row = cid.length === chainCidLength && isChainCid(cid) ? this.#rowOfDigest(cid.subarray(6)) : undefined;
    return row && decodeTipsetRow(row);
  }

  /** True when the key is that of the canonical tipset of its height. */
  isCanonical(key: TipsetKey): boolean {
    return this.canonicalRow(key) !== undefined;
  }

  /** Row by key, canonical or not. */
  row(key: TipsetKey): TipsetRow | undefined {
    if (key.length === 0 || key.length % chainCidLength !== 0) return undefined;
    return this.canonicalRow(key) ?? this.#matching(this.#side.get(digestKey(blake2b256(TipsetKey.encode(key)))), key);
  }

  /** Row by key, canonical only. */
  canonicalRow(key: TipsetKey): TipsetRow | undefined {
    return this.#matching(this.#canonicalRowOf(key.subarray(6, 38)), key);
  }

  /**
   * The canonical tipsets of a stretch of heights, one at a time: memory is bounded whatever its length.
   */
  *tipsets(range: TipsetsRange = {}): Generator<LinkedTipset> {
    for (const row of this.rows(range)) yield decodeTipsetRow(row);
  }

  /** The rows of {@link tipsets}. */
  *rows(range: TipsetsRange = {}): Generator<TipsetRow> {
    for (const [, row] of this.entries(range)) yield row;
  }

  /** The rows of {@link tipsets} with their heights, which are not read from headers. */
  *entries(range: TipsetsRange = {}): Generator<readonly [height: number, row: TipsetRow]> {
    const { from = 0, to = Number.MAX_SAFE_INTEGER, reverse = false } = range;
    const low = Math.max(0, from);
    const high = Math.min(to + 1, 2 ** 48 - 1);
    if (high <= low) return;
    for (const [key, row] of this.#tipsets.range({ gte: heightKey(low), lt: heightKey(high), reverse })) {
      yield [keyHeight(key), row];
    }
  }

  /**
   * Tipsets from a key towards genesis, newest first, as far as they are linked here: what chain exchange serves. The
   * headers are views of stored bytes.
   */
  *ancestors(key: TipsetKey): Generator<LinkedTipset> {
    let wanted = key;
    for (;;) {
      const tipset = this.tipset(wanted);
      if (tipset === undefined) return;
      yield tipset;
      wanted = tipset.parents;
      if (!this.isCanonical(tipset.key)) continue;
      // once on the canonical chain, one range follows it down
      for (const below of this.rows({ from: 0, to: tipset.height - 1, reverse: true })) {
        if (!equalBytes(rowKey(below), wanted)) break; // a gap between spans
        const next = decodeTipsetRow(below);
        yield next;
        wanted = next.parents;
      }
      return;
    }
  }

  /** Bytes of a header, of a tipset on the canonical chain or beside it. */
  headerBytes(cid: CidBytes): Uint8Array | undefined {
    if (cid.length !== chainCidLength || !isChainCid(cid)) return undefined;
    const digest = cid.subarray(6);
    const canonical = this.#canonicalRowOf(digest);
    const found = canonical && headerOf(canonical, digest);
    if (found !== undefined) return found;
    const name = this.#sideBlocks.get(digestKey(digest));
    const row = name && this.#side.get(name);
    return row && headerOf(row, digest);
  }

  /** Height of the canonical tipset that holds this block. */
  canonicalHeight(cid: CidBytes): number | undefined {
    const row = cid.length === chainCidLength ? this.#canonicalRowOf(cid.subarray(6)) : undefined;
    return row && headerOf(row, cid.subarray(6)) && decodeTipsetRow(row).height;
  }

  /**
   * Any block by its CID: headers, key blocks, and what the database holds beside them (messages, trees). A reader for
   * trees and bitswap.
   */
  getSync(cid: CidBytes): Uint8Array | undefined {
    if (cid.length === chainCidLength && isChainCid(cid)) {
      const header = this.headerBytes(cid);
      if (header !== undefined) return header;
      const row = this.#rowOfDigest(cid.subarray(6));
      if (row !== undefined) return TipsetKey.encode(rowKey(row));
    }
    return this.#database.blocks.getSync(cid);
  }

  /** The messages of a block, given its header's bytes; `undefined` where some are not stored. */
  messages(header: Uint8Array): StoredMessages | undefined {
    const { messagesAt, messagesEnd } = skimHeader(header);
    return readStoredMessages(this.#database.blocks, header.subarray(messagesAt, messagesEnd));
  }

  #canonicalRowOf(digest: Uint8Array): TipsetRow | undefined {
    const height = this.#heights.get(digestKey(digest));
    return height && this.rowAt(keyHeight(height));
  }

  #rowOfDigest(digest: Uint8Array): TipsetRow | undefined {
    const canonical = this.#canonicalRowOf(digest);
    if (canonical !== undefined && equalBytes(rowKeyDigest(canonical), digest)) return canonical;
    const side = this.#side.get(digestKey(digest));
    return side !== undefined && equalBytes(rowKeyDigest(side), digest) ? side : undefined;
  }

  #matching(row: TipsetRow | undefined, key: TipsetKey): TipsetRow | undefined {
    return row !== undefined && equalBytes(rowKey(row), key) ? row : undefined;
  }
}

function first(rows: Iterable<Row>): TipsetRow | undefined {
  for (const [, row] of rows) return row;
  return undefined;
}

function headerOf(row: TipsetRow, digest: Uint8Array): Uint8Array | undefined {
  const key = rowKey(row);
  for (let at = 6, i = 0; at < key.length; at += chainCidLength, i++) {
    if (equalBytes(key.subarray(at, at + 32), digest)) return rowHeaders(row)[i];
  }
  return undefined;
}
