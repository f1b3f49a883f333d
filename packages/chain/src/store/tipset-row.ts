import { blake2b256 } from "@copse/crypto";
import { chainCidLength } from "@copse/ipld";
import { TipsetKey } from "@copse/types";
import type { LinkedRun } from "../link/link-run.ts";
import type { LinkedTipset } from "../link/link-types.ts";
import { parentsKey } from "../link/parents-key.ts";
import { skimHeader } from "../link/skim-header.ts";

/**
 * One tipset as the store holds it: all that serving and following need, in one value.
 *
 * Shape: `version 1 | block count | log2 of power (255: unknown) | win count (255: or more) | digest of the key block (32) | key (38 a
 * block) | length of each header (u32 BE) | the headers`. Size: about 1.1 KB a block.
 */
export type TipsetRow = Uint8Array;

const version = 1;
const unknownPower = 255;
const mostWins = 255;
const keyAt = 36;

/**
 * Writes the row of a linked tipset. Cost: one hash (of the key) and one copy of the headers.
 *
 * @param into where to write; a new array unless given
 * @example
 * decodeTipsetRow(encodeTipsetRow(tipset)).height // => tipset.height
 */
export function encodeTipsetRow(tipset: LinkedTipset, into?: Uint8Array): TipsetRow {
  const { key, headers } = tipset;
  const row = into ?? new Uint8Array(tipsetRowLength(tipset));
  row[0] = version;
  row[1] = headers.length;
  row[2] = tipset.log2Power < 0 ? unknownPower : tipset.log2Power;
  row[3] = Math.min(mostWins, tipset.winCount);
  row.set(blake2b256(TipsetKey.encode(key)), 4);
  row.set(key, keyAt);
  let lengthAt = keyAt + key.length;
  let at = lengthAt + 4 * headers.length;
  for (const header of headers) {
    row[lengthAt++] = header.length >>> 24;
    row[lengthAt++] = header.length >>> 16;
    row[lengthAt++] = header.length >>> 8;
    row[lengthAt++] = header.length;
    row.set(header, at);
    at += header.length;
  }
  return row;
}

/** Bytes {@link encodeTipsetRow} needs. */
export function tipsetRowLength(tipset: LinkedTipset): number {
  let length = keyAt + tipset.key.length + 4 * tipset.headers.length;
  for (const header of tipset.headers) length += header.length;
  return length;
}

/**
 * Reads a row back. Cost: one header skimmed, no copies: headers and key are views.
 *
 * @example
 * decodeTipsetRow(row).headers.length // => number of blocks
 */
export function decodeTipsetRow(row: TipsetRow): LinkedTipset {
  const headers = rowHeaders(row);
  const skim = skimHeader(headers[0] as Uint8Array);
  return {
    key: rowKey(row),
    parents: skim.height === 0 ? TipsetKey.empty : parentsKey(skim),
    height: skim.height,
    timestamp: skim.timestamp,
    parentWeight: skim.parentWeight,
    winCount: rowWins(row, headers),
    log2Power: rowPower(row),
    headers,
    row,
  };
}

/** Past what a byte holds the headers say it: 17 blocks of 15 wins are as many, and nobody won so many ever. */
function rowWins(row: TipsetRow, headers: readonly Uint8Array[]): number {
  const wins = row[3] as number;
  return wins < mostWins ? wins : headers.reduce((sum, header) => sum + skimHeader(header).winCount, 0);
}

/** The tipset's key: a view. */
export function rowKey(row: TipsetRow): TipsetKey {
  return row.subarray(keyAt, keyAt + (row[1] as number) * chainCidLength) as TipsetKey;
}

/** Digest of the tipset's key block: a view. */
export function rowKeyDigest(row: TipsetRow): Uint8Array {
  return row.subarray(4, 36);
}

/** log2 of power, or -1. */
export function rowPower(row: TipsetRow): number {
  return row[2] === unknownPower ? -1 : (row[2] as number);
}

/** The row with log2 of power set: a copy. */
export function withPower(row: TipsetRow, log2Power: number): TipsetRow {
  const copy = row.slice();
  copy[2] = log2Power < 0 ? unknownPower : log2Power;
  return copy;
}

/** The headers in canonical order: views. */
export function rowHeaders(row: TipsetRow): Uint8Array[] {
  const count = row[1] as number;
  const lengths = new DataView(row.buffer, row.byteOffset + keyAt + count * chainCidLength, count * 4);
  const headers: Uint8Array[] = [];
  for (let i = 0, at = keyAt + count * (chainCidLength + 4); i < count; i++) {
    const end = at + lengths.getUint32(4 * i);
    headers.push(row.subarray(at, end));
    at = end;
  }
  return headers;
}

/**
 * Lays the rows of a run into one buffer, which can be transferred to the thread that stores them. The headers of the
 * result are views of it.
 *
 * @example
 * const { run, buffer } = packRun(linkRun(target, window, rules));
 * port.postMessage(run, [buffer]);
 */
export function packRun(run: LinkedRun): { readonly run: LinkedRun; readonly buffer: ArrayBuffer } {
  let length = 0;
  for (const tipset of run.linked) length += tipsetRowLength(tipset);
  const buffer = new ArrayBuffer(length);
  let at = 0;
  const linked = run.linked.map((tipset): LinkedTipset => {
    const row = new Uint8Array(buffer, at, tipsetRowLength(tipset));
    at += row.length;
    encodeTipsetRow(tipset, row);
    return { ...tipset, key: rowKey(row), headers: rowHeaders(row), row };
  });
  return { run: { ...run, linked }, buffer };
}
