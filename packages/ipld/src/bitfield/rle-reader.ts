import { type Edge, edgeOf } from "./edges.ts";
import { BitFieldError } from "./errors.ts";

/**
 * Whose rules of reading hold. `fvm`: a field has one encoding, as for the FVM and so since network version 16. `go`:
 * what go-bitfield reads, which the actors before that were written with: lengths in longer forms than they need, a last
 * run of unset bits, and anything at all behind a run of length 0.
 */
export type RleRules = "fvm" | "go";

const varintBytes = 10;

/** The lengths of the runs in RLE+ bytes, one at a time, as the bytes stand. */
export class RleReader {
  readonly #bytes: Uint8Array;
  readonly #rules: RleRules;
  /** Where the last bit stands that is not 0: what follows is as if it were not written. */
  readonly #last: number;
  #at: number;
  /** Whether the next run is of set bits. */
  isSet: boolean;

  /** @throws {BitFieldError} `bitfield/version-unknown`, `bitfield/not-minimal` */
  constructor(bytes: Uint8Array, rules: RleRules) {
    const end = bytes.length - 1;
    if (bytes[end] === 0) {
      throw new BitFieldError("bitfield/not-minimal", { bit: 8 * end, why: "the last byte is 0" });
    }
    const version = (bytes[0] ?? 0) & 3;
    if (version !== 0) throw new BitFieldError("bitfield/version-unknown", { version });
    this.#bytes = bytes;
    this.#rules = rules;
    this.#last = 8 * end + 31 - Math.clz32(bytes[end] ?? 0);
    this.#at = 3;
    this.isSet = ((bytes[0] ?? 0) & 4) !== 0;
  }

  /** Bits read so far. */
  get bit(): number {
    return this.#at;
  }

  /**
   * The length of the next run; 0 at the end.
   *
   * @throws {BitFieldError} `bitfield/not-minimal`, `bitfield/varint-malformed`
   */
  next(): Edge {
    const at = this.#at;
    if (at > this.#last) {
      // a run of unset bits says nothing where it is the last one
      if (this.isSet && this.#last >= 0 && this.#rules === "fvm") {
        throw new BitFieldError("bitfield/not-minimal", { bit: at, why: "the last run is of unset bits" });
      }
      return 0;
    }
    const window = this.#peek(at);
    let length: Edge;
    let least = 1;
    if ((window & 1) === 1) {
      this.#at = at + 1;
      length = 1;
    } else if ((window & 2) === 2) {
      this.#at = at + 6;
      length = (window >> 2) & 15;
      least = 2;
    } else {
      this.#at = at + 2;
      length = this.#varint();
      least = 16;
    }
    if (length < least && this.#rules === "fvm") {
      throw new BitFieldError("bitfield/not-minimal", { bit: at, why: `length ${length} has a shorter form` });
    }
    if (length === 0) this.#at = this.#last + 1; // go-bitfield stops here, whatever follows
    this.isSet = !this.isSet;
    return length;
  }

  #varint(): Edge {
    const start = this.#at;
    let value = 0;
    let wide = 0n;
    for (let i = 0; i < varintBytes; i++) {
      const byte = this.#peek(this.#at) & 0xff;
      this.#at += 8;
      if (i < 7) value += (byte & 0x7f) * 2 ** (7 * i);
      else wide |= BigInt(byte & 0x7f) << BigInt(7 * i);
      if (byte >= 0x80) continue;
      if ((byte === 0 && i > 0) || (i === varintBytes - 1 && byte > 1)) break;
      return i < 7 ? value : edgeOf(wide | BigInt(value));
    }
    throw new BitFieldError("bitfield/varint-malformed", { bit: start });
  }

  /** At least 9 bits from a place on. */
  #peek(at: number): number {
    const byte = at >> 3;
    return ((this.#bytes[byte] ?? 0) | ((this.#bytes[byte + 1] ?? 0) << 8)) >> (at & 7);
  }
}
