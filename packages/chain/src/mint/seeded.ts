import { blake2b256 } from "@copse/crypto";
import { concatBytes, uint64BE, utf8 } from "@copse/primitives";

/** Bytes and choices that a seed decides: the same on every machine. Never for secrets. */
export interface Seeded {
  /** 32 bytes of their own for each label and number. */
  bytes(label: string, number: number): Uint8Array;
  /** A stream of numbers from 0 to below 1, of its own for each label and number. */
  stream(label: string, number: number): () => number;
}

/** The generator of a seed. */
export function seededBy(seed: string): Seeded {
  const root = blake2b256(utf8(`copse mint ${seed}`));
  const bytes = (label: string, number: number): Uint8Array =>
    blake2b256(concatBytes(root, utf8(label), uint64BE(number)));
  const stream = (label: string, number: number): (() => number) => {
    const drawn = bytes(label, number);
    let state = new DataView(drawn.buffer, drawn.byteOffset).getUint32(0);
    // mulberry32: small and good enough to choose what a made-up chain holds
    return () => {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
    };
  };
  return { bytes, stream };
}
