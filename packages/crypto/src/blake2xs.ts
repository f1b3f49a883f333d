import { _BLAKE2s } from "@noble/hashes/blake2.js";
import { CryptoError } from "./errors.ts";

/** Most bytes of output: what the reference gives where the length is not said beforehand. */
const maxOutput = 2 ** 32 * 32;
/** Words 0 to 3 of a parameter block: lengths and shape, leaf length, node offset, length of the whole output. */
type Parameters = readonly [number, number, number, number];
/** Digest of 32 B, no key, fanout 1, depth 1; the length of the output is not known. */
const rootParameters: Parameters = [0x01010020, 0, 0, 0xffff];

type State = [number, number, number, number, number, number, number, number];

/** noble's BLAKE2s with a parameter block of our own: noble sets its words 0 and 4 to 7 only. */
class Blake2s extends _BLAKE2s {
  /** The state before any parameters. */
  readonly #initial: State;

  constructor(parameters: Parameters) {
    super();
    this.#initial = this.get();
    this.#initial[0] ^= 0x01010020; // the one word of noble's own block that is not 0
    this.#begin(parameters);
  }

  /** The state after one message of at most a block, given as words with zeros behind. */
  hashBlock(words: Uint32Array, length: number, parameters: Parameters): State {
    this.#begin(parameters);
    this.length = length;
    this.compress(words, 0, true);
    return this.get();
  }

  #begin([shape, leaf, node, length]: Parameters): void {
    const [v0, v1, v2, v3, v4, v5, v6, v7] = this.#initial;
    this.set(v0 ^ shape, v1 ^ leaf, v2 ^ node, v3 ^ length, v4, v5, v6, v7);
  }
}

/**
 * BLAKE2Xs of unknown length without a key: as many bytes as are asked for, each prefix the same whatever is asked.
 *
 * Shape: the BLAKE2s digest of the input under a root's parameters, then, hashed again for each 32 B of output, the node's
 * number among the parameters. Bound: 2^37 B of output.
 * Cost: one compression each 64 B of input, one each 32 B of output.
 *
 * @throws {CryptoError} `crypto/output-length-out-of-range`
 * @see https://www.blake2.net/blake2x.pdf, kyber:xof/blake2xs (coefficients of BDN signatures)
 * @example
 * blake2xs(publicKeys, 16 * count).length // => 16 * count
 */
export function blake2xs(input: Uint8Array, length: number): Uint8Array {
  if (!(Number.isInteger(length) && length >= 0 && length <= maxOutput)) {
    throw new CryptoError("crypto/output-length-out-of-range", { length, limit: maxOutput });
  }
  const root = new Blake2s(rootParameters).update(input).digest();
  const words = new Uint32Array(16);
  const rootView = new DataView(root.buffer, root.byteOffset);
  for (let i = 0; i < 8; i++) words[i] = rootView.getUint32(4 * i, true);
  const output = new DataView(new ArrayBuffer(Math.ceil(length / 32) * 32));
  const hash = new Blake2s(rootParameters);
  for (let node = 0; 32 * node < length; node++) {
    // digest and inner length 32, leaf length 32; fanout and depth 0
    const state = hash.hashBlock(words, 32, [0x20, 32, node, 0x2000ffff]);
    for (let i = 0; i < 8; i++) output.setUint32(32 * node + 4 * i, state[i] as number, true);
  }
  return new Uint8Array(output.buffer, 0, length);
}
