import { fromLatin1, latin1 } from "@copse/primitives";
import { type CidBytes, chainCidLength, cidOfDigest, isChainCid } from "../cid.ts";
import { DigestTable } from "./digest-table.ts";
import type { SeenSet } from "./seen-set.ts";

/**
 * A set of CIDs, exact, in little memory: 32 bytes and a slot for a CID of the chain's common form (DAG-CBOR under
 * blake2b-256), text for any other.
 *
 * Size: 37 to 43 B a CID of the common form; a JavaScript `Set` of texts takes three to four times as much. Bound:
 * 100,663,296 of the common form.
 *
 * @example
 * const seen = new CidSet();
 * seen.add(cid); // => true
 * seen.add(cid); // => false
 */
export class CidSet implements SeenSet {
  readonly #digests: DigestTable = new DigestTable();
  readonly #others: Set<string> = new Set();

  /** How many CIDs it holds. */
  get size(): number {
    return this.#digests.size + this.#others.size;
  }

  /** Bytes of memory that its tables hold; CIDs of rare forms are not counted. */
  get byteLength(): number {
    return this.#digests.byteLength;
  }

  /** Whether the CID at `offset` is in it. */
  has(bytes: CidBytes, offset = 0, length: number = bytes.length - offset): boolean {
    if (length === chainCidLength && isChainCid(bytes, offset)) return this.#digests.find(bytes, offset + 6) >= 0;
    return this.#others.has(latin1(bytes.subarray(offset, offset + length)));
  }

  /** Adds the CID at `offset`, whose bytes are copied; true when it is new. @throws {WalkError} `walk/set-full` */
  add(bytes: CidBytes, offset = 0, length: number = bytes.length - offset): boolean {
    if (length === chainCidLength && isChainCid(bytes, offset)) return this.#digests.add(bytes, offset + 6) >= 0;
    const { size } = this.#others;
    return this.#others.add(latin1(bytes.subarray(offset, offset + length))).size > size;
  }

  /** Takes the CID at `offset` out; true when it was in. The last CID takes its place in the order. */
  delete(bytes: CidBytes, offset = 0, length: number = bytes.length - offset): boolean {
    if (length === chainCidLength && isChainCid(bytes, offset)) return this.#digests.delete(bytes, offset + 6) >= 0;
    return this.#others.delete(latin1(bytes.subarray(offset, offset + length)));
  }

  /** Takes all out, and gives the memory back. */
  clear(): void {
    this.#digests.clear();
    this.#others.clear();
  }

  /** The CIDs: those of the common form in the order they were added, then the others. The set must not change meanwhile. */
  *[Symbol.iterator](): Generator<CidBytes, void, undefined> {
    for (let entry = 0; entry < this.#digests.size; entry++) yield cidOfDigest(this.#digests.digest(entry));
    for (const key of this.#others) yield fromLatin1(key);
  }
}
