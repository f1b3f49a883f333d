import { fromLatin1, latin1 } from "@copse/primitives";
import { type CidBytes, chainCidLength, cidOfDigest, isChainCid } from "../cid.ts";
import { DigestTable } from "./digest-table.ts";

const chunkBits = 14;
const chunkMask = (1 << chunkBits) - 1;

/**
 * A map from CIDs to numbers (offsets in a file), exact, in little memory: as a `CidSet`, and eight bytes a number.
 *
 * Size: 45 to 51 B a CID of the chain's common form. Bound: 100,663,296 of them.
 *
 * @example
 * const offsets = new CidMap();
 * offsets.set(cid, 4096);
 * offsets.get(cid); // => 4096
 */
export class CidMap {
  readonly #digests: DigestTable = new DigestTable();
  readonly #numbers: Float64Array[] = [];
  readonly #others: Map<string, number> = new Map();

  /** How many CIDs it holds. */
  get size(): number {
    return this.#digests.size + this.#others.size;
  }

  /** Bytes of memory that its tables hold; CIDs of rare forms are not counted. */
  get byteLength(): number {
    return this.#digests.byteLength + this.#numbers.length * (8 << chunkBits);
  }

  /** The number of the CID at `offset`. By default all of `bytes` is the CID. */
  get(bytes: CidBytes, offset = 0, length: number = bytes.length - offset): number | undefined {
    if (length !== chainCidLength || !isChainCid(bytes, offset)) return this.#others.get(keyOf(bytes, offset, length));
    const entry = this.#digests.find(bytes, offset + 6);
    return entry < 0 ? undefined : this.#number(entry);
  }

  /** Whether the CID at `offset` has a number. */
  has(bytes: CidBytes, offset = 0, length: number = bytes.length - offset): boolean {
    return this.get(bytes, offset, length) !== undefined;
  }

  /** Gives the CID at `offset` a number, and takes the one it had. @throws {WalkError} `walk/set-full` */
  set(bytes: CidBytes, value: number, offset = 0, length: number = bytes.length - offset): this {
    if (length !== chainCidLength || !isChainCid(bytes, offset)) {
      this.#others.set(keyOf(bytes, offset, length), value);
      return this;
    }
    const added = this.#digests.add(bytes, offset + 6);
    const entry = added < 0 ? -1 - added : added;
    if (entry >> chunkBits === this.#numbers.length) this.#numbers.push(new Float64Array(1 << chunkBits));
    (this.#numbers[entry >> chunkBits] as Float64Array)[entry & chunkMask] = value;
    return this;
  }

  /** Takes the CID at `offset` out; true when it was in. The last CID takes its place in the order. */
  delete(bytes: CidBytes, offset = 0, length: number = bytes.length - offset): boolean {
    if (length !== chainCidLength || !isChainCid(bytes, offset))
      return this.#others.delete(keyOf(bytes, offset, length));
    const entry = this.#digests.delete(bytes, offset + 6);
    if (entry < 0) return false;
    const last = this.#digests.size;
    (this.#numbers[entry >> chunkBits] as Float64Array)[entry & chunkMask] = this.#number(last);
    if (last >> chunkBits < this.#numbers.length - 1) this.#numbers.length = (last >> chunkBits) + 1;
    return true;
  }

  /** Takes all out, and gives the memory back. */
  clear(): void {
    this.#digests.clear();
    this.#numbers.length = 0;
    this.#others.clear();
  }

  /** CIDs and numbers: those of the common form in the order they came, then the others. It must not change meanwhile. */
  *[Symbol.iterator](): Generator<[cid: CidBytes, value: number], void, undefined> {
    for (let entry = 0; entry < this.#digests.size; entry++) {
      yield [cidOfDigest(this.#digests.digest(entry)), this.#number(entry)];
    }
    for (const [key, value] of this.#others) yield [fromLatin1(key), value];
  }

  #number(entry: number): number {
    return (this.#numbers[entry >> chunkBits] as Float64Array)[entry & chunkMask] as number;
  }
}

const keyOf = (bytes: CidBytes, offset: number, length: number): string =>
  latin1(bytes.subarray(offset, offset + length));
