import { type CidBytes, chainCidLength } from "./cid.ts";
import { CborError } from "./errors.ts";

const encoder: TextEncoder = new TextEncoder();
const maxUint64 = 2n ** 64n - 1n;
const maxSafe = BigInt(Number.MAX_SAFE_INTEGER);
const maxInt64 = 2n ** 63n - 1n;

/** Up to this many bytes a loop is faster than `set`, which is a call. */
const fewBytes = 48;
/** A link's bytes before the 38 of a chain CID: tag 42, the head of 39 bytes, the multibase byte. */
const chainLinkHead: readonly number[] = [0xd8, 0x2a, 0x58, 0x27, 0x00];

const nowhere = new Uint8Array();
/**
 * A buffer that no writer has, for the next that needs one: making one costs more than writing a message into it. A
 * writer takes it whole at its first write and lays it back when it has finished, so no two ever share it.
 */
let spare: Uint8Array = nowhere;
const largestSpare = 65536;

/**
 * Writes canonical DAG-CBOR item by item; every head takes its shortest form.
 *
 * Cost: one growing buffer, one copy at the end.
 *
 * @example
 * new CborWriter().array(2).uint(1).bytes(Uint8Array.of(0xff)).finish() // => Uint8Array.of(0x82, 0x01, 0x41, 0xff)
 */
export class CborWriter {
  #buffer: Uint8Array = nowhere;
  #length = 0;
  readonly #capacity: number;
  #again = false;

  /** @param capacity bytes to start with at least; the buffer doubles when it is full */
  constructor(capacity = 256) {
    this.#capacity = capacity;
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
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return this.#head(0x00, value);
    return this.#wide(0x00, BigInt(value));
  }

  /** A signed 64-bit integer. @throws {CborError} `cbor/out-of-range` */
  int(value: number | bigint): this {
    if (typeof value === "number" && Number.isSafeInteger(value)) {
      return value >= 0 ? this.#head(0x00, value) : this.#head(0x20, -1 - value);
    }
    const wide = BigInt(value);
    if (wide > maxInt64) throw this.#outOfRange(wide, maxInt64);
    if (wide < -1n - maxInt64) throw this.#outOfRange(wide, -1n - maxInt64);
    return wide >= 0n ? this.#wide(0x00, wide) : this.#wide(0x20, -1n - wide);
  }

  /** A byte string; `first`, where it is given, is a byte that goes before `value`. */
  bytes(value: Uint8Array, first?: number): this {
    if (first === undefined) return this.#head(0x40, value.length).raw(value);
    return this.#head(0x40, value.length + 1)
      .#byte(first)
      .raw(value);
  }

  /** Text in UTF-8. */
  text(value: string): this {
    const bytes = encoder.encode(value);
    return this.#head(0x60, bytes.length).raw(bytes);
  }

  /** A link (tag 42) to a binary CID. */
  link(cid: CidBytes): this {
    if (cid.length === chainCidLength) {
      this.#room(chainLinkHead.length + chainCidLength);
      const buffer = this.#buffer;
      let at = this.#length;
      for (let i = 0; i < chainLinkHead.length; i++) buffer[at++] = chainLinkHead[i] as number;
      for (let i = 0; i < chainCidLength; i++) buffer[at++] = cid[i] as number;
      this.#length = at;
      return this;
    }
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
    const { length } = cbor;
    this.#room(length);
    const buffer = this.#buffer;
    const at = this.#length;
    if (length > fewBytes) buffer.set(cbor, at);
    else for (let i = 0; i < length; i++) buffer[at + i] = cbor[i] as number;
    this.#length = at + length;
    return this;
  }

  /** The bytes from `start` to `end` of others that are CBOR already: `raw` without a view of them. */
  part(cbor: Uint8Array, start: number, end: number): this {
    const length = end - start;
    this.#room(length);
    const buffer = this.#buffer;
    const at = this.#length;
    if (length > 2 * fewBytes) buffer.set(cbor.subarray(start, end), at);
    else for (let i = 0; i < length; i++) buffer[at + i] = cbor[start + i] as number;
    this.#length = at + length;
    return this;
  }

  /** The bytes written, as an array of the caller's own; the writer is empty again and may be reused. */
  finish(): Uint8Array {
    const bytes = this.#buffer.slice(0, this.#length);
    this.#length = 0;
    if (!this.#again && this.#buffer.length > spare.length && this.#buffer.length <= largestSpare) {
      spare = this.#buffer;
      this.#buffer = nowhere;
      this.#again = true; // a writer that is used again keeps its buffer
    }
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
      return this.#head64(major, Math.floor(value / 0x100000000), value >>> 0);
    }
    this.#length = at;
    return this;
  }

  #wide(major: number, value: bigint): this {
    if (value < 0n || value > maxUint64) throw this.#outOfRange(value, value < 0n ? 0n : maxUint64);
    if (value <= maxSafe) return this.#head(major, Number(value));
    return this.#head64(major, Number(value >> 32n), Number(value & 0xffffffffn));
  }

  #head64(major: number, high: number, low: number): this {
    this.#room(9);
    const buffer = this.#buffer;
    let at = this.#length;
    buffer[at++] = major | 27;
    buffer[at++] = high >>> 24;
    buffer[at++] = high >>> 16;
    buffer[at++] = high >>> 8;
    buffer[at++] = high;
    buffer[at++] = low >>> 24;
    buffer[at++] = low >>> 16;
    buffer[at++] = low >>> 8;
    buffer[at++] = low;
    this.#length = at;
    return this;
  }

  #outOfRange(value: bigint, limit: bigint): CborError {
    return new CborError("cbor/out-of-range", { offset: this.#length, value, limit });
  }

  #room(more: number): void {
    if (this.#length + more > this.#buffer.length) this.#grow(this.#length + more);
  }

  #grow(needed: number): void {
    const wanted = Math.max(needed, this.#capacity, this.#buffer.length * 2);
    let grown = spare;
    if (spare.length < wanted) grown = new Uint8Array(wanted);
    else spare = nowhere;
    if (this.#length > 0) grown.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = grown;
  }
}
