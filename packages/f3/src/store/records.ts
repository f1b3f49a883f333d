import { CborReader, CborWriter } from "@copse/ipld";
import { equalBytes, isCopseError } from "@copse/primitives";
import { F3StoreError } from "./errors.ts";

/** The instances from `from` on are kept in this generation of rows: a put goes on with one, each import makes its own. */
export interface Segment {
  readonly from: number;
  readonly generation: number;
}

/** What a store with certificates holds. */
export interface StoreState {
  readonly networkName: string;
  readonly first: number;
  /** The network's committee lookback, by which the certificates were verified. */
  readonly lookback: number;
  readonly latest: number;
  /** Ascending; the first starts at `first`. */
  readonly segments: readonly Segment[];
}

/** How far an import has come. Its rows are invisible until it ends. */
export interface ImportState {
  /** Of the store it goes into: rows verified under another root count for nothing. */
  readonly networkName: string;
  readonly first: number;
  readonly lookback: number;
  /** CID of the initial power table, its bytes. */
  readonly initialTable: Uint8Array;
  readonly generation: number;
  /** Certificates from `from` to before `next` are verified and there. */
  readonly from: number;
  readonly next: number;
  /** The generation has no rows of this instance or later ones. */
  readonly end: number;
}

/** Most segments, so most imports that made a store longer. */
export const mostSegments = 8192;
const version = 1;
/** Longest name of a network, in UTF-8. */
export const mostNameBytes = 256;
/** Largest committee lookback of a network; all of them have 10. */
export const mostLookback = 1000;
const mostRowBytes = 1 << 20;
const mostGeneration = 0xffff_ffff;

/** Shape: CBOR array(6): version, network name, first instance, lookback, latest instance, array of segments as array(2). */
export function encodeState(state: StoreState): Uint8Array {
  const writer = new CborWriter();
  writer.array(6).uint(version).text(state.networkName).uint(state.first).uint(state.lookback).uint(state.latest);
  writer.array(state.segments.length);
  for (const { from, generation } of state.segments) writer.array(2).uint(from).uint(generation);
  return writer.finish();
}

/** @throws {F3StoreError} `f3/store-corrupt`, `f3/store-version-unknown` */
export function decodeState(bytes: Uint8Array): StoreState {
  return decodeRow("/state", bytes, (reader) => {
    reader.array(6);
    readVersion(reader);
    const networkName = readName(reader);
    const [first, lookback, latest] = [reader.safeUint(), readLookback(reader), reader.safeUint()];
    const count = reader.array(undefined, mostSegments);
    const segments: Segment[] = [];
    for (let i = 0; i < count; i++) {
      reader.array(2);
      const segment = { from: reader.safeUint(), generation: readGeneration(reader) };
      const least = i === 0 ? first : (segments[i - 1] as Segment).from + 1;
      if (segment.from < least || segment.from > latest || (i === 0 && segment.from !== first)) {
        throw corrupt("/state", `segment ${i} starts at ${segment.from}, from ${first} to ${latest} was meant`);
      }
      segments.push(segment);
    }
    if (count === 0) throw corrupt("/state", "it has no segments");
    return { networkName, first, lookback, latest, segments };
  });
}

/** Shape: CBOR array(9): version, network name, first instance, lookback, table CID as bytes, generation, from, next, end. */
export function encodeImport(state: ImportState): Uint8Array {
  const writer = new CborWriter();
  writer.array(9).uint(version).text(state.networkName).uint(state.first).uint(state.lookback);
  writer.bytes(state.initialTable);
  return writer.uint(state.generation).uint(state.from).uint(state.next).uint(state.end).finish();
}

/** @throws {F3StoreError} `f3/store-corrupt`, `f3/store-version-unknown` */
export function decodeImport(bytes: Uint8Array): ImportState {
  return decodeRow("/import", bytes, (reader) => {
    reader.array(9);
    readVersion(reader);
    const networkName = readName(reader);
    const [first, lookback] = [reader.safeUint(), readLookback(reader)];
    const initialTable = Uint8Array.from(reader.bytes(64));
    const generation = readGeneration(reader);
    const [from, next, end] = [reader.safeUint(), reader.safeUint(), reader.safeUint()];
    if (from < first || next < from || end < next) {
      throw corrupt("/import", `from ${from} to before ${next}, rows to before ${end}, first is ${first}`);
    }
    return { networkName, first, lookback, initialTable, generation, from, next, end };
  });
}

/** Whether two states are written as the same bytes. */
export function isSameState(stored: Uint8Array | undefined, state: StoreState | undefined): boolean {
  if (stored === undefined || state === undefined) return stored === undefined && state === undefined;
  return equalBytes(stored, encodeState(state));
}

function decodeRow<T>(row: string, bytes: Uint8Array, read: (reader: CborReader) => T): T {
  if (bytes.length > mostRowBytes) throw corrupt(row, `${bytes.length} B, limit ${mostRowBytes} B`);
  try {
    const reader = new CborReader(bytes);
    const value = read(reader);
    reader.end();
    return value;
  } catch (error) {
    if (!isCopseError(error, "cbor/")) throw error;
    throw corrupt(row, error.message, error);
  }
}

function readVersion(reader: CborReader): void {
  const found = reader.safeUint();
  if (found !== version) throw new F3StoreError("f3/store-version-unknown", { version: found, known: version });
}

function readName(reader: CborReader): string {
  return reader.text(mostNameBytes);
}

function readLookback(reader: CborReader): number {
  const lookback = reader.safeUint();
  if (lookback > mostLookback) throw corrupt("/state", `lookback ${lookback}, limit ${mostLookback}`);
  return lookback;
}

function readGeneration(reader: CborReader): number {
  const generation = reader.safeUint();
  if (generation > mostGeneration) throw corrupt("/state", `generation ${generation}, limit ${mostGeneration}`);
  return generation;
}

function corrupt(row: string, why: string, cause?: unknown): F3StoreError {
  return new F3StoreError("f3/store-corrupt", { row, instance: undefined, why }, { cause });
}
