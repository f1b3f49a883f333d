import { concatBytes, fromLatin1, latin1 } from "@copse/primitives";
import type { CidBytes } from "../cid.ts";
import { CidForms } from "./cid-forms.ts";
import { DigestTable, digestBytes } from "./digest-table.ts";
import type { SeenSet } from "./seen-set.ts";

/**
 * A set of CIDs, exact, in little memory: a CID with a digest of 32 bytes takes these and a slot; its form is kept once.
 * Others (identity, other hash lengths) are kept as text.
 *
 * Size: 37 to 43 B a CID; a JavaScript `Set` of texts takes three times as much and more. Bound: 100,663,296 of a form.
 *
 * @example
 * const seen = new CidSet();
 * seen.add(cid); // => true
 * seen.add(cid); // => false
 */
export class CidSet implements SeenSet {
  readonly #forms: CidForms<DigestTable> = new CidForms(() => new DigestTable());
  readonly #others: Set<string> = new Set();
  #size = 0;

  /** How many CIDs it holds. */
  get size(): number {
    return this.#size;
  }

  /** Bytes of memory that its tables hold; CIDs kept as text are not counted. */
  get byteLength(): number {
    return [...this.#forms.all()].reduce((sum, [, table]) => sum + table.byteLength, 0);
  }

  /** Whether the CID at `offset` is in it. */
  has(bytes: CidBytes, offset = 0, length: number = bytes.length - offset): boolean {
    const table = this.#forms.of(bytes, offset, length, false);
    if (table !== undefined) return table.find(bytes, offset + length - digestBytes) >= 0;
    return this.#others.size > 0 && this.#others.has(latin1(bytes.subarray(offset, offset + length)));
  }

  /** Adds the CID at `offset`, whose bytes are copied; true when it is new. @throws {WalkError} `walk/set-full` */
  add(bytes: CidBytes, offset = 0, length: number = bytes.length - offset): boolean {
    const table = this.#forms.of(bytes, offset, length, true);
    let isNew: boolean;
    if (table !== undefined) isNew = table.add(bytes, offset + length - digestBytes) >= 0;
    else {
      const { size } = this.#others;
      isNew = this.#others.add(latin1(bytes.subarray(offset, offset + length))).size > size;
    }
    if (isNew) this.#size++;
    return isNew;
  }

  /** Takes the CID at `offset` out; true when it was in. The last CID of its form takes its place in the order. */
  delete(bytes: CidBytes, offset = 0, length: number = bytes.length - offset): boolean {
    const table = this.#forms.of(bytes, offset, length, false);
    const wasIn =
      table !== undefined
        ? table.delete(bytes, offset + length - digestBytes) >= 0
        : this.#others.delete(latin1(bytes.subarray(offset, offset + length)));
    if (wasIn) this.#size--;
    return wasIn;
  }

  /** Takes all out, and gives the memory back. */
  clear(): void {
    this.#forms.clear();
    this.#others.clear();
    this.#size = 0;
  }

  /** The CIDs, form after form, each in the order they were added. The set must not change meanwhile. */
  *[Symbol.iterator](): Generator<CidBytes, void, undefined> {
    for (const [prefix, table] of this.#forms.all()) {
      const form = fromLatin1(prefix);
      for (let entry = 0; entry < table.size; entry++) yield concatBytes(form, table.digest(entry));
    }
    for (const key of this.#others) yield fromLatin1(key);
  }
}
