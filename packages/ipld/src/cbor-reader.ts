import { isCopseError } from "@copse/primitives";
import { scanItem } from "./cbor-scan.ts";
import { type CidBytes, isChainCid, readCid } from "./cid.ts";
import { CborError } from "./errors.ts";
import { maxArrayLength, maxBytesLength, maxDepth, maxLinkBytes } from "./limits.ts";

const maxInt64 = 2n ** 63n - 1n;
const majors = [
  "an unsigned integer",
  "a negative integer",
  "bytes",
  "text",
  "an array",
  "a map",
  "a tag",
  "a simple value",
];
const utf8: TextDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads canonical DAG-CBOR item by item: shortest heads only, definite lengths only, tag 42 only. As strict as the Go
 * decoder made by cbor-gen, so what is read re-encodes to the same bytes.
 *
 * Cost: no copies; byte strings and links are views of the input. Copy what outlives it.
 *
 * @throws {CborError} every method, with the offset of the head it did not like
 * @see cbor-gen `CborReadHeader`, `ReadCid`, `ReadByteArray`
 * @example
 * const reader = new CborReader(Uint8Array.of(0x82, 0x01, 0x41, 0xff));
 * reader.array(); // => 2
 * reader.safeUint(); // => 1
 * reader.bytes(); // => Uint8Array.of(0xff)
 * reader.end();
 */
export class CborReader {
  readonly source: Uint8Array;
  /** Offset of the next byte. */
  offset: number;
  #major = 0;
  #value = 0;
  /** Set when the value of the last head does not fit a number. */
  #wide: bigint | undefined;
  #at = 0;

  constructor(source: Uint8Array, offset = 0) {
    this.source = source;
    this.offset = offset;
  }

  /** Bytes that are left. */
  get remaining(): number {
    return this.source.length - this.offset;
  }

  /** Major type of the next item (0 to 7), which stays unread. */
  peekMajor(): number {
    const head = this.source[this.offset];
    if (head === undefined) throw this.#cut(1);
    return head >> 5;
  }

  /** Head of an array: the count of its items. `expected` refuses any other count. */
  array(expected?: number, limit: number = maxArrayLength): number {
    const length = this.#length(4, limit);
    if (expected !== undefined && length !== expected) {
      throw new CborError("cbor/wrong-length", { offset: this.#at, length, expected: String(expected) });
    }
    return length;
  }

  /** Head of a map: the count of its pairs. */
  map(limit: number = maxArrayLength): number {
    return this.#length(5, limit);
  }

  /** An unsigned 64-bit integer. */
  uint(): bigint {
    this.#head(0);
    return this.#wide ?? BigInt(this.#value);
  }

  /** An unsigned integer that the protocol keeps below 2^53. */
  safeUint(): number {
    const { source, offset } = this;
    const first = source[offset];
    // nearly all are of one to three bytes
    if (first !== undefined && first < 0x18) {
      this.offset = offset + 1;
      return first;
    }
    if (first === 0x18 && (source[offset + 1] as number) >= 0x18) {
      this.offset = offset + 2;
      return source[offset + 1] as number;
    }
    if (first === 0x19 && offset + 2 < source.length && source[offset + 1] !== 0) {
      this.offset = offset + 3;
      return ((source[offset + 1] as number) << 8) | (source[offset + 2] as number);
    }
    this.#head(0);
    if (this.#wide !== undefined) throw this.#outOfRange(this.#wide);
    return this.#value;
  }

  /** A signed 64-bit integer. */
  int(): bigint {
    this.#headOfInt();
    const value = this.#wide ?? BigInt(this.#value);
    if (value > maxInt64) throw new CborError("cbor/out-of-range", { offset: this.#at, value, limit: maxInt64 });
    return this.#major === 0 ? value : -1n - value;
  }

  /** A signed integer that the protocol keeps within 2^53. */
  safeInt(): number {
    this.#headOfInt();
    if (this.#wide !== undefined) throw this.#outOfRange(this.#wide);
    return this.#major === 0 ? this.#value : -1 - this.#value;
  }

  /** A byte string of at most `limit` bytes: a view. */
  bytes(limit: number = maxBytesLength): Uint8Array {
    return this.#take(this.#length(2, limit));
  }

  /** Text of at most `limit` bytes. */
  text(limit: number = maxArrayLength): string {
    const bytes = this.textBytes(limit);
    try {
      return utf8.decode(bytes);
    } catch (error) {
      throw new CborError("cbor/text-malformed", { offset: this.#at }, { cause: error });
    }
  }

  /** Text as its bytes, which may be no UTF-8 (FIP-0027): a view. */
  textBytes(limit: number = maxArrayLength): Uint8Array {
    return this.#take(this.#length(3, limit));
  }

  /** A link (tag 42): the CID's bytes, a view. */
  link(): CidBytes {
    const { source, offset } = this;
    // nearly all: tag 42, 39 bytes, multibase 0, the chain's form
    if (
      source[offset] === 0xd8 &&
      source[offset + 1] === 42 &&
      source[offset + 2] === 0x58 &&
      source[offset + 3] === 39 &&
      source[offset + 4] === 0 &&
      isChainCid(source, offset + 5) &&
      offset + 43 <= source.length
    ) {
      this.offset = offset + 43;
      return source.subarray(offset + 5, offset + 43);
    }
    this.#head(6);
    const at = this.#at;
    if (this.#value !== 42)
      throw new CborError("cbor/unexpected", { offset: at, found: `tag ${this.#value}`, expected: "tag 42" });
    const bytes = this.bytes(maxLinkBytes);
    if (bytes.length < 2) throw new CborError("cbor/link-malformed", { offset: at, why: `${bytes.length} B` });
    if (bytes[0] !== 0) throw new CborError("cbor/link-malformed", { offset: at, why: `multibase byte ${bytes[0]}` });
    const cid = bytes.subarray(1);
    let end: number;
    try {
      end = readCid(cid).end;
    } catch (error) {
      if (!isCopseError(error, "cid/")) throw error;
      throw new CborError("cbor/link-malformed", { offset: at, why: error.message }, { cause: error });
    }
    if (end !== cid.length)
      throw new CborError("cbor/link-malformed", { offset: at, why: `${cid.length - end} B follow` });
    return cid;
  }

  /** True, and the null is consumed, when the next item is null; else nothing happens. */
  null(): boolean {
    if (this.source[this.offset] !== 0xf6) return false;
    this.offset++;
    return true;
  }

  /** A boolean. */
  bool(): boolean {
    this.#head(7);
    if (this.#value !== 20 && this.#value !== 21) {
      throw new CborError("cbor/unexpected", {
        offset: this.#at,
        found: `simple value ${this.#value}`,
        expected: "a boolean",
      });
    }
    return this.#value === 21;
  }

  /**
   * Passes over one item of any type; gives its bytes, a view. `onLink` gets every link on the way.
   *
   * Bound: {@link maxDepth} levels; lengths only by what is there.
   */
  skip(onLink?: (cid: CidBytes) => void): Uint8Array {
    const { source, offset } = this;
    const tell = onLink && ((at: number, length: number) => onLink(source.subarray(at, at + length)));
    this.offset = scanItem(source, offset, tell, "strict", maxDepth);
    return source.subarray(offset, this.offset);
  }

  /** Refuses bytes after the last item. */
  end(): void {
    if (this.offset !== this.source.length) {
      throw new CborError("cbor/trailing-bytes", { offset: this.offset, extra: this.remaining });
    }
  }

  #take(length: number): Uint8Array {
    const end = this.offset + length;
    if (end > this.source.length) throw this.#cut(length);
    const view = this.source.subarray(this.offset, end);
    this.offset = end;
    return view;
  }

  #length(major: number, limit: number): number {
    this.#head(major);
    const length = this.#wide ?? this.#value;
    if (length > limit) throw new CborError("cbor/too-long", { offset: this.#at, length, limit });
    return this.#value;
  }

  #headOfInt(): void {
    const negative = this.source[this.offset];
    this.#head(negative !== undefined && negative >> 5 === 1 ? 1 : 0);
  }

  /** Reads one head of the given major type into `#value`, or `#wide` past 2^53 - 1. */
  #head(major: number): void {
    const source = this.source;
    const at = this.offset;
    const first = source[at];
    this.#at = at;
    if (first === undefined) throw this.#cut(1);
    if (first >> 5 !== major) {
      const found = first === 0xf6 ? "null" : (majors[first >> 5] ?? "");
      throw new CborError("cbor/unexpected", { offset: at, found, expected: majors[major] ?? "" });
    }
    const low = first & 31;
    this.#major = major;
    this.#wide = undefined;
    if (low < 24) {
      this.#value = low;
      this.offset = at + 1;
      return;
    }
    if (low > 27) throw new CborError("cbor/unsupported", { offset: at, head: first });
    const width = 1 << (low - 24);
    const end = at + 1 + width;
    if (end > source.length) throw this.#cut(1 + width);
    let value = source[at + 1] as number;
    let least = 24; // what the next shorter head cannot hold
    if (low === 25) {
      value = (value << 8) | (source[at + 2] as number);
      least = 0x100;
    } else if (low === 26) {
      value = uint32(source, at + 1);
      least = 0x10000;
    } else if (low === 27) {
      value = uint32(source, at + 1) * 0x100000000 + uint32(source, at + 5);
      least = 0x100000000;
    }
    if (value < least) throw new CborError("cbor/not-minimal", { offset: at });
    this.offset = end;
    this.#value = value;
    if (value > Number.MAX_SAFE_INTEGER) {
      this.#wide = (BigInt(uint32(source, at + 1)) << 32n) | BigInt(uint32(source, at + 5));
    }
  }

  #cut(needed: number): CborError {
    return new CborError("cbor/cut", { offset: this.offset, needed, length: this.source.length });
  }

  #outOfRange(value: bigint): CborError {
    return new CborError("cbor/out-of-range", { offset: this.#at, value, limit: BigInt(Number.MAX_SAFE_INTEGER) });
  }
}

function uint32(source: Uint8Array, at: number): number {
  const low = ((source[at + 1] as number) << 16) | ((source[at + 2] as number) << 8) | (source[at + 3] as number);
  return (source[at] as number) * 0x1000000 + low;
}
