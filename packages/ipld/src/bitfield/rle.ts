import type { CborReader } from "../cbor-reader.ts";
import type { CborWriter } from "../cbor-writer.ts";
import type { Codec } from "../codec.ts";
import type { BitField, Run } from "./bit-field.ts";
import { type Edge, minus, plus } from "./edges.ts";
import { BitFieldError } from "./errors.ts";
import { RleReader, type RleRules } from "./rle-reader.ts";

const maxEdge = 2n ** 64n - 1n;

/** The longest RLE+ that stands in CBOR on chain. @see ref-fvm:ipld/bitfield/src/lib.rs `MAX_ENCODED_SIZE` */
export const maxEncodedBytes: number = 32 << 10;

/**
 * Reads a field from RLE+.
 *
 * Shape: bits from low to high in each byte. Two bits of version, 0; the first run's bit; then the lengths of runs, whose
 * bits alternate: `1` is 1, `01` and four bits are 2 to 15, `00` and a varint are 16 and more. Zeros at the end are not
 * written, and a last byte of 0 is refused.
 * Cost: one pass. Bound: two edges for each two runs; the chain allows {@link maxEncodedBytes}.
 *
 * @throws {BitFieldError} `bitfield/version-unknown`, `bitfield/not-minimal`, `bitfield/varint-malformed`,
 * `bitfield/overflow`
 * @see ref-fvm:ipld/bitfield/src/rleplus/mod.rs, go-bitfield:rle/rleplus_reader.go
 * @example
 * fromBytes(Uint8Array.of(0x0c)) // => { edges: [0, 1] }
 */
export function fromBytes(bytes: Uint8Array, rules: RleRules = "fvm"): BitField {
  const plain = readPlainEdges(bytes);
  if (plain !== undefined) return { edges: plain };
  const reader = new RleReader(bytes, rules);
  const edges: Edge[] = [];
  let at: Edge = 0;
  for (;;) {
    const isSet = reader.isSet;
    const length = reader.next();
    if (length === 0) return { edges };
    const end = plus(at, length);
    if (end > maxEdge) throw new BitFieldError("bitfield/overflow", { bit: reader.bit });
    if (isSet) edges.push(at, end);
    at = end;
  }
}

/**
 * The edges of bytes in which all is as it should be and no bit is past 2^53 - 1: four times as fast as the reader, which
 * reads the others and tells what is wrong with them. Both rules agree on such bytes.
 */
function readPlainEdges(bytes: Uint8Array): Edge[] | undefined {
  const end = bytes.length - 1;
  if (end < 0) return [];
  const head = bytes[0] as number;
  if ((head & 3) !== 0 || bytes[end] === 0) return undefined;
  const last = 8 * end + 31 - Math.clz32(bytes[end] as number);
  const edges: Edge[] = [];
  let isSet = (head & 4) !== 0;
  let position = 0;
  for (let at = 3; at <= last; ) {
    const byte = at >> 3;
    const window =
      byte + 2 <= end
        ? ((bytes[byte] as number) | ((bytes[byte + 1] as number) << 8) | ((bytes[byte + 2] as number) << 16)) >>
          (at & 7)
        : ((bytes[byte] as number) | ((byte < end ? (bytes[byte + 1] as number) : 0) << 8)) >> (at & 7);
    let length = 1;
    if ((window & 1) === 1) {
      at++;
    } else if ((window & 2) === 2) {
      length = (window >> 2) & 15;
      if (length < 2) return undefined;
      at += 6;
    } else {
      length = (window >> 2) & 0xff;
      at += 10;
      // the last bytes may be cut short, but then they are not more than the window holds
      if (length >= 0x80) {
        let scale = 0x80;
        let next = 0x80;
        for (length &= 0x7f; next >= 0x80; scale *= 0x80) {
          const from = at >> 3;
          next = (((bytes[from] ?? 0) | ((bytes[from + 1] ?? 0) << 8)) >> (at & 7)) & 0xff;
          if (next === 0 || scale >= 2 ** 49) return undefined;
          length += (next & 0x7f) * scale;
          at += 8;
        }
      }
      if (length < 16) return undefined;
    }
    position += length;
    if (isSet) edges.push(position - length, position);
    isSet = !isSet;
  }
  // what ended with unset bits has no edge for them; sums past 2^53 are not exact
  return isSet || position > Number.MAX_SAFE_INTEGER ? undefined : edges;
}

/**
 * The runs of RLE+ bytes, read as they are taken: no field is made. What is malformed is told where it stands, after the
 * runs before it.
 *
 * @throws {BitFieldError} as {@link fromBytes}
 */
export function* runsOfBytes(bytes: Uint8Array, rules: RleRules = "fvm"): Generator<Run, void> {
  const reader = new RleReader(bytes, rules);
  let at: Edge = 0;
  for (;;) {
    const isSet = reader.isSet;
    const length = reader.next();
    if (length === 0) return;
    const end = plus(at, length);
    if (end > maxEdge) throw new BitFieldError("bitfield/overflow", { bit: reader.bit });
    if (isSet) yield { start: BigInt(at), end: BigInt(end) };
    at = end;
  }
}

/**
 * The one RLE+ of a field; the empty field has no bytes.
 *
 * @see ref-fvm:ipld/bitfield/src/rleplus/writer.rs
 * @example
 * toBytes(fromBits([0])) // => Uint8Array.of(0x0c)
 */
export function toBytes({ edges }: BitField): Uint8Array {
  if (edges.length === 0) return new Uint8Array(0);
  const writer = new BitWriter();
  writer.write(edges[0] === 0 ? 4 : 0, 3);
  let at: Edge = 0;
  for (let i = edges[0] === 0 ? 1 : 0; i < edges.length; i++) {
    const edge = edges[i] as Edge;
    writeLength(writer, minus(edge, at));
    at = edge;
  }
  return writer.finish();
}

function writeLength(writer: BitWriter, length: Edge): void {
  if (length < 16) {
    if (length === 1) writer.write(1, 1);
    else writer.write(2 | (Number(length) << 2), 6);
    return;
  }
  writer.write(0, 2);
  let rest = length;
  if (typeof rest === "bigint") {
    for (; rest > 0xffffffffn; rest >>= 7n) writer.write(Number(rest & 0x7fn) | 0x80, 8);
    rest = Number(rest);
  }
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) writer.write((rest % 128) | 0x80, 8);
  writer.write(rest, 8);
}

/** Bits from low to high, at most 8 at a time. */
class BitWriter {
  #bytes: Uint8Array = new Uint8Array(64);
  #length = 0;
  #bits = 0;
  #count = 0;

  write(bits: number, count: number): void {
    this.#bits |= bits << this.#count;
    this.#count += count;
    if (this.#count < 8) return;
    if (this.#length === this.#bytes.length) {
      const grown = new Uint8Array(2 * this.#length);
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes[this.#length++] = this.#bits;
    this.#bits >>= 8;
    this.#count -= 8;
  }

  /** The bytes, without zeros at the end. */
  finish(): Uint8Array {
    if (this.#bits !== 0) this.write(0, 8 - this.#count);
    while (this.#length > 0 && this.#bytes[this.#length - 1] === 0) this.#length--;
    return this.#bytes.slice(0, this.#length);
  }
}

/**
 * A field as it stands in CBOR: a byte string of RLE+, at most {@link maxEncodedBytes} of it.
 *
 * @throws {BitFieldError} as {@link fromBytes}; `bitfield/too-large` when one to be written is
 * @throws {CborError} `cbor/too-long` when one that is read is too large
 */
export const bitFieldCodec: Codec<BitField> = codecOf("fvm");

/** The same by the rules of the actors before the FVM. What is read so may be written in fewer bytes. */
export const goBitFieldCodec: Codec<BitField> = codecOf("go");

function codecOf(rules: RleRules): Codec<BitField> {
  return {
    encode: (writer, field) => bitFieldBytesCodec.encode(writer, toBytes(field)),
    decode: (reader) => fromBytes(reader.bytes(maxEncodedBytes), rules),
  };
}

/**
 * A field in CBOR whose RLE+ is not read yet, so that it may be none: only its size is checked, as the reference does with
 * fields in messages.
 *
 * @throws {BitFieldError} `bitfield/too-large`
 * @throws {CborError} `cbor/too-long`
 * @see ref-fvm:ipld/bitfield/src/unvalidated.rs
 */
export const bitFieldBytesCodec: Codec<Uint8Array> = {
  encode(writer: CborWriter, bytes: Uint8Array): void {
    if (bytes.length > maxEncodedBytes) {
      throw new BitFieldError("bitfield/too-large", { length: bytes.length, limit: maxEncodedBytes });
    }
    writer.bytes(bytes);
  },
  decode: (reader: CborReader) => reader.bytes(maxEncodedBytes).slice(),
};
