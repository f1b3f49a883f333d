import { concatBytes, fromLatin1, latin1 } from "@copse/primitives";
import type { CidBytes } from "../cid.ts";
import { CidForms } from "./cid-forms.ts";
import { DigestTable, digestBytes } from "./digest-table.ts";

const chunkBits = 14;
const chunkMask = (1 << chunkBits) - 1;

/**
 * A map from CIDs to numbers (offsets in a file), exact, in little memory: as a `CidSet`, and eight bytes a number.
 *
 * Size: 45 to 51 B a CID. Bound: 100,663,296 of a form.
 *
 * @example
 * const offsets = new CidMap();
 * offsets.set(cid, 4096);
 * offsets.get(cid); // => 4096
 */
export class CidMap {
  readonly #forms: CidForms<NumberTable> = new CidForms(() => new NumberTable());
  readonly #others: Map<string, number> = new Map();

  /** How many CIDs it holds. */
  get size(): number {
    let size = this.#others.size;
    for (const [, table] of this.#forms.all()) size += table.digests.size;
    return size;
  }

  /** Bytes of memory that its tables hold; CIDs kept as text are not counted. */
  get byteLength(): number {
    return [...this.#forms.all()].reduce((sum, [, table]) => sum + table.byteLength, 0);
  }

  /** The number of the CID at `offset`. By default all of `bytes` is the CID. */
  get(bytes: CidBytes, offset = 0, length: number = bytes.length - offset): number | undefined {
    const table = this.#forms.of(bytes, offset, length, false);
    if (table !== undefined) return table.get(bytes, offset + length - digestBytes);
    return this.#others.size === 0 ? undefined : this.#others.get(latin1(bytes.subarray(offset, offset + length)));
  }

  /** Whether the CID at `offset` has a number. */
  has(bytes: CidBytes, offset = 0, length: number = bytes.length - offset): boolean {
    return this.get(bytes, offset, length) !== undefined;
  }

  /** Gives the CID at `offset` a number, and takes the one it had. @throws {WalkError} `walk/set-full` */
  set(bytes: CidBytes, value: number, offset = 0, length: number = bytes.length - offset): this {
    const table = this.#forms.of(bytes, offset, length, true);
    if (table !== undefined) table.set(bytes, offset + length - digestBytes, value);
    else this.#others.set(latin1(bytes.subarray(offset, offset + length)), value);
    return this;
  }

  /** Takes the CID at `offset` out; true when it was in. The last CID of its form takes its place in the order. */
  delete(bytes: CidBytes, offset = 0, length: number = bytes.length - offset): boolean {
    const table = this.#forms.of(bytes, offset, length, false);
    if (table !== undefined) return table.delete(bytes, offset + length - digestBytes);
    return this.#others.delete(latin1(bytes.subarray(offset, offset + length)));
  }

  /** Takes all out, and gives the memory back. */
  clear(): void {
    this.#forms.clear();
    this.#others.clear();
  }

  /** CIDs and numbers, form after form, each in the order the CIDs came. The map must not change meanwhile. */
  *[Symbol.iterator](): Generator<[cid: CidBytes, value: number], void, undefined> {
    for (const [prefix, { digests, numbers }] of this.#forms.all()) {
      const form = fromLatin1(prefix);
      for (let entry = 0; entry < digests.size; entry++) {
        yield [concatBytes(form, digests.digest(entry)), numberAt(numbers, entry)];
      }
    }
    for (const [key, value] of this.#others) yield [fromLatin1(key), value];
  }
}

/** A number beside each entry of a table of digests. */
class NumberTable {
  readonly digests: DigestTable = new DigestTable();
  readonly numbers: Float64Array[] = [];

  get byteLength(): number {
    return this.digests.byteLength + this.numbers.length * (8 << chunkBits);
  }

  get(bytes: Uint8Array, offset: number): number | undefined {
    const entry = this.digests.find(bytes, offset);
    return entry < 0 ? undefined : numberAt(this.numbers, entry);
  }

  set(bytes: Uint8Array, offset: number, value: number): void {
    const added = this.digests.add(bytes, offset);
    const entry = added < 0 ? -1 - added : added;
    if (entry >> chunkBits === this.numbers.length) this.numbers.push(new Float64Array(1 << chunkBits));
    (this.numbers[entry >> chunkBits] as Float64Array)[entry & chunkMask] = value;
  }

  delete(bytes: Uint8Array, offset: number): boolean {
    const entry = this.digests.delete(bytes, offset);
    if (entry < 0) return false;
    const last = this.digests.size;
    (this.numbers[entry >> chunkBits] as Float64Array)[entry & chunkMask] = numberAt(this.numbers, last);
    if (last >> chunkBits < this.numbers.length - 1) this.numbers.length = (last >> chunkBits) + 1;
    return true;
  }
}

function numberAt(numbers: readonly Float64Array[], entry: number): number {
  return (numbers[entry >> chunkBits] as Float64Array)[entry & chunkMask] as number;
}
