import { CborReader, CborWriter } from "@copse/ipld";
import type { Layout } from "./layout.ts";

/** Bytes that several entries share: a block's, or those written together, which the writer still has until one is read. */
export interface Chunk {
  bytes: Uint8Array | undefined;
  readonly writer: CborWriter | undefined;
}

/** A pair of key and value as it stands in CBOR: a list of two, the value from `valueAt`. Both are decoded when asked for. */
export interface Entry<K> {
  key: K | undefined;
  readonly chunk: Chunk;
  readonly at: number;
  readonly valueAt: number;
  readonly end: number;
}

/** Chunks are closed at this size, so that an entry that stays holds on to no more than that. */
const chunkBytes = 1024;

/** The bytes of a chunk, which is closed by that. */
export function bytesOf(chunk: Chunk): Uint8Array {
  chunk.bytes ??= (chunk.writer as CborWriter).finish();
  return chunk.bytes;
}

/** The key of an entry. */
export function keyOf<K>(layout: Layout<K>, entry: Entry<K>): K {
  entry.key ??= layout.keys.decode(new CborReader(bytesOf(entry.chunk), entry.at + 1)); // behind the list's head
  return entry.key;
}

/** The value of an entry. */
export function valueOfEntry<K, V>(layout: Layout<K, V>, entry: Entry<K>): V {
  return layout.values.decode(new CborReader(bytesOf(entry.chunk), entry.valueAt));
}

/** The CBOR of an entry's value, a view. */
export function valueBytes<K>(entry: Entry<K>): Uint8Array {
  return bytesOf(entry.chunk).subarray(entry.valueAt, entry.end);
}

/** Makes entries. Many share a buffer: one each would cost more than the rest of a change. */
export class EntryWriter<K, V> {
  readonly #layout: Layout<K, V>;
  readonly #writer: CborWriter = new CborWriter(2 * chunkBytes);
  #chunk: Chunk;

  constructor(layout: Layout<K, V>) {
    this.#layout = layout;
    this.#chunk = { bytes: undefined, writer: this.#writer };
  }

  /** An entry; the key and the value belong to the caller and are not kept, but for those that cannot change. */
  write(key: K, value: V): Entry<K> {
    if (this.#writer.length >= chunkBytes) bytesOf(this.#chunk);
    if (this.#chunk.bytes !== undefined) this.#chunk = { bytes: undefined, writer: this.#writer };
    const at = this.#writer.length; // what a failing codec left before stays there, and belongs to no entry
    this.#writer.array(2);
    this.#layout.keys.encode(this.#writer, key);
    const valueAt = this.#writer.length;
    this.#layout.values.encode(this.#writer, value);
    const kept = typeof key === "object" ? undefined : key;
    return { key: kept, chunk: this.#chunk, at, valueAt, end: this.#writer.length };
  }
}

/** Reads a pair; the reader stands at its key. The entry is written anew where its bytes are not the ones to be written. */
export function readEntry<K>(reader: CborReader, layout: Layout<K>, chunk: Chunk, at: number): Entry<K> {
  const { keys, values } = layout;
  let isExact = true;
  let key: K | undefined;
  if (keys.check !== undefined) isExact = keys.check(reader);
  else key = keys.decode(reader);
  const valueAt = reader.offset;
  if (values.check === undefined) values.decode(reader);
  else if (!values.check(reader)) isExact = false;
  const entry: Entry<K> = { key, chunk, at, valueAt, end: reader.offset };
  if (isExact) return entry;
  return new EntryWriter(layout).write(keyOf(layout, entry), valueOfEntry(layout, entry));
}
