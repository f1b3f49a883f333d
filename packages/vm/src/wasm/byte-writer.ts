import { utf8 } from "@copse/primitives";

/** A growing buffer of module bytes. All integers are written in their shortest form, as the reference's encoders do. */
export class ByteWriter {
  bytes: Uint8Array;
  length = 0;

  constructor(capacity = 1024) {
    this.bytes = new Uint8Array(capacity);
  }

  /** Makes room for `more` bytes. */
  reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.length + more));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  u8(value: number): void {
    if (this.length === this.bytes.length) this.reserve(1);
    this.bytes[this.length++] = value;
  }

  u32(value: number): void {
    this.reserve(5);
    let rest = value;
    while (rest >= 0x80) {
      this.bytes[this.length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.bytes[this.length++] = rest;
  }

  i32(value: number): void {
    this.reserve(5);
    let rest = value;
    while (rest < -0x40 || rest >= 0x40) {
      this.bytes[this.length++] = (rest & 0x7f) | 0x80;
      rest >>= 7;
    }
    this.bytes[this.length++] = rest & 0x7f;
  }

  /** An i64 from its two unsigned halves. */
  i64(low: number, high: number): void {
    this.reserve(10);
    let lo = low | 0;
    let hi = high | 0;
    for (;;) {
      const byte = lo & 0x7f;
      lo = (lo >>> 7) | (hi << 25);
      hi >>= 7;
      const isDone = byte < 0x40 ? lo === 0 && hi === 0 : lo === -1 && hi === -1;
      this.bytes[this.length++] = isDone ? byte : byte | 0x80;
      if (isDone) return;
    }
  }

  /** `from[start, end)`. Short runs are copied by hand: `set` has a fixed cost many times that of a byte. */
  range(from: Uint8Array, start: number, end: number): void {
    const size = end - start;
    if (size <= 0) return;
    this.reserve(size);
    if (size > 48) this.bytes.set(from.subarray(start, end), this.length);
    else for (let at = 0; at < size; at++) this.bytes[this.length + at] = from[start + at] as number;
    this.length += size;
  }

  all(from: Uint8Array): void {
    this.range(from, 0, from.length);
  }

  name(text: string): void {
    const encoded = utf8(text);
    this.u32(encoded.length);
    this.all(encoded);
  }

  /** A section, its size before its payload. */
  section(id: number, payload: ByteWriter): void {
    this.u8(id);
    this.u32(payload.length);
    this.range(payload.bytes, 0, payload.length);
  }

  finish(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }
}
