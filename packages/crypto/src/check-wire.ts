import { CryptoError } from "./errors.ts";
import type { SignatureCheck } from "./signature-check.ts";

/*
 * How checks cross to a worker: one buffer that is transferred, not objects that are cloned. A structured clone of a
 * view copies the whole buffer under it, which may be a chunk of a file.
 *
 *   u32 count, then for each check
 *   u8 kind   0 bls, 1 bls-aggregate, 2 secp256k1, 3 chained beacon, 4 unchained beacon
 *   kind 0    bytes publicKey, bytes message, bytes signature
 *   kind 1    u32 keys, bytes each; u32 messages, bytes each; bytes signature
 *   kind 2    bytes digest, bytes signature, u8 which (1 addressHash20, 2 publicKey), bytes of those
 *   kind 3, 4 f64 round, bytes publicKey, bytes signature, u8 whether there is a previous, bytes previous
 *   bytes     u32 length, the bytes; numbers are little-endian
 */

/** Writes checks in one new buffer. */
export function encodeChecks(checks: readonly SignatureCheck[]): Uint8Array<ArrayBuffer> {
  const writer = new Writer(checks.reduce((size, check) => size + sizeOf(check), 4));
  writer.u32(checks.length);
  for (const check of checks) {
    switch (check.kind) {
      case "bls":
        writer.u8(0).bytes(check.publicKey).bytes(check.message).bytes(check.signature);
        break;
      case "bls-aggregate":
        writer.u8(1).list(check.publicKeys).list(check.messages).bytes(check.signature);
        break;
      case "secp256k1":
        writer.u8(2).bytes(check.digest).bytes(check.signature);
        writer.u8((check.addressHash20 === undefined ? 0 : 1) | (check.publicKey === undefined ? 0 : 2));
        if (check.addressHash20 !== undefined) writer.bytes(check.addressHash20);
        if (check.publicKey !== undefined) writer.bytes(check.publicKey);
        break;
      case "beacon":
        writer.u8(check.scheme === "chained" ? 3 : 4).f64(check.round);
        writer
          .bytes(check.publicKey)
          .bytes(check.signature)
          .u8(check.previous === undefined ? 0 : 1);
        if (check.previous !== undefined) writer.bytes(check.previous);
        break;
    }
  }
  return writer.done;
}

/**
 * Reads what {@link encodeChecks} wrote; the byte strings are views of `bytes`.
 *
 * @throws {CryptoError} `crypto/checks-malformed`
 */
export function decodeChecks(bytes: Uint8Array): SignatureCheck[] {
  const reader = new Reader(bytes);
  const checks: SignatureCheck[] = [];
  for (let left = reader.u32(); left > 0; left--) checks.push(readCheck(reader));
  reader.end();
  return checks;
}

function readCheck(reader: Reader): SignatureCheck {
  const kind = reader.u8();
  switch (kind) {
    case 0:
      return { kind: "bls", publicKey: reader.bytes(), message: reader.bytes(), signature: reader.bytes() };
    case 1:
      return { kind: "bls-aggregate", publicKeys: reader.list(), messages: reader.list(), signature: reader.bytes() };
    case 2: {
      const [digest, signature, which] = [reader.bytes(), reader.bytes(), reader.u8()];
      if (which > 3) throw reader.malformed();
      const addressHash20 = (which & 1) === 0 ? undefined : reader.bytes();
      const publicKey = (which & 2) === 0 ? undefined : reader.bytes();
      return { kind: "secp256k1", digest, signature, addressHash20, publicKey };
    }
    case 3:
    case 4: {
      const [round, publicKey, signature, more] = [reader.f64(), reader.bytes(), reader.bytes(), reader.u8()];
      if (more > 1) throw reader.malformed();
      const previous = more === 0 ? undefined : reader.bytes();
      return { kind: "beacon", scheme: kind === 3 ? "chained" : "unchained", publicKey, round, signature, previous };
    }
    default:
      throw reader.malformed();
  }
}

function sizeOf(check: SignatureCheck): number {
  const list = (items: readonly Uint8Array[]): number => items.reduce((size, item) => size + 4 + item.length, 4);
  switch (check.kind) {
    case "bls":
      return 1 + 12 + check.publicKey.length + check.message.length + check.signature.length;
    case "bls-aggregate":
      return 1 + list(check.publicKeys) + list(check.messages) + 4 + check.signature.length;
    case "secp256k1": {
      const hash = check.addressHash20 === undefined ? 0 : 4 + check.addressHash20.length;
      const key = check.publicKey === undefined ? 0 : 4 + check.publicKey.length;
      return 1 + 8 + check.digest.length + check.signature.length + 1 + hash + key;
    }
    case "beacon": {
      const previous = check.previous === undefined ? 0 : 4 + check.previous.length;
      return 1 + 8 + 8 + check.publicKey.length + check.signature.length + 1 + previous;
    }
  }
}

class Writer {
  readonly done: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  #at = 0;

  constructor(size: number) {
    this.done = new Uint8Array(size);
    this.#view = new DataView(this.done.buffer);
  }

  u8(value: number): this {
    this.done[this.#at++] = value;
    return this;
  }

  u32(value: number): this {
    this.#view.setUint32(this.#at, value, true);
    this.#at += 4;
    return this;
  }

  f64(value: number): this {
    this.#view.setFloat64(this.#at, value, true);
    this.#at += 8;
    return this;
  }

  bytes(value: Uint8Array): this {
    this.u32(value.length);
    this.done.set(value, this.#at);
    this.#at += value.length;
    return this;
  }

  list(values: readonly Uint8Array[]): this {
    this.u32(values.length);
    for (const value of values) this.bytes(value);
    return this;
  }
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  f64(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }

  bytes(): Uint8Array {
    const length = this.u32();
    const start = this.#take(length);
    return this.#bytes.subarray(start, start + length);
  }

  list(): Uint8Array[] {
    const items: Uint8Array[] = [];
    for (let left = this.u32(); left > 0; left--) items.push(this.bytes());
    return items;
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw this.malformed();
  }

  malformed(): CryptoError<"crypto/checks-malformed"> {
    return new CryptoError("crypto/checks-malformed", { offset: this.#at, length: this.#bytes.length });
  }

  #take(length: number): number {
    const start = this.#at;
    if (length > this.#bytes.length - start) throw this.malformed();
    this.#at = start + length;
    return start;
  }
}
