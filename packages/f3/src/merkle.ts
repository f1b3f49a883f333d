import { keccak256 } from "@copse/crypto";
import { concatBytes, equalBytes } from "@copse/primitives";
import { F3Error } from "./errors.ts";

const leafMark: Uint8Array = Uint8Array.of(1);
const innerMark: Uint8Array = Uint8Array.of(0);
/** Levels of a proof, at most: values are counted in 31 bits. @see go-f3:merkle/merkle.go VerifyProof */
const maxDepth = 31;

/**
 * The root of F3's Merkle tree over values. Size: 32 B.
 *
 * Shape: Keccak-256 of 1 ‖ value for a leaf, of 0 ‖ left ‖ right above; the left half is a full tree, and what is missing
 * on the right is 32 zero bytes, hashed like any other. No values: 32 zero bytes.
 *
 * @see go-f3:merkle/merkle.go Tree
 * @example
 * merkleRoot([]) // => new Uint8Array(32)
 */
export function merkleRoot(values: readonly Uint8Array[]): Uint8Array {
  return rootAt(depthOf(values.length), values, 0, values.length);
}

/**
 * What `verifyMerkleProof` needs to find one value in the root: the hashes beside its path, from the bottom.
 *
 * Size: 32 B a level, ceil(log2 n) levels.
 *
 * @throws {F3Error} `f3/proof-malformed` where no value has the index
 * @see go-f3:merkle/merkle.go TreeWithProofs
 * @example
 * merkleProof([a, b, c], 2).length // => 2
 */
export function merkleProof(values: readonly Uint8Array[], index: number): Uint8Array[] {
  if (!(Number.isInteger(index) && index >= 0 && index < values.length)) {
    throw new F3Error("f3/proof-malformed", { why: `value ${index} of ${values.length}` });
  }
  const proof: Uint8Array[] = [];
  let [start, end] = [0, values.length];
  for (let depth = depthOf(values.length); depth > 0; depth--) {
    const split = Math.min(start + 2 ** (depth - 1), end);
    const isLeft = index < split;
    proof.push(isLeft ? rootAt(depth - 1, values, split, end) : rootAt(depth - 1, values, start, split));
    [start, end] = isLeft ? [start, split] : [split, end];
  }
  return proof.reverse();
}

/**
 * Whether a value is the one with this index under a root; `more` tells whether the proof shows later values.
 *
 * Never throws. Bound: 31 levels.
 *
 * @see go-f3:merkle/merkle.go VerifyProof
 * @example
 * verifyMerkleProof(merkleRoot([a, b, c]), 2, c, merkleProof([a, b, c], 2)) // => { isValid: true, more: false }
 */
export function verifyMerkleProof(
  root: Uint8Array,
  index: number,
  value: Uint8Array,
  proof: readonly Uint8Array[],
): { readonly isValid: boolean; readonly more: boolean } {
  const inRange = Number.isInteger(index) && index >= 0 && proof.length <= maxDepth && index < 2 ** proof.length;
  if (!inRange || proof.some((hash) => hash.length !== 32)) return { isValid: false, more: false };
  let digest = leafHash(value);
  let more = false;
  let place = index;
  for (const beside of proof) {
    if (place % 2 === 0) {
      more ||= beside.some((byte) => byte !== 0);
      digest = innerHash(digest, beside);
    } else digest = innerHash(beside, digest);
    place = Math.floor(place / 2);
  }
  return { isValid: equalBytes(root, digest), more };
}

/** Levels above the leaves: bits of n - 1. */
function depthOf(count: number): number {
  return count < 2 ? 0 : 32 - Math.clz32(count - 1);
}

function rootAt(depth: number, values: readonly Uint8Array[], start: number, end: number): Uint8Array {
  if (start === end) return new Uint8Array(32);
  if (depth === 0) return leafHash(values[start] as Uint8Array);
  const split = Math.min(start + 2 ** (depth - 1), end);
  return innerHash(rootAt(depth - 1, values, start, split), rootAt(depth - 1, values, split, end));
}

function leafHash(value: Uint8Array): Uint8Array {
  return keccak256(concatBytes(leafMark, value));
}

function innerHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return keccak256(concatBytes(innerMark, left, right));
}
