import { CborReader, type Codec } from "@copse/ipld";
import { headLength, itemEnd, lengthAt } from "./bucket.ts";
import { type KeyCodec, keyOfBytes } from "./keys.ts";
import type { HamtNode } from "./node.ts";

/** Reads entries of buckets, one after another. The nodes' bytes stay as they are, so codecs may keep views of them. */
export class EntryReader<V, K> {
  readonly #codec: Codec<V>;
  readonly #keys: KeyCodec<K> | undefined;
  #reader: CborReader = new CborReader(nothing);
  #next = 0;
  #left = 0;
  #end = 0;
  #bytes: Uint8Array = nothing;
  /** Where the key and the value of the entry at hand are. */
  keyStart = 0;
  keyEnd = 0;
  valueEnd = 0;
  /** Keys that are lent: one array a length. */
  readonly #lent: Uint8Array[] = [];

  constructor(codec: Codec<V>, keys: KeyCodec<K> | undefined) {
    this.#codec = codec;
    this.#keys = keys;
  }

  /** Goes to a bucket, before its first entry. */
  open(node: HamtNode, start: number, end: number): void {
    const { bytes } = node;
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#reader = new CborReader(bytes);
    }
    this.#left = (bytes[start] as number) & 31;
    this.#next = start + 1;
    this.#end = end;
  }

  /** Goes to the next entry of the bucket; false at its end. */
  advance(): boolean {
    if (this.#left === 0) return false;
    const bytes = this.#bytes;
    const at = this.#next + 1;
    const head = bytes[at] as number;
    // nearly all keys are short
    const length = head < 0x58 ? head & 31 : lengthAt(bytes, at);
    this.keyStart = at + (head < 0x58 ? 1 : headLength(length));
    this.keyEnd = this.keyStart + length;
    this.valueEnd = --this.#left === 0 ? this.#end : itemEnd(bytes, this.keyEnd);
    this.#next = this.valueEnd;
    return true;
  }

  /** The key at hand. */
  key(): K {
    return keyOfBytes(this.#keys, this.#bytes.slice(this.keyStart, this.keyEnd));
  }

  /** The key at hand, good until the next one where keys are bytes. */
  lentKey(): K {
    const length = this.keyEnd - this.keyStart;
    if (this.#keys !== undefined || length > 64) return this.key();
    let key = this.#lent[length];
    if (key === undefined) key = this.#lent[length] = new Uint8Array(length);
    for (let i = 0; i < length; i++) key[i] = this.#bytes[this.keyStart + i] as number;
    return key as K;
  }

  /** The value at hand. */
  value(): V {
    const reader = this.#reader;
    reader.offset = this.keyEnd;
    const value = this.#codec.decode(reader);
    if (reader.offset !== this.valueEnd) return alone(this.#codec, this.#bytes, this.keyEnd, this.valueEnd);
    return value;
  }
}

const nothing: Uint8Array = new Uint8Array(0);

/** The value that stands between two offsets, and no more. */
export function decodeAt<V>(codec: Codec<V>, bytes: Uint8Array, start: number, end: number): V {
  const reader = new CborReader(bytes, start);
  const value = codec.decode(reader);
  return reader.offset === end ? value : alone(codec, bytes, start, end);
}

/** A codec that reads less, or past its own, is told as if its value stood alone. */
export function alone<V>(codec: Codec<V>, bytes: Uint8Array, start: number, end: number): V {
  const reader = new CborReader(bytes.subarray(start, end));
  const value = codec.decode(reader);
  reader.end();
  return value;
}
