import { encodeUvarint, readUvarint } from "@copse/primitives";
import { NetworkError } from "./errors.ts";

/**
 * Writes protobuf fields, in the order called. Only what bitswap needs: varints and length-delimited fields.
 *
 * @see protobuf.dev/programming-guides/encoding
 */
export class ProtobufWriter {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  /** Wire type 0. */
  uint(field: number, value: number): this {
    return this.#add(Uint8Array.of(field << 3)).#add(encodeUvarint(value));
  }

  /** Wire type 2: bytes, text, or a message within. */
  bytes(field: number, value: Uint8Array): this {
    return this.#add(Uint8Array.of((field << 3) | 2))
      .#add(encodeUvarint(value.length))
      .#add(value);
  }

  finish(): Uint8Array {
    const joined = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      joined.set(part, at);
      at += part.length;
    }
    return joined;
  }

  #add(part: Uint8Array): this {
    this.#parts.push(part);
    this.#length += part.length;
    return this;
  }
}

/** Reads protobuf fields one by one: `while (reader.next()) …`, where each field is read or skipped. */
export class ProtobufReader {
  readonly #source: Uint8Array;
  #at = 0;
  #field = 0;
  #wire = 0;

  constructor(source: Uint8Array) {
    this.#source = source;
  }

  /** Reads the key of the next field; false at the end. */
  next(): boolean {
    if (this.#at === this.#source.length) return false;
    const key = this.#varint();
    this.#field = Number(key >> 3n);
    this.#wire = Number(key & 7n);
    if (this.#field === 0) throw this.#malformed("field 0");
    return true;
  }

  /** Whether the current field has this number and wire type. */
  is(field: number, wire: number): boolean {
    return this.#field === field && this.#wire === wire;
  }

  /** A varint; past 2^53 it loses precision, which no field here has a use for. */
  uint(): number {
    return Number(this.#varint());
  }

  /** A length-delimited field: a view. */
  bytes(): Uint8Array {
    const length = this.#varint();
    if (length > BigInt(this.#source.length - this.#at))
      throw this.#malformed(`field of ${length} B runs past the end`);
    const start = this.#at;
    this.#at += Number(length);
    return this.#source.subarray(start, this.#at);
  }

  /** The message in a length-delimited field. */
  message(): ProtobufReader {
    return new ProtobufReader(this.bytes());
  }

  /** Passes over the current field. */
  skip(): void {
    if (this.#wire === 0) this.#varint();
    else if (this.#wire === 2) this.bytes();
    else if (this.#wire === 1 || this.#wire === 5) {
      this.#at += this.#wire === 1 ? 8 : 4;
      if (this.#at > this.#source.length) throw this.#malformed("fixed field runs past the end");
    } else throw this.#malformed(`wire type ${this.#wire}`);
  }

  #varint(): bigint {
    const { value, end } = readUvarint(this.#source, this.#at);
    this.#at = end;
    return value;
  }

  #malformed(reason: string): NetworkError {
    const what = `protobuf before byte ${this.#at}`;
    return new NetworkError("network/message-malformed", { protocol: "protobuf", what, reason });
  }
}
