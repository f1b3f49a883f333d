import { CborError, CborReader, type Codec } from "@copse/ipld";
import { endOf, type Span, startOf } from "./span.ts";

/** Decodes values where they stand in bytes that many share. */
export class ValueReader<V> {
  readonly #codec: Codec<V>;
  /** The reader of the bytes that were read last, of which there mostly are more to read. */
  #reader: CborReader | undefined;

  constructor(codec: Codec<V>) {
    this.#codec = codec;
  }

  /** The value of a span in a leaf over `source`. @throws {CborError} as {@link ValueReader.read} */
  at(source: Uint8Array, span: Span): V {
    if (typeof span === "number") return this.read(source, startOf(span), endOf(span));
    return this.read(span.bytes, span.start, span.end);
  }

  /**
   * The value whose CBOR, one item, is a span of bytes.
   *
   * @throws {CborError} what the codec throws; `cbor/trailing-bytes`, `cbor/cut` when it reads another span
   */
  read(source: Uint8Array, start: number, end: number): V {
    let reader = this.#reader;
    if (reader === undefined || reader.source !== source) reader = new CborReader(source, start);
    else reader.offset = start;
    this.#reader = undefined; // a codec may come back here
    const value = this.#codec.decode(reader);
    const { offset } = reader;
    if (offset < end) throw new CborError("cbor/trailing-bytes", { offset, extra: end - offset });
    if (offset > end) throw new CborError("cbor/cut", { offset: end, needed: offset - end, length: end });
    this.#reader = reader;
    return value;
  }
}
