import { invalidModule } from "./invalid.ts";

const utf8Decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * A cursor over a module's bytes that never passes `end`.
 *
 * Integers are LEB128 as the specification bounds them: as many bytes as the width needs, no bits beyond it; padding
 * inside that is accepted. Every method throws `vm/module-invalid` with the offset where it went wrong.
 */
export class ByteReader {
  readonly bytes: Uint8Array;
  at: number;
  end: number;

  constructor(bytes: Uint8Array, at = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  u8(): number {
    if (this.at >= this.end) throw invalidModule(this.at, "ends early");
    return this.bytes[this.at++] as number;
  }

  /** A number of bytes that are there. */
  skip(count: number): void {
    if (count > this.end - this.at) throw invalidModule(this.at, "ends early");
    this.at += count;
  }

  u32(): number {
    let value = this.u8();
    if (value < 0x80) return value;
    value &= 0x7f;
    for (let shift = 7; ; shift += 7) {
      const byte = this.u8();
      if (shift === 28 && byte > 0x0f) throw invalidModule(this.at - 1, "integer too large");
      value = (value | ((byte & 0x7f) << shift)) >>> 0;
      if (byte < 0x80) return value;
    }
  }

  i32(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.u8();
      if (shift === 28 && byte > 0x07 && (byte < 0x78 || byte > 0x7f)) {
        throw invalidModule(this.at - 1, "integer too large");
      }
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return shift < 28 && (byte & 0x40) !== 0 ? value | (-1 << (shift + 7)) : value;
    }
  }

  /** Passes over an i64. */
  skipI64(): void {
    for (let length = 1; ; length++) {
      const byte = this.u8();
      if (length === 10 && byte !== 0x00 && byte !== 0x7f) throw invalidModule(this.at - 1, "integer too large");
      if (byte < 0x80) return;
    }
  }

  i64(): bigint {
    const start = this.at;
    this.skipI64();
    let value = 0n;
    for (let at = start; at < this.at; at++)
      value |= BigInt((this.bytes[at] as number) & 0x7f) << BigInt(7 * (at - start));
    return BigInt.asIntN(
      64,
      ((this.bytes[this.at - 1] as number) & 0x40) !== 0 ? value - (1n << BigInt(7 * (this.at - start))) : value,
    );
  }

  /** A count of things that each take at least `least` bytes, so that a hostile count cannot make a large array. */
  count(least: number, limit: number): number {
    const start = this.at;
    const count = this.u32();
    if (count > limit) throw invalidModule(start, `${count} entries, limit ${limit}`);
    if (count * least > this.end - this.at) throw invalidModule(start, "more entries than bytes");
    return count;
  }

  name(): string {
    const start = this.at;
    const length = this.u32();
    if (length > 100_000) throw invalidModule(start, "a name longer than 100000 B");
    const from = this.at;
    this.skip(length);
    try {
      return utf8Decoder.decode(this.bytes.subarray(from, this.at));
    } catch {
      throw invalidModule(from, "a name that is not UTF-8");
    }
  }
}
