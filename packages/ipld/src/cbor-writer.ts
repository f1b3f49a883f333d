import type { CidBytes } from "./cid.ts";
import { CborError } from "./errors.ts";

const encoder: TextEncoder = new TextEncoder();
const maxUint64 = 2n ** 64n - 1n;

/**
 * Writes canonical DAG-CBOR item by item; every head takes its shortest form.
 *
 * Cost: one growing buffer, one copy at the end.
 *
 * @example
 * new CborWriter().array(2).uint(1).bytes(Uint8Array.of(0xff)).finish() // => Uint8Array.of(0x82, 0x01, 0x41, 0xff)
 */
export class CborWriter {
  #buffer: Uint8Array;
  #length = 0;

  /** @param capacity bytes to start with; the buffer doubles when it is full */
  constructor(capacity = 256) {
    this.#buffer = new Uint8Array(capacity);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** The bytes written so far, and room behind them. What is written next may go on in another buffer. */
  get buffer(): Uint8Array {
    return this.#buffer;
  }

  /** Head of an array of `length` items. */
  array(length: number): this {
    return this.#head(0x80, length);
  }

  /** Head of a map of `length` pairs. Keys must follow in canonical order: shorter first, then by byte. */
  map(length: number): this {
    return this.#head(0xa0, length);
  }

  /** An unsigned 64-bit integer. @throws {CborError} `cbor/out-of-range` */
  uint(value: number | bigint): this {
    if (typeof value === "bigint" || !Number.isSafeInteger(value) || value < 0) return this.#wide(0x00, BigInt(value));
    return this.#head(0x00, value);
  }

  /** A signed 64-bit integer. @throws {CborError} `cbor/out-of-range` */
  int(value: number | bigint): this {
    if (value >= 0) {
      if (BigInt(value) > maxUint64 >> 1n) throw this.#outOfRange(BigInt(value), maxUint64 >> 1n);
      return this.uint(value);
    }
    if (BigInt(value) < -(2n ** 63n)) throw this.#outOfRange(BigInt(value), -(2n ** 63n));
    return this.#wide(0x20, -1n - BigInt(value));
  }

  /** A byte string. */
  bytes(value: Uint8Array): this {
    return this.#head(0x40, value.length).raw(value);
  }

  /** Text in UTF-8. */
  text(value: string): this {
    const bytes = encoder.encode(value);
    return this.#head(0x60, bytes.length).raw(bytes);
  }

  /** A link (tag 42) to a binary CID. */
  link(cid: CidBytes): this {
    this.#head(0xc0, 42).#head(0x40, cid.length + 1);
    this.#room(1);
    this.#buffer[this.#length++] = 0;
    return this.raw(cid);
  }

  /** Null. */
  null(): this {
    return this.#byte(0xf6);
  }

  /** A boolean. */
  bool(value: boolean): this {
    return this.#byte(value ? 0xf5 : 0xf4);
  }

  /** Bytes that are CBOR already. */
  raw(cbor: Uint8Array): this {
    this.#room(cbor.length);
    this.#buffer.set(cbor, this.#length);
    this.#length += cbor.length;
    return this;
  }

  /** The bytes from `start` to `end` of others that are CBOR already: `raw` without a view of them. */
  part(cbor: Uint8Array, start: number, end: number): this {
    const length = end - start;
    this.#room(length);
    const buffer = this.#buffer;
    const at = this.#length;
    if (length > 64) buffer.set(cbor.subarray(start, end), at);
    else for (let i = 0; i < length; i++) buffer[at + i] = cbor[start + i] as number;
    this.#length = at + length;
    return this;
  }

  /** The bytes written, as an array of the caller's own; the writer is empty again and may be reused. */
  finish(): Uint8Array {
    const bytes = this.#buffer.slice(0, this.#length);
    this.#length = 0;
    return bytes;
  }

  #byte(value: number): this {
    this.#room(1);
    this.#buffer[this.#length++] = value;
    return this;
  }

  #head(major: number, value: number): this {
    this.#room(9);
    const buffer = this.#buffer;
    let at = this.#length;
    if (value < 24) {
      buffer[at++] = major | value;
    } else if (value < 0x100) {
      buffer[at++] = major | 24;
      buffer[at++] = value;
    } else if (value < 0x10000) {
      buffer[at++] = major | 25;
      buffer[at++] = value >>> 8;
      buffer[at++] = value;
    } else if (value < 0x100000000) {
      buffer[at++] = major | 26;
      buffer[at++] = value >>> 24;
      buffer[at++] = value >>> 16;
      buffer[at++] = value >>> 8;
      buffer[at++] = value;
    } else {
      return this.#wide(major, BigInt(value));
    }
    this.#length = at;
    return this;
  }

  #wide(major: number, value: bigint): this {
    if (value < 0n || value > maxUint64) throw this.#outOfRange(value, value < 0n ? 0n : maxUint64);
    if (value < 0x100000000n) return this.#head(major, Number(value));
    this.#room(9);
    this.#buffer[this.#length++] = major | 27;
    for (let shift = 56n; shift >= 0n; shift -= 8n) this.#buffer[this.#length++] = Number((value >> shift) & 0xffn);
    return this;
  }

  #outOfRange(value: bigint, limit: bigint): CborError {
    return new CborError("cbor/out-of-range", { offset: this.#length, value, limit });
  }

  #room(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
    grown.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = grown;
  }
}
